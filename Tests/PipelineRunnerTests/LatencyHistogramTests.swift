import PipelineRunner
import Testing

@Suite("how long things took")
struct LatencyHistogramTests {
  @Test(arguments: [
    0.000_001, 0.000_001_234, 0.000_9, 0.009_99, 0.01, 0.123, 1, 9.99, 10, 99, 1234, 9_999,
  ])
  func `a quantile is within a twentieth of what was recorded`(seconds: Double) throws {
    var histogram = LatencyHistogram()
    histogram.record(.seconds(seconds))
    for share in [0.0, 0.5, 0.99, 1] {
      let quantile = try #require(histogram.quantile(share))
      #expect(abs(quantile / seconds - 1) <= 0.0501, "\(quantile)")
    }
  }

  @Test func `quantiles of a known distribution come out`() throws {
    var histogram = LatencyHistogram()
    #expect(histogram.quantile(0.5) == nil)
    for millisecond in 1...1000 { histogram.record(.milliseconds(millisecond)) }
    #expect(abs(try #require(histogram.quantile(0.5)) - 0.5) < 0.025)
    #expect(abs(try #require(histogram.quantile(0.99)) - 0.99) < 0.05)
    #expect(histogram.count == 1000)
    #expect(abs(histogram.seconds - 500.5) < 1e-6)
  }

  @Test func `exported sums count what is below their bounds, and never fall`() {
    var histogram = LatencyHistogram()
    for microsecond in stride(from: 50, to: 20_000_000, by: 5000) {
      histogram.record(.microseconds(microsecond))
    }
    for (bound, count) in zip(LatencyHistogram.exportedBounds, histogram.cumulative) {
      let exact = stride(from: 50, to: 20_000_000, by: 5000).count { Double($0) < bound * 1e6 }
      #expect(count == exact, "below \(bound) s")
    }
    #expect(histogram.cumulative.last == histogram.count)
  }

  @Test(arguments: [
    Duration.zero, .nanoseconds(-5), .nanoseconds(1), .seconds(20_000), .seconds(Int64.max),
  ])
  func `what is beyond the buckets is counted in the outermost`(time: Duration) throws {
    var histogram = LatencyHistogram()
    histogram.record(time)
    #expect(histogram.count == 1)
    let quantile = try #require(histogram.quantile(0.5))
    #expect(quantile < 1e-6 || quantile > 9_900)
  }
}
