import ClinicalRecords
import Testing

@Suite struct HairSummaryTests {
  @Test("111 hairs on 0.496 cm2 have the density and interval of the published example")
  func publishedExample() throws {
    let hairs = (0..<111).map { hair($0) }
    let density = try known(summary(hairs, on: 0.496).hairDensity)
    #expect(abs(density.value - 223.8) < 0.05)
    #expect(abs(try #require(density.low) - 184.0) < 0.05)
    #expect(abs(try #require(density.high) - 269.6) < 0.05)
    #expect(density.unit == "/cm2")
    #expect(density.interval == "sampling+scale")
  }

  @Test("only counted hairs enter the figures")
  func countedOnly() {
    let counted = (0..<20).map { hair($0, diameter: 50 + Double($0)) }
    let others = (20..<60).map { hair($0, diameter: 10, unit: 3, counted: false) }
    #expect(summary(counted + others, on: 0.5) == summary(counted, on: 0.5))
  }

  @Test("no hairs on a patch is a density of zero with an upper end, and no diameter")
  func noHairs() throws {
    let figures = summary([], on: 0.5)
    let density = try known(figures.hairDensity)
    #expect(density.value == 0 && density.low == 0)
    #expect(try #require(density.high) >= 3.688 / 0.5)
    #expect(figures.hairCount == Figure(0))
    for figure in [
      figures.meanDiameter, figures.medianDiameter, figures.diameterCV, figures.terminalShare,
      figures.thinHairShare, figures.cumulativeThickness, figures.follicularUnitCount,
      figures.hairsPerFollicularUnit, figures.interfollicularDistance,
    ] {
      #expect(figure == .missing("no_hairs"))
    }
  }

  @Test("hairs without diameters have a density and say that there are no diameters")
  func noDiameters() {
    let figures = summary((0..<5).map { hair($0, diameter: nil) }, on: 0.5)
    #expect(figures.hairDensity.value == 10)
    #expect(figures.unresolvedCount == Figure(5))
    #expect(figures.meanDiameter == .missing("no_diameters"))
    #expect(figures.terminalShare == .missing("no_diameters"))
    #expect(figures.cumulativeThickness == .missing("no_diameters"))
    #expect(figures.follicularUnitCount == .missing("units_not_formed"))
  }

  @Test("nothing measured gives no figure at all")
  func noArea() {
    let figures = summary([hair(0)], on: 0)
    #expect(figures.hairCount == .missing("no_measured_area"))
    #expect(figures.hairDensity == .missing("no_measured_area"))
    #expect(figures.meanDiameter == .missing("no_measured_area"))
  }

  @Test("one hair has a diameter without interval or variation, and one unit no distance")
  func oneHair() throws {
    let figures = summary([hair(0, unit: 4)], on: 0.5)
    let mean = try known(figures.meanDiameter)
    #expect(mean.value == 60 && mean.low == nil && mean.interval == nil && mean.unit == "um")
    #expect(figures.diameterCV == .missing("one_diameter"))
    #expect(figures.follicularUnitCount == Figure(1))
    #expect(figures.interfollicularDistance == .missing("one_unit"))
  }

  @Test("thin, vellus and terminal follow the cut-offs, each share among the hairs known")
  func shares() throws {
    let diameters: [Double?] = [20, 29.9, 30, 40, 40.1, 80, 90, 100, nil, nil]
    let figures = summary(diameters.enumerated().map { hair($0, diameter: $1) }, on: 0.5)
    #expect(figures.terminalCount == Figure(4))
    #expect(figures.vellusCount == Figure(4))
    #expect(figures.unresolvedCount == Figure(2))
    #expect(try known(figures.terminalShare).value == 0.5)
    #expect(try known(figures.terminalShare).interval == "sampling")
    #expect(try known(figures.thinHairShare).value == 0.25)
  }

  @Test("cumulative thickness is the sum of diameters over the area, in mm/cm2")
  func cumulativeThickness() throws {
    let figure = try known(
      summary([20, 40, 60, 80].enumerated().map { hair($0, diameter: $1) }, on: 0.5)
        .cumulativeThickness)
    #expect(abs(figure.value - 0.4) < 1e-12)
    #expect(figure.unit == "mm/cm2")
    let low = try #require(figure.low)
    let high = try #require(figure.high)
    #expect(low < 0.4 && high > 0.4)
  }

  @Test("units on a square lattice of 0.5 mm are 0.5 mm apart")
  func interfollicularDistance() throws {
    let hairs = (0..<50).map { number -> Hair in
      let (unit, shift) = (number / 2, number % 2 == 0 ? -2.0 : 2.0)
      let root: [Double] = [Double(unit % 5) * 100 + shift, Double(unit / 5) * 100]
      return hair(number, at: root, unit: unit)
    }
    let figures = summary(hairs, on: 0.5)
    #expect(figures.follicularUnitCount == Figure(25))
    #expect(figures.hairsPerFollicularUnit == Figure(2))
    #expect(abs(try known(figures.interfollicularDistance).value - 0.5) < 1e-12)
    #expect(try known(figures.interfollicularDistance).unit == "mm")
  }

  @Test("a scale that is badly known widens lengths once and densities twice")
  func scaleUncertainty() throws {
    let hairs = (0..<400).map { hair($0, diameter: 55 + Double($0 % 11)) }
    let sharp = summary(hairs, on: 1, uncertainty: 0)
    let vague = summary(hairs, on: 1, uncertainty: 0.2)
    #expect(try spread(vague.meanDiameter) > 3 * spread(sharp.meanDiameter))
    #expect(try spread(vague.hairDensity) > spread(vague.meanDiameter) * 1.5)
    #expect(try spread(vague.terminalShare) == spread(sharp.terminalShare))
    #expect(try spread(vague.diameterCV) == spread(sharp.diameterCV))
  }
}

private func summary(
  _ hairs: [Hair], on squareCentimetres: Double, uncertainty: Double = 0.003
) -> HairSummary {
  HairSummary(
    hairs: hairs, measuredArea: area(squareCentimetres), scale: scale(uncertainty),
    cutOffs: CutOffs(), level: 0.95)
}

private func known(_ figure: Figure) throws -> Figure.Value {
  guard case .known(let value) = figure else {
    throw RecordError(.invalidValue, subject: "figure", hint: "it is missing")
  }
  return value
}

private func spread(_ figure: Figure) throws -> Double {
  let value = try known(figure)
  let low = try #require(value.low)
  let high = try #require(value.high)
  return (high - low) / value.value
}
