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
  private typealias Answering = @Sendable ([UInt8], SocketPeer) async throws -> [UInt8]
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
  /// ends. A verb that is registered again is answered by the new body.
  public func register<Arguments: Decodable & Sendable, Answer: Encodable & Sendable>(
    _ verb: String, _ body: @escaping @Sendable (Arguments, SocketPeer) async throws -> Answer
  ) {
    verbs.withLock {
      $0[verb] = { line, peer in
        let arguments = try ControlCoding.arguments(Arguments.self, of: line, verb: verb)
        return try ControlCoding.answer(try await body(arguments, peer))
      }
    }
  }

  /// Forgets a verb, and what its answer holds.
  func remove(_ verb: String) {
    _ = verbs.withLock { $0.removeValue(forKey: verb) }
  }

  /// Answers a request's line with one line, neither with a line feed; never throws.
  func answer(_ line: [UInt8], from peer: SocketPeer) async -> [UInt8] {
    do {
      let verb = try ControlCoding.verb(of: line)
      guard let answering = verbs.withLock({ $0[verb] }) else {
        throw ControlError(
          .unknownVerb, what: "this run knows no verb of that name",
          hint: "it knows \(names.joined(separator: ", "))")
      }
      let answer = try await answering(line, peer)
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

/// Who answers, and what it can be asked.
public struct ControlHello: Sendable, Codable, Equatable {
  /// The run's process.
  public let process: Int32
  /// Its verbs, in order.
  public let verbs: [String]
}
