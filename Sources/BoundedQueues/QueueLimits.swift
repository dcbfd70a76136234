/// The two hard bounds of a queue; whichever is met first holds.
///
/// A bound in count alone is no bound for images (500 frames of 24 MiB are 11.7 GiB), and a bound
/// in bytes alone is none for small records, so there is no way to leave one out.
public struct QueueLimits: Hashable, Sendable {
  /// The most elements and reservations held at once; at least 1.
  public let maxCount: Int
  /// The most bytes held at once by elements and reservations; at least 1.
  ///
  /// One element that is dearer than this is admitted alone, into an empty queue: refusing it
  /// would stop its producer for ever.
  public let maxBytes: Int

  /// Makes limits; either below 1 is a bug of the caller.
  public init(maxCount: Int, maxBytes: Int) {
    precondition(maxCount >= 1, "a queue holds at least one element")
    precondition(maxBytes >= 1, "a queue holds at least one byte")
    self.maxCount = maxCount
    self.maxBytes = maxBytes
  }
}
