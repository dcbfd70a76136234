import StageKit

/// One person's patch of scalp at one time: every hair, and the seed of the skin.
///
/// It is larger than any one picture of it. The same description, patch and seed give the same
/// scene on every machine; a visit later it is ``evolved(by:)``, and the skin stays.
public struct ScalpScene: Sendable, Equatable {
  /// What the scalp is like.
  public let description: ScalpDescription
  /// The patch's size in µm; the origin is its centre.
  public let patch: SIMD2<Double>
  /// What skin and hairs were drawn from.
  public let seed: UInt64
  /// Every hair, in the order of ids.
  public internal(set) var hairs: [ScalpHair]
  /// The centres of follicular units, by number, in µm.
  public internal(set) var unitCentres: [SIMD2<Double>]
  /// How many ostia each unit ever had.
  var unitSlots: [Int]
  /// The number of the next follicle.
  var nextHairID: Int

  /// Grows a scalp.
  ///
  /// - Parameters:
  ///   - description: what it is like.
  ///   - patch: its size in µm, at most 100 mm each way.
  ///   - seed: the person and region.
  /// - Throws: ``PhantomError``.
  public init(_ description: ScalpDescription, patch: SIMD2<Double>, seed: UInt64) throws {
    try description.validate()
    try CheckedQuantity.check([
      CheckedQuantity("patch width", patch.x, 100...100_000, "um"),
      CheckedQuantity("patch height", patch.y, 100...100_000, "um"),
    ])
    let expected = description.hairsPerSquareCentimetre * patch.x * patch.y * 1e-8
    guard expected <= Double(PhantomLimits.hairs) else {
      throw PhantomError(
        .tooLarge, subject: "a scene of \(Int(expected)) hairs",
        hint: "choose a smaller patch or density; \(PhantomLimits.hairs) hairs is the most")
    }
    self.description = description
    self.patch = patch
    self.seed = seed
    hairs = []
    unitCentres = []
    unitSlots = []
    nextHairID = 0
    grow(hairCount: expected)
  }

  /// Puts given hairs on skin: crossing shafts, wires of known width.
  ///
  /// - Throws: ``PhantomError``; also for two hairs of one id and for lengths or diameters that
  ///   cannot be rendered.
  public init(
    _ description: ScalpDescription, patch: SIMD2<Double>, seed: UInt64, hairs: [ScalpHair]
  ) throws {
    var bare = description
    bare.hairsPerSquareCentimetre = 0
    try self.init(bare, patch: patch, seed: seed)
    guard Set(hairs.map(\.id)).count == hairs.count,
      hairs.allSatisfy({ $0.id >= 0 && $0.unit >= 0 && $0.unit < PhantomLimits.hairs })
    else {
      throw PhantomError(
        .contradiction, subject: "hairs need ids of their own and units from 0",
        hint: "number them from 0")
    }
    for hair in hairs {
      try CheckedQuantity.check([
        CheckedQuantity("hair length", hair.length, 1...100_000, "um"),
        CheckedQuantity("hair diameter", hair.diameter, 1...1000, "um"),
        CheckedQuantity("taper", hair.taper, 0...1.5),
      ])
    }
    self.hairs = hairs.sorted { $0.id < $1.id }
    nextHairID = (hairs.map(\.id).max() ?? -1) + 1
    let units = (hairs.map(\.unit).max() ?? -1) + 1
    unitSlots = (0..<units).map { unit in hairs.count { $0.unit == unit } }
    unitCentres = (0..<units).map { unit in
      hairs.first { $0.unit == unit }?.root ?? SIMD2(0, 0)
    }
  }

  private mutating func grow(hairCount expected: Double) {
    var generator = SeededGenerator(seed: seed, "units")
    let unitCount = Int((expected / description.meanUnitSize).rounded())
    unitCentres = FollicularUnitLayout(count: unitCount, in: patch, drawing: &generator).centres
    for unit in unitCentres.indices {
      let size = generator.pick(description.unitWeights) + 1
      for member in 0..<size {
        hairs.append(newHair(id: hairs.count, unit: unit, member: member, of: size))
      }
      unitSlots.append(size)
    }
    nextHairID = hairs.count
  }

