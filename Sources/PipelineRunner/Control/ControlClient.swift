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
  /// - Parameter time: how long to wait; once the run has begun what changes anything, a minute
  ///   from then on.
  /// - Throws: ``ControlError``: `noRun` when no run is alive on the folder, so that the caller may
  ///   take its lock; `noAnswer` when it did not answer, and nothing was changed; `begun` when it
  ///   may have been; what the run answered otherwise.
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
              within: time,
              beginning: SocketClient.Beginning(
                ControlCoding.begun, time: ControlLimits.afterBegun))
          }.mapError { translated($0, time) })
      }
    }
    return try ControlCoding.value(Answer.self, of: answer)
  }

  private func translated(_ error: any Error, _ time: Duration) -> any Error {
    guard let error = error as? SocketError else { return error }
    return switch error.code {
    // One that closed before it began has ended, and done nothing.
    case .nobodyListens, .closed:
      ControlError(
        .noRun, what: "no run is alive on \(folder.path)", hint: "start one with 'anagen run'")
    case .timedOut:
      ControlError(
        .noAnswer,
        what: "the run on \(folder.path) did not answer within \(time.components.seconds) s; "
          + "nothing was changed, and it will not be later",
        hint: "see whether its process still works, and ask again")
    case .begun:
      ControlError(
        .begun,
        what: "the run on \(folder.path) began what was asked, and did not say how it ended",
        hint: "it may be done: look before you ask again")
    default: ControlError(.io, what: error.subject, hint: error.hint)
    }
  }
}
