import ClinicalRecords
import Foundation
import HairAnalysis
import Phantom

/// How well figures repeat when the probe is lifted and put back: shift up to 0.25 mm, turn up to
/// 4°, other blur, light, tilt and noise, and in one of three a little glare.
struct RetestTable {
  static let takes = 3
  let scalps: Int

  func show() throws {
    var free: [[MeasuredScalp.Figures]] = []
    var held: [[MeasuredScalp.Figures]] = []
    var truths: [MeasuredScalp.Figures] = []
    for number in 0..<scalps {
      let scalp = try MeasuredScalp(
        MeasuredScalp.description(number), seed: 9000 + UInt64(number))
      truths.append(try scalp.truth)
      var settings = HairAnalyserSettings()
      var both: ([MeasuredScalp.Figures], [MeasuredScalp.Figures]) = ([], [])
      for take in 0..<RetestTable.takes {
        var conditions = scalp.conditions.retaken(take)
        if take == 2 { conditions.glare = 0.01 }
        let own = try scalp.measured(under: conditions)
        if take == 0 {
          settings.channel = own.findings.channel
          settings.skinTexture = own.findings.skinTexture
        }
        both.0.append(own.figures)
        both.1.append(
          take == 0 ? own.figures : try scalp.measured(under: conditions, settings).figures)
      }
      free.append(both.0)
      held.append(both.1)
    }
    print(
      "\(scalps) scalps, \(RetestTable.takes) photographs each, the same 1 cm2; SD within a scalp "
        + "as a share of the mean (CV), ICC(1,1), bias to truth")
    for (name, takes) in [("each picture for itself", free), ("settings of the first held", held)] {
      print(name)
      for (figure, of) in MeasuredScalp.Figures.all {
        let values = takes.map { $0.map { $0[keyPath: of] } }
        let repeatability = Repeatability(values)
        let bias = repeatability.mean / mean(truths.map { $0[keyPath: of] }) - 1
        print(
          "  \(figure): CV \(percent(repeatability.variation)), ICC "
            + String(format: "%.3f", repeatability.correlation) + ", bias \(percent(bias))")
      }
    }
  }
}

/// One-way analysis of variance of equally many repeats (Shrout and Fleiss 1979, Psychol Bull
/// 86:420: ICC(1,1)).
struct Repeatability {
  let mean: Double
  /// The within-subject standard deviation over the mean.
  let variation: Double
  let correlation: Double

  init(_ values: [[Double]]) {
    let repeats = Double(values[0].count)
    let means = values.map { $0.reduce(0, +) / repeats }
    let mean = means.reduce(0, +) / Double(means.count)
    let between =
      repeats * means.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(means.count - 1)
    let within =
      zip(values, means).reduce(0) { sum, pair in
        sum + pair.0.reduce(0) { $0 + ($1 - pair.1) * ($1 - pair.1) }
      } / (Double(values.count) * (repeats - 1))
    self.mean = mean
    variation = within.squareRoot() / mean
    correlation = (between - within) / (between + (repeats - 1) * within)
  }
}

extension MeasuredScalp.Figures {
  static var all: [(String, KeyPath<MeasuredScalp.Figures, Double>)] {
    [
      ("density", \.density), ("vellus density", \.vellusDensity),
      ("median diameter", \.medianDiameter), ("cumulative thickness", \.cumulativeThickness),
    ]
  }
}

func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }

func percent(_ share: Double) -> String { String(format: "%+.1f %%", 100 * share) }