  /// One hair of a unit, drawn from the scene's seed and its own number.
  func newHair(id: Int, unit: Int, member: Int, of size: Int) -> ScalpHair {
    var generator = SeededGenerator(seed: seed, "hair", id)
    var unitGenerator = SeededGenerator(seed: seed, "unit", unit)
    let centre = unitCentres[unit]
    // The hairs of a unit leave side by side, across the direction of growth, each from its own
    // ostium some 100 µm from the next; stubs fan out by five degrees each and seldom cross.
    let unitAngle = growthAngle(at: centre) + description.directionSpread * unitGenerator.normal()
    let across = PortableMath.direction(unitAngle + PortableMath.twoPi / 4)
    let along = PortableMath.direction(unitAngle)
    let place = Double(member) - Double(size - 1) / 2
    let spacing = 95 + 12 * generator.normal()
    let offset = across * (place * spacing) + along * (28 * generator.normal())
    let vellus = generator.happens(description.vellusShare)
    let diameter = drawDiameter(vellus: vellus, &generator)
    let sign = generator.happens(0.5) ? 1.0 : -1.0
    var hair = ScalpHair(
      id: id, unit: unit, root: centre + offset,
      angle: unitAngle + 0.09 * place + 0.08 * generator.normal(), length: 0, diameter: diameter,
      curvature: sign * description.curvature * 1e-3 * (0.3 + 1.4 * generator.unit()),
      telogen: generator.happens(description.telogenShare),
      grey: !vellus && generator.happens(description.greyShare),
      pigment: vellus ? 0.35 + 0.35 * generator.unit() : 0.85 + 0.3 * generator.unit(),
      depth: generator.next())
    cut(&hair, vellus: vellus, &generator)
    return hair
  }

  private func drawDiameter(vellus: Bool, _ generator: inout SeededGenerator) -> Double {
    let cutOff = description.vellusAtMost
    if vellus {
      // Triangular between 14 µm, the thinnest that optics resolve, and the cut-off.
      let low = min(14, cutOff * 0.6)
      return low + (cutOff - low) * (generator.unit() + generator.unit()) / 2
    }
    for _ in 0..<64 {
      let draw = generator.logNormal(
        mean: description.terminalDiameterMean, deviation: description.terminalDiameterDeviation)
      if draw > cutOff && draw <= 150 { return draw }
    }
    return description.terminalDiameterMean
  }

  /// Gives a hair its length and shape: a stub as clipped, or as long as it grew.
  func cut(_ hair: inout ScalpHair, vellus: Bool, _ generator: inout SeededGenerator) {
    switch description.hairState {
    case .clipped:
      let stub = generator.uniform(description.stubLength[0]...description.stubLength[1])
      hair.length = vellus ? stub * 0.8 : stub
      hair.taper = vellus ? 0.20 : 0.04
      hair.wave = 0
    case .long:
      let whole = description.longLength * (0.5 + generator.unit())
      hair.length = vellus ? min(whole, 2500) * 0.6 : whole
      hair.taper = vellus ? 0.8 : 0.10
      hair.wave = description.curvature * 1e-3 * generator.normal()
    }
  }

  /// The direction of growth at a point of the scalp, in radians.
  func growthAngle(at point: SIMD2<Double>) -> Double {
    var generator = SeededGenerator(seed: seed, "growth")
    let base = description.growthDirection * PortableMath.twoPi / 360
    if description.whorl {
      // Hairs spiral out of the whorl; its eye lies a little off the centre.
      let eye = generator.point(in: SIMD2(3000, 3000))
      let away = point - eye
      return PortableMath.angle(of: away) + 0.6 + base
    }
    // Two slow waves turn the direction by some ten degrees over a few millimetres.
    let first = generator.unit() * PortableMath.twoPi
    let second = generator.unit() * PortableMath.twoPi
    let swing =
      0.12 * PortableMath.direction(first + point.x / 1900).y
      + 0.12 * PortableMath.direction(second + point.y / 2300).y
    return base + swing
  }
}
