/// How a stage's program is started.
public struct StageProgram: Sendable {
  /// The program's absolute path and its arguments.
  public let command: [String]
  /// The plugin's folder: readable, and what relative arguments start from.
  public let folder: String
  /// The SHA-256 of the manifest that the plan was made with; `nil` for an in-tree stage.
  public let manifestSHA256: String?

  /// Describes a program.
  public init(command: [String], folder: String, manifestSHA256: String?) {
    self.command = command
    self.folder = folder
    self.manifestSHA256 = manifestSHA256
  }
}
