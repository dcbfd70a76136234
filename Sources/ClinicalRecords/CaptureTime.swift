/// When a picture was taken, as the clock of the machine at the camera says; never leaves
/// `OUT/private/`.
public struct CaptureTime: Codable, Sendable, Equatable {
  /// Seconds since 1970-01-01T00:00:00Z, in whole milliseconds.
  public let secondsSince1970: Double

  /// Wraps a time, to the millisecond that it is known to.
  public init(secondsSince1970: Double) {
    self.secondsSince1970 = (secondsSince1970 * 1000).rounded() / 1000
  }
}
