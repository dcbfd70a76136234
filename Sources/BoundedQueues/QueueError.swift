/// Why a queue took no element.
///
/// A task that is cancelled while it waits gets `CancellationError` instead, and a consumer of a
/// failed queue gets the error that the queue failed with.
public struct QueueError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What kind of refusal; open, so that new kinds break nobody.
  public struct Code: Hashable, Sendable {
    /// The stable name.
    public let name: String

    /// Makes a code.
    public init(_ name: String) { self.name = name }

    /// The queue was closed: nothing goes in any more.
    public static let closed = Code("queue_closed")
    /// The queue has failed: nothing goes in or comes out any more.
    public static let failed = Code("queue_failed")
    /// The element is dearer than the reservation that should hold it.
    public static let reservationExceeded = Code("reservation_exceeded")
  }

  /// What kind of refusal.
  public let code: Code
  /// The name of the queue.
  public let subject: String
  /// What to do.
  public let hint: String

  /// Makes an error.
  public init(_ code: Code, subject: String, hint: String) {
    self.code = code
    self.subject = subject
    self.hint = hint
  }

  /// Kind, queue and hint on one line.
  public var description: String { "\(code.name): \(subject); \(hint)" }
}
