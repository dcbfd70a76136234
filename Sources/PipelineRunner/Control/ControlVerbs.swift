import ClinicalRecords
import Glibc
import Ledger
public import LocalSockets
import StageKit
import Synchronization

/// What a live run can be asked: a verb, and what answers it.
///
/// Parts of a run register their verbs when they can answer them; until then the verb is unknown.
public final class ControlVerbs: Sendable {
  private typealias Answering = @Sendable (ControlRequest) async throws -> [UInt8]
  private let verbs = Mutex<[String: Answering]>([:])

  /// Makes a registry that answers `hello` with the verbs it knows.
  public init() {
    register("hello") { [weak self] (_: ControlNothing, _) in
      ControlHello(process: getpid(), verbs: self?.names ?? [])
    }
  }

  /// The verbs known now, in order.
  public var names: [String] { verbs.withLock { $0.keys.sorted() } }

  /// Has a verb answered by `body`, for several clients at once if they ask at once.
  ///
  /// What `body` throws is told to the client: a ``ControlError`` as it is, errors of the ledger
  /// and of stages in their words, of any other its type alone. The task is cancelled when the run
  /// ends. A verb that is registered again is answered by the new body. A body that changes anything
  /// calls ``ControlRequest/begin()`` right before.
  public func register<Arguments: Decodable & Sendable, Answer: Encodable & Sendable>(
    _ verb: String, _ body: @escaping @Sendable (Arguments, ControlRequest) async throws -> Answer
  ) {
    verbs.withLock {
      $0[verb] = { request in
        let line = request.served.bytes
        let arguments = try ControlCoding.arguments(Arguments.self, of: line, verb: verb)
        return try ControlCoding.answer(try await body(arguments, request))
      }
    }
  }

  /// Forgets a verb, and what its answer holds.
  func remove(_ verb: String) {
    _ = verbs.withLock { $0.removeValue(forKey: verb) }
  }

  /// Answers a request's line with one line without a line feed; never throws.
  func answer(_ request: ServedRequest) async -> [UInt8] {
    do {
      let verb = try ControlCoding.verb(of: request.bytes)
      guard let answering = verbs.withLock({ $0[verb] }) else {
        throw ControlError(
          .unknownVerb, what: "this run knows no verb of that name",
          hint: "it knows \(names.joined(separator: ", "))")
      }
      let answer = try await answering(ControlRequest(request))
      guard answer.count <= ControlLimits.answerBytes else {
        throw ControlError(
          .failed, what: "the answer has more than \(ControlLimits.answerBytes >> 20) MiB",
          hint: "ask for less")
      }
      return answer
    } catch {
      return ControlCoding.failure(ControlVerbs.told(error))
    }
  }

  private static func told(_ error: any Error) -> ControlError {
    switch error {
    case let error as ControlError: error
    case let error as LedgerError: ControlError(.failed, what: error.subject, hint: error.hint)
    case let error as StageError: ControlError(.failed, what: error.subject, hint: error.hint)
    case let error as RunError: ControlError(.failed, what: error.subject, hint: error.hint)
    case is CancellationError:
      ControlError(.failed, what: "the run has ended meanwhile", hint: "ask again")
    default:
      ControlError(
        .failed, what: "the run threw \(type(of: error))",
        hint: "this is a fault of anagen: report it")
    }
  }
}

/// Something asked of a run, by a client that waits for it.
public struct ControlRequest: Sendable {
  fileprivate let served: ServedRequest

  fileprivate init(_ served: ServedRequest) { self.served = served }

  /// Who asks.
  public var peer: SocketPeer {
    guard let peer = served.peer else { preconditionFailure("a Unix socket knows its peer") }
    return peer
  }

  /// Tells the client that what it asked is carried out now; what nobody waits for is dropped.
  ///
  /// A client that gives up before it hears this says that nothing was changed, and rightly so:
  /// its ear is closed by then, and this throws. Never waits.
  ///
  /// - Throws: ``ControlError`` with code `notAwaited`.
  public func begin() throws(ControlError) {
    guard served.tell(ControlCoding.begun + [UInt8(ascii: "\n")]) else {
      throw ControlError(
        .notAwaited, what: "nobody waits for what was asked any more, so it was not done",
        hint: "ask again")
    }
  }
}

/// Who answers, and what it can be asked.
public struct ControlHello: Sendable, Codable, Equatable {
  /// The run's process.
  public let process: Int32
  /// Its verbs, in order.
  public let verbs: [String]
}
