import ClinicalRecords
import Testing

@Suite struct RegionMeasurementTests {
  @Test("fields are summed: counts over areas, not a mean of densities")
  func fields() throws {
    let region = try RegionMeasurement.combine([
      measurement(terminal: 10, on: 0.1, field: 1), measurement(terminal: 30, on: 0.5, field: 2),
    ])
    let density = try #require(region.figure(.density))
    #expect(abs(try #require(density.figure.value) - 40 / 0.6) < 1e-9)
    #expect(density.hairCount == 40 && density.fieldCount == 2)
    #expect(abs(density.squareCentimetres - 0.6) < 1e-12)
  }

  @Test("placements are averaged and narrow no sampling interval")
  func placements() throws {
    let single = try RegionMeasurement.combine([measurement(terminal: 50)])
    let double = try RegionMeasurement.combine([
      measurement(terminal: 48, placement: 1), measurement(terminal: 52, placement: 2),
    ])
    let one = try #require(single.figure(.density))
    let two = try #require(double.figure(.density))
    #expect(two.figure.value == one.figure.value)
    let ratio =
      try #require(two.standardError(.sampling)) / (try #require(one.standardError(.sampling)))
    #expect(abs(ratio - 1) < 0.01)
    #expect(one.standardError(.placement) == nil)
    #expect(abs(try #require(two.standardError(.placement)) - 4) < 1e-9)
    #expect(two.placementValues == [96, 104])
    // What the value stands on is a mean too, so that hairs over area is the value.
    #expect(two.hairCount == 50 && two.hairCount / two.squareCentimetres == two.figure.value)
    #expect(two.placementCount == 2 && two.fieldCount == 1 && two.pictureCount == 2)
  }

  @Test("of the attempts the first that passes is used, whatever the others found")
  func attempts() throws {
    let region = try RegionMeasurement.combine([
      measurement(terminal: 90, attempt: 3), measurement(terminal: 10, attempt: 1, accepted: false),
      measurement(terminal: 40, attempt: 2),
    ])
    #expect(region.figure(.density)?.figure.value == 80)
    #expect(region.attempts.map(\.use) == [.rejected, .selected, .accepted])
    #expect(region.attempts[0].reasons == ["blurred: hold still"])
  }

  @Test("a region without a picture that passed says so in every figure")
  func rejected() throws {
    let region = try RegionMeasurement.combine([measurement(terminal: 10, accepted: false)])
    #expect(region.figures.allSatisfy { $0.figure == .missing("image_rejected") })
    #expect(region.figures.allSatisfy { $0.uncertainties.isEmpty })
  }

  @Test("regions, visits and subjects are never pooled")
  func neverPooled() {
    let base = measurement(terminal: 10)
    for other in [
      measurement(terminal: 10, region: "OC"), measurement(terminal: 10, visit: "W12"),
      measurement(terminal: 10, subject: "01-002"),
    ] {
      #expect(throws: RecordError.self) { try RegionMeasurement.combine([base, other]) }
    }
    #expect(throws: RecordError.self) { try RegionMeasurement.combine([]) }
  }

  @Test("the bands below 30, 30 to 40 and above 40 um are always reported, with all but the thin")
  func bands() throws {
    let region = try RegionMeasurement.combine([measurement(terminal: 30, vellus: 10)])
    #expect(region.figure(.count, hairs: "<30um")?.figure == Figure(10))
    #expect(region.figure(.count, hairs: "30-40um")?.figure == Figure(0))
    #expect(region.figure(.count, hairs: ">40um")?.figure == Figure(30))
    #expect(region.figure(.density, hairs: ">=30um")?.figure.value == 60)
    let share = region.figure(.terminalShare)?.figure.value
    #expect(share == 0.75)
  }

  @Test("the four uncertainties stand apart, each with a method")
  func uncertainties() throws {
    let region = try RegionMeasurement.combine([measurement(terminal: 40, scale: scale(0.01))])
    let density = try #require(region.figure(.density))
    #expect(density.uncertainties.map(\.source) == [.sampling, .placement, .detection, .scale])
    #expect(density.uncertainties.allSatisfy { !$0.method.isEmpty })
    #expect(abs(try #require(density.standardError(.scale)) - 80 * 0.02) < 1e-9)
    let mean = try #require(region.figure(.meanDiameter))
    #expect(abs(try #require(mean.standardError(.detection)) - 1 / 40.0.squareRoot()) < 1e-9)
  }

