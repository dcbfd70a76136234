import StageKit

/// The ledger or its folder cannot be used.
public struct LedgerError: Error, Sendable, CustomStringConvertible {
  /// What kind of failure; open, so that new kinds break nobody.
  public struct Code: Hashable, Sendable {
    /// The stable name.
    public let name: String
    /// Makes a code.
    public init(_ name: String) { self.name = name }
    /// Another process owns the data folder.
    public static let inUse = Code("data_folder_in_use")
    /// A file or folder cannot be read or written.
    public static let io = Code("io")
    /// The file was written by a newer program.
    public static let newer = Code("ledger_newer")
    /// The file is not a ledger, or is damaged.
    public static let damaged = Code("ledger_damaged")
    /// The folder is of another study.
    public static let otherStudy = Code("other_study")
    /// There is no ledger in the folder.
    public static let absent = Code("no_ledger")
    /// The key of the audit chain is gone or another one.
    public static let auditKey = Code("audit_key")
    /// Nothing is set aside under a number, or it cannot be released or given up as asked.
    public static let notSetAside = Code("not_set_aside")
  }

  /// What kind of failure.
  public let code: Code
  /// What failed and where.
  public let subject: String
  /// What to do.
  public let hint: String
  /// The system's error number, when a system call failed.
  public let errno: Int32?

  /// Makes an error.
  public init(_ code: Code, subject: String, hint: String, errno: Int32? = nil) {
    self.code = code
    self.subject = subject
    self.hint = hint
    self.errno = errno
  }

  init(changed record: Int64, schema: String) {
    self.init(
      .damaged,
      subject:
        "record \(record) (\(schema)) is not what was written: somebody changed the ledger, or "
        + "its disk did",
      hint: "put the data folder back from its backup; 'anagen audit verify --contents' tells what "
        + "else was changed")
  }

  init(absentIn folder: DataFolder) {
    if FileSystem.isForbidden(folder.privatePath) {
      self.init(
        .io, subject: "\(folder.privatePath) cannot be read: Permission denied",
        hint: "work as the user whose runs filled the data folder")
      return
    }
    self.init(
      .absent, subject: "there is no ledger in \(folder.path)",
      hint: "name the folder that a run was given with --var data=OUT")
  }

  /// What failed and what to do, on one line.
  public var description: String { "\(subject); \(hint)" }
}
