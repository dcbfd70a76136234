import Glibc

/// A local socket cannot be made, reached or used.
public struct SocketError: Error, Sendable, CustomStringConvertible {
  /// What kind of failure; open, so that new kinds break nobody.
  public struct Code: Hashable, Sendable {
    /// The stable name.
    public let name: String
    /// Makes a code.
    public init(_ name: String) { self.name = name }
    /// An address is none, or is not of this machine.
    public static let badAddress = Code("bad_address")
    /// Nobody listens there.
    public static let nobodyListens = Code("nobody_listens")
    /// Another process listens there already.
    public static let inUse = Code("address_in_use")
    /// The other side did not answer in time.
    public static let timedOut = Code("timed_out")
    /// The other side closed before its answer was whole.
    public static let closed = Code("closed")
    /// The other side said that it begins, and did not answer.
    public static let begun = Code("begun")
    /// The answer is longer than allowed.
    public static let tooLong = Code("answer_too_long")
    /// A system call failed.
    public static let io = Code("io")
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

  /// What failed and what to do, on one line.
  public var description: String { "\(subject); \(hint)" }

  /// The last system error with what was being done.
  static func last(_ what: String, hint: String, code: Code = .io) -> SocketError {
    let number = Glibc.errno
    return SocketError(
      code, subject: "\(what): \(String(cString: strerror(number)))", hint: hint, errno: number)
  }
}
