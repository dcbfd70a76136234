/// What a stage throws: a delivery, or the stage itself, cannot go on.
public struct StageError: Error, Sendable, CustomStringConvertible {
  /// What the runner does about it (DESIGN §5.8).
  public enum FailureClass: String, Sendable, Codable, CaseIterable {
    /// This record cannot be handled: quarantined now.
    case record
    /// May pass: retried with backoff, then quarantined.
    case transient
    /// The stage cannot work at all for now: it waits, no attempt is burnt.
    case unavailable
    /// The stage can never work as it is configured: the run ends.
    case fatal
  }

  /// What kind of failure; open, so that new kinds break nobody.
  public struct Code: Hashable, Sendable, Codable {
    /// The stable name, such as `burned_in_text`; what quarantine and `explain` show.
    public let name: String
    /// Makes a code.
    public init(_ name: String) { self.name = name }
  }

  /// What the runner does about it.
  public let failureClass: FailureClass
  /// What kind of failure.
  public let code: Code
  /// What failed and where: a file's key, a setting, a device; never a patient's value.
  public let subject: String
  /// What to do.
  public let hint: String
  /// The system's error number, when a system call failed.
  public let errno: Int32?
  /// What was found in a picture, when a person may look and let exactly that pass.
  public let finding: PictureFinding?
  /// Whether it says anything against the record.
  ///
  /// The end of a process that somebody killed does not. The runner allows a record as many such
  /// attempts as it has others.
  package var blamesRecord = true

  /// Makes an error.
  public init(
    _ failureClass: FailureClass, _ code: String, subject: String, hint: String,
    errno: Int32? = nil, finding: PictureFinding? = nil
  ) {
    self.failureClass = failureClass
    self.code = Code(code)
    self.subject = subject
    self.hint = hint
    self.errno = errno
    self.finding = finding
  }

  /// What failed and what to do, on one line.
  public var description: String { "\(subject); \(hint)" }
}
