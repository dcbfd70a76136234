public import ClinicalRecords

/// What a plan is made in: folder, environment, machine and files, given by the command or a test.
public struct PlanSurroundings: Sendable {
  /// What relative paths of the command line are relative to; absolute.
  public var workingDirectory: String
  /// What `${env:NAME}` stands for.
  public var environment: [String: String]
  /// The machine's memory in bytes; half of it is the limit when the file states none.
  public var memoryBytes: Int
  /// The files that plans may name.
  public var files: any InputFiles

  /// Collects them.
  public init(
    workingDirectory: String, environment: [String: String], memoryBytes: Int,
    files: any InputFiles
  ) {
    self.workingDirectory = workingDirectory
    self.environment = environment
    self.memoryBytes = memoryBytes
    self.files = files
  }

  func absolute(_ path: String) -> String { FilePaths.absolute(path, base: workingDirectory) }
}

/// The files that a plan looks at: those of the disk, or a test's.
///
/// Nothing is opened but what the pipeline file, the study file or a setting names.
public protocol InputFiles: Sendable {
  /// What lies at an absolute path; `nil` when there is nothing, or nothing that may be seen.
  func kind(of path: String) -> InputFileKind?
  /// The first `limit` bytes of a file.
  func read(_ path: String, limit: Int) throws(InputFileError) -> [UInt8]
  /// The SHA-256 of a file.
  func digest(of path: String) throws(InputFileError) -> ContentDigest
}

/// What lies at a path.
public enum InputFileKind: Sendable, Hashable {
  /// A file.
  case file
  /// A folder.
  case folder
  /// Something else: a device, a socket.
  case other
}

/// A file that cannot be read.
public struct InputFileError: Error, Sendable, Hashable, CustomStringConvertible {
  /// What kind of failure; open, so that new kinds break nobody.
  public struct Code: Hashable, Sendable {
    /// The stable name.
    public let name: String
    /// Makes a code.
    public init(_ name: String) { self.name = name }
    /// The file cannot be opened or read.
    public static let unreadable = Code("unreadable_file")
  }

  /// What kind of failure.
  public let code: Code
  /// The path.
  public let subject: String
  /// The system's error number.
  public let errno: Int32
  /// What to do.
  public let hint: String

  /// Makes an error.
  public init(_ code: Code, subject: String, errno: Int32, hint: String) {
    self.code = code
    self.subject = subject
    self.errno = errno
    self.hint = hint
  }

  /// Kind, path and hint on one line.
  public var description: String { "\(code.name): '\(subject)' (error \(errno)); \(hint)" }
}

/// Paths as texts, without a look at the disk.
enum FilePaths {
  /// The path from the root, with `.` and `..` worked out by text.
  static func absolute(_ path: String, base: String) -> String {
    let whole = path.hasPrefix("/") ? path : "\(base)/\(path)"
    var parts: [Substring] = []
    for part in whole.split(separator: "/") where part != "." {
      if part == ".." { _ = parts.popLast() } else { parts.append(part) }
    }
    return "/" + parts.joined(separator: "/")
  }

  /// The folder that a file lies in.
  static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// The rest of `path` below `folder`, both absolute; `nil` when it does not lie there.
  static func relative(_ path: String, to folder: String) -> String? {
    if path == folder { return "" }
    let prefix = folder == "/" ? "/" : folder + "/"
    return path.hasPrefix(prefix) ? String(path.dropFirst(prefix.count)) : nil
  }
}
