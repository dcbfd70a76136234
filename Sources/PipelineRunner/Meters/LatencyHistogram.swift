/// How long things took, in a fixed memory of 7 KiB however many there were.
///
/// Log-linear buckets to the base ten: ninety a decade, from 1.0 to 9.9 (Hartmann and
/// Schlossnagle, "Circllhist", 2020, arXiv:2001.06561). A quantile is off by half a bucket, 5 % at
/// most, and the bounds of the exported histogram are bounds of buckets, so its sums are exact.
public struct LatencyHistogram: Sendable, Equatable {
  /// From 1 µs, below which a clock reading tells nothing, to 10,000 s.
  private static let decades = 10
  private static let least: UInt64 = 1000
  /// 10^(decade + 2): a time in nanoseconds divided by it is 10 to 99 tenths.
  private static let tenths: [UInt64] = (0..<decades).map { decade in
    (0..<decade).reduce(100) { product, _ in product * 10 }
  }

  /// The upper bounds of the exported buckets, in seconds.
  ///
  /// Three a decade: the quick stages of a pipeline take 100 µs, a slow one 30 s.
  public static let exportedBounds: [Double] = [
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5,
    10, 25, 50, 100,
  ]

  /// Bucket 0 holds what is below 1 µs; the last one also what is above 10,000 s.
  private var buckets = [UInt64](repeating: 0, count: 1 + 90 * decades)
  /// How many there were.
  public private(set) var count: UInt64 = 0
  /// Their sum in seconds.
  public private(set) var seconds = 0.0

  /// Makes an empty histogram.
  public init() {}

  /// Counts one.
  public mutating func record(_ time: Duration) {
    let (seconds, attoseconds) = time.components
    // No more than the last bucket's: the product below stays far from the end of the integers.
    let whole = UInt64(min(max(0, seconds), 100_000))
    let nanoseconds = whole * 1_000_000_000 + UInt64(max(0, attoseconds)) / 1_000_000_000
    buckets[LatencyHistogram.bucket(of: nanoseconds)] += 1
    count += 1
    self.seconds += Double(nanoseconds) / 1e9
  }

  /// The time in seconds that a share of all stayed below; `nil` when there were none.
  ///
  /// - Parameter share: from 0 to 1, such as 0.99.
  public func quantile(_ share: Double) -> Double? {
    guard count > 0 else { return nil }
    let rank = UInt64((share * Double(count)).rounded(.up))
    var below: UInt64 = 0
    for (index, number) in buckets.enumerated() {
      below += number
      if below >= max(1, rank) { return LatencyHistogram.middle(of: index) }
    }
    preconditionFailure("the buckets hold all that were counted")
  }

  /// How many were below each of ``exportedBounds``.
  public var cumulative: [UInt64] {
    var counts: [UInt64] = []
    var (index, below): (Int, UInt64) = (0, 0)
    for bound in LatencyHistogram.exportedBounds {
      let end = LatencyHistogram.bucket(of: UInt64((bound * 1e9).rounded()))
      while index < end {
        below += buckets[index]
        index += 1
      }
      counts.append(below)
    }
    return counts
  }

  private static func bucket(of nanoseconds: UInt64) -> Int {
    guard nanoseconds >= least else { return 0 }
    var decade = 0
    while decade < decades - 1, nanoseconds >= tenths[decade] * 100 { decade += 1 }
    return 1 + 90 * decade + Int(min(99, nanoseconds / tenths[decade])) - 10
  }

  private static func middle(of bucket: Int) -> Double {
    guard bucket > 0 else { return 0.5e-6 }
    let (decade, tenth) = (bucket - 1).quotientAndRemainder(dividingBy: 90)
    return (Double(tenth) + 10.5) * Double(tenths[decade]) / 1e9
  }
}
