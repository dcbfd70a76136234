import ClinicalRecords
import Dispatch
import LocalSockets
public import StageKit

/// Asks the run that owns a data folder.
public struct ControlClient: Sendable {
  private let folder: DataFolder
  /// Makes a client; nothing is opened yet.
  public init(_ folder: DataFolder) { self.folder = folder }

  /// Asks a verb and waits for its answer.
  ///
  /// - Parameter time: how long to wait.
  /// - Throws: ``ControlError``: `noRun` when no run is alive on the folder, so that the caller may
  ///   take its lock; what the run answered otherwise.
  public func ask<Arguments: Encodable & Sendable, Answer: Decodable & Sendable>(
    _ verb: String, with arguments: Arguments = ControlNothing(),
    for answer: Answer.Type = Answer.self, within time: Duration = .seconds(10)
  ) async throws -> Answer {
    let line = try ControlCoding.request(verb, with: arguments) + [UInt8(ascii: "\n")]
    let address = folder.controlSocket
    let answer = try await withCheckedThrowingContinuation { continuation in
      // A serial queue has a thread of its own; a concurrent one would take that of a task.
      DispatchQueue(label: "anagen.control").async {
        continuation.resume(
          with: Result {
            try SocketClient(address).ask(
              line, delimiter: [UInt8(ascii: "\n")], maxBytes: ControlLimits.answerBytes,
              within: time)
          }.mapError { translated($0) })
      }
    }
    return try ControlCoding.value(Answer.self, of: answer)
  }

  private func translated(_ error: any Error) -> any Error {
    guard let error = error as? SocketError else { return error }
    return switch error.code {
    case .nobodyListens:
      ControlError(
        .noRun, what: "no run is alive on \(folder.path)", hint: "start one with 'anagen run'")
    case .timedOut, .broken:
      ControlError(
        .noAnswer, what: error.subject,
        hint: error.hint + "; it may still do what was asked, so look before you ask again")
    default: ControlError(.io, what: error.subject, hint: error.hint)
    }
  }
}
