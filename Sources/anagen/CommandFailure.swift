import ClinicalRecords
import ImageCodecs
import Ledger
import LocalSockets
import PipelineFiles
import PipelineRunner
import StageKit
import VideoDevices

/// Why a command cannot go on: one line for the person, one number for the shell.
struct CommandFailure: Error {
  /// What the shell is told.
  let status: ExitStatus
  /// Lines that are shown before, each a problem at its place.
  let details: [String]
  /// What failed, and where.
  let what: String
  /// What to do.
  let hint: String

  init(_ status: ExitStatus, _ what: String, hint: String, details: [String] = []) {
    self.status = status
    self.details = details
    self.what = what
    self.hint = hint
  }

  /// The same failure with the file it is about in front, unless it names it already.
  func about(_ path: String) -> CommandFailure {
    what.hasPrefix(path)
      ? self : CommandFailure(status, "\(path): \(what)", hint: hint, details: details)
  }

  /// Wraps an error of a module below; `nil` for one that no module declares.
  init?(describing error: any Error) {
    switch error {
    case let failure as CommandFailure: self = failure
    case let error as ImageCodecError:
      self.init(
        error.code == .outOfMemory ? .io : .badData, error.subject, hint: error.hint)
    case let error as StageError:
      self.init(CommandFailure.status(of: error), error.subject, hint: error.hint)
    case let error as LedgerError:
      self.init(CommandFailure.status(of: error), error.subject, hint: error.hint)
    case let error as ControlError:
      self.init(CommandFailure.status(of: error), error.what, hint: error.hint)
    case let error as SocketError:
      self.init(
        error.code == .badAddress ? .usage : .unavailable, error.subject, hint: error.hint)
    case let error as CameraError:
      self.init(
        error.code == .io ? .io : error.code == .noSuchFormat ? .usage : .unavailable,
        error.subject, hint: error.hint)
    case let error as RunError: self.init(describing: error)
    case let error as InputFileError:
      self.init(.io, "\(error.subject): cannot be read", hint: error.hint)
    case let error as RecordError:
      self.init(.io, error.subject, hint: error.hint)
    default: return nil
    }
  }

  /// A stage that found problems at their places says what failed in its first line and each
  /// problem in one more.
  private init(describing error: RunError) {
    let lines = error.subject.split(separator: "\n").map(String.init)
    let blame = error.stage.map { "stage '\($0)'" }
    self.init(
      CommandFailure.status(of: error), (blame.map { "\($0): " } ?? "") + (lines.first ?? ""),
      hint: error.hint, details: Array(lines.dropFirst()))
  }

  private static func status(of error: StageError) -> ExitStatus {
    if error.errno != nil { return .io }
    return switch error.failureClass {
    case .record: .badData
    case .transient, .unavailable: .unavailable
    case .fatal: .configuration
    }
  }

  private static func status(of error: RunError) -> ExitStatus {
    if error.errno != nil { return .io }
    return switch error.code {
    case .badData: .badData
    case .unavailable: .unavailable
    default: .configuration
    }
  }

  private static func status(of error: ControlError) -> ExitStatus {
    switch error.code {
    case .noRun, .noAnswer, .begun, .notOwner, .noStage: .unavailable
    case .io: .io
    case .failed: .badData
    default: .bug
    }
  }

  private static func status(of error: LedgerError) -> ExitStatus {
    switch error.code {
    case .inUse: .unavailable
    case .absent, .notSetAside, .otherStudy: .badData
    case .auditKey: .configuration
    default: .io
    }
  }
}
