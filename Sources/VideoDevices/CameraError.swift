/// A camera that cannot be found, opened, set or read.
public struct CameraError: Error, Sendable, CustomStringConvertible {
  /// What kind of failure; open, so that new kinds break nobody.
  public struct Code: Hashable, Sendable {
    /// The stable name.
    public let name: String
    /// Makes a code.
    public init(_ name: String) { self.name = name }
    /// No such device is plugged in.
    public static let notFound = Code("camera_not_found")
    /// More than one device is meant.
    public static let ambiguous = Code("camera_ambiguous")
    /// The user may not open it.
    public static let noPermission = Code("camera_permission")
    /// Another program streams from it.
    public static let busy = Code("camera_busy")
    /// It has no such format, size or rate.
    public static let noSuchFormat = Code("camera_format")
    /// The bus has no room for what was asked for.
    public static let bandwidth = Code("camera_bandwidth")
    /// A control is missing, refused, or did not keep its value.
    public static let control = Code("camera_control")
    /// It was unplugged.
    public static let unplugged = Code("camera_unplugged")
    /// It sends nothing, and says nothing.
    public static let stalled = Code("camera_stalled")
    /// A system call failed.
    public static let io = Code("camera_io")
  }

  /// What kind of failure.
  public let code: Code
  /// What failed: a device by its identity, a node, a control.
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
}
