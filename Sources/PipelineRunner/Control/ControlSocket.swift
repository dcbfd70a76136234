import Ledger
public import LocalSockets
import Logging
public import StageKit

extension DataFolder {
  /// Where the run that owns the folder listens.
  public var controlSocket: SocketAddress { .unix(path: "\(privatePath)/control.sock") }
}

extension ControlVerbs {
  // A client asks, reads and goes, or asks again each second; 16 are a station's few windows and
  // scripts. A line comes in one piece, and an answer is taken at once.
  private static let limits = ServerLimits(
    clients: 16, requestBytes: ControlLimits.requestBytes, request: .seconds(10),
    idle: .seconds(300), answer: .seconds(10))

  /// Answers on the folder's control socket while `body` works.
  ///
  /// The caller holds the folder's lock, so a socket file that is there belongs to a run that was
  /// killed. A socket that cannot be made is logged and stops nothing: records matter more than
  /// being asked about them. One on which somebody answers is a run's whose lock file was removed.
  ///
  /// - Throws: ``LedgerError`` with code `inUse` when another run answers.
  func whileListening<Result: Sendable>(
    in folder: DataFolder, _ logger: Logger, _ body: @Sendable () async throws -> Result
  ) async throws -> Result {
    let server: SocketServer
    do {
      server = try SocketServer(
        ListeningSocket(folder.controlSocket), speaking: ControlVerbs.lines,
        limits: ControlVerbs.limits
      ) { request in
        ServerAnswer(await self.answer(request) + [UInt8(ascii: "\n")])
      }
    } catch let error as SocketError where error.code == .inUse {
      throw LedgerError(
        .inUse, subject: "a run works in the data folder \(folder.path), and its lock file is gone",
        hint: "wait until it is done, and remove nothing below private/ while a run works")
    } catch {
      logger.warning(
        "the run cannot be asked while it works", metadata: ["reason": "\(error)"])
      return try await body()
    }
    return try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { await server.serve() }
      let result = try await body()
      group.cancelAll()
      return result
    }
  }

  private static let lines = ServedProtocol(
    delimiter: [UInt8(ascii: "\n")],
    tooLong: line(
      ControlError(
        .badMessage, what: "the request has more than \(ControlLimits.requestBytes >> 10) KiB",
        hint: "ask in parts")),
    stranger: line(
      ControlError(
        .notOwner, what: "the run belongs to another user", hint: "ask as the user who runs it")))

  private static func line(_ error: ControlError) -> [UInt8] {
    ControlCoding.failure(error) + [UInt8(ascii: "\n")]
  }
}