  @Test("the record reads back from its canonical form")
  func roundTrip() throws {
    let region = try RegionMeasurement.combine([measurement(terminal: 12, vellus: 3)])
    let bytes = try CanonicalJSONEncoder().encode(region)
    #expect(try RecordDecoder().decode(RegionMeasurement.self, from: bytes) == region)
    #expect(String(decoding: bytes, as: UTF8.self).hasPrefix(#"{"schema":"anagen.region-me"#))
  }
}

@Suite struct RegionChangeTests {
  @Test("50 to 75 hairs on 1 cm2 is a ratio of 1.5 with its conditional interval")
  func ratio() throws {
    let change = try RegionChange(
      from: RegionMeasurement.combine([measurement(terminal: 50, on: 1)]),
      to: RegionMeasurement.combine([measurement(terminal: 75, on: 1, visit: "W12")]))
    guard case .known(let ratio) = change.rateRatio else {
      Issue.record("there is a ratio")
      return
    }
    #expect(ratio.value == 1.5)
    #expect(abs(try #require(ratio.low) - 1.03) < 0.01)
    #expect(abs(try #require(ratio.high) - 2.19) < 0.01)
    #expect(ratio.interval == "sampling")
    #expect(change.note == "difference of two counts, secondary")
    #expect(abs(try #require(change.difference.value) - 25) < 1e-9)
  }

  @Test("one calibration's error cancels in the ratio, two calibrations' errors add")
  func sharedScale() throws {
    func width(_ first: String, _ second: String) throws -> Double {
      let change = try RegionChange(
        from: RegionMeasurement.combine([
          measurement(terminal: 50, on: 1, scale: scale(0.05, calibration: first))
        ]),
        to: RegionMeasurement.combine([
          measurement(
            terminal: 75, on: 1, visit: "W12", scale: scale(0.05, calibration: second))
        ]))
      #expect(change.scaleIsShared == (first == second))
      guard case .known(let ratio) = change.rateRatio, let low = ratio.low, let high = ratio.high
      else { return 0 }
      return high / low
    }
    let shared = try width("c1", "c1")
    #expect(abs(shared - 2.1903608266439356 / 1.0349706937440417) < 1e-9)
    #expect(try width("c1", "c2") > shared * 1.05)
  }

  @Test("a ratio to nothing is missing, its difference is not")
  func noHairsAtBaseline() throws {
    let change = try RegionChange(
      from: RegionMeasurement.combine([measurement(terminal: 0)]),
      to: RegionMeasurement.combine([measurement(terminal: 5, visit: "W12")]))
    #expect(change.rateRatio == .missing("no_hairs"))
    #expect(change.difference.value == 10)
  }

  @Test("a rejected visit gives its reason")
  func rejected() throws {
    let change = try RegionChange(
      from: RegionMeasurement.combine([measurement(terminal: 5, accepted: false)]),
      to: RegionMeasurement.combine([measurement(terminal: 5, visit: "W12")]))
    #expect(change.difference == .missing("image_rejected"))
  }

  @Test("two regions are not compared")
  func otherRegion() throws {
    let first = try RegionMeasurement.combine([measurement(terminal: 5)])
    let second = try RegionMeasurement.combine([
      measurement(terminal: 5, visit: "W12", region: "OC")
    ])
    #expect(throws: RecordError.self) { try RegionChange(from: first, to: second) }
  }

  @Test("the minimal detectable change is 2.77 within-subject standard deviations")
  func minimalDetectableChange() throws {
    // Differences of 2 and 4: variances 2 and 8, mean 5.
    let figure = MinimalDetectableChange.figure(
      repeats: [[98, 100], [50, 54], [7]], unit: "/cm2")
    let value = try #require(figure.value)
    #expect(abs(value - 2.7718 * 5.0.squareRoot()) < 0.001)
    #expect(
      MinimalDetectableChange.figure(repeats: [[1], [2]], unit: "um")
        == .missing("no_repeated_placements"))
  }
}
