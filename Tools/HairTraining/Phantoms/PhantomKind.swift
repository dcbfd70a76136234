import Phantom

/// One kind of picture: a scalp, and how a device photographs it.
struct PhantomKind: Sendable {
  let name: String
  private let change: @Sendable (inout ScalpDescription, inout CaptureConditions) -> Void

  private init(
    _ name: String,
    _ change: @escaping @Sendable (inout ScalpDescription, inout CaptureConditions) -> Void
  ) {
    self.name = name
    self.change = change
  }

  /// A scalp of this kind, photographed.
  ///
  /// Density, thickness, direction, light and sharpness differ from seed to seed as subjects and
  /// days do.
  func photographed(seed: UInt64) throws -> PhantomPicture {
    var scalp = ScalpDescription()
    var conditions = CaptureConditions()
    let place = Double(seed) * 0.618_034
    func within(_ range: ClosedRange<Double>, _ step: Double) -> Double {
      let share = (place * step).truncatingRemainder(dividingBy: 1)
      return range.lowerBound + (range.upperBound - range.lowerBound) * share
    }
    scalp.hairsPerSquareCentimetre = within(110...230, 1)
    scalp.terminalDiameterMean = within(58...78, 3)
    scalp.growthDirection = within(0...360, 7)
    conditions.pointSpread = within(5...10, 5)
    conditions.exposure = within(0.85...1.15, 11)
    conditions.warmth = within(-0.1...0.1, 13)
    conditions.seed = seed
    change(&scalp, &conditions)
    let scene = try ScalpScene(scalp, patch: conditions.patch(reach: 1500), seed: seed)
    return try scene.photographed(under: conditions)
  }

  /// Every kind that the tables are fitted on.
  static let all = colours + skins + optics + growth

  private static let colours = [
    PhantomKind("black") { scalp, _ in scalp.hairColour = .black },
    PhantomKind("darkbrown") { scalp, _ in scalp.hairColour = .darkBrown },
    PhantomKind("brown") { scalp, _ in scalp.hairColour = .brown },
    PhantomKind("blond") { scalp, _ in
      (scalp.hairColour, scalp.skinTone) = (.blond, .typeII)
    },
    PhantomKind("red") { scalp, _ in (scalp.hairColour, scalp.skinTone) = (.red, .typeI) },
    PhantomKind("grey") { scalp, _ in scalp.greyShare = 0.4 },
    PhantomKind("greydark") { scalp, _ in
      (scalp.greyShare, scalp.skinTone) = (0.4, .typeV)
    },
  ]

  private static let skins = [
    PhantomKind("fairskin") { scalp, _ in scalp.skinTone = .typeI },
    PhantomKind("darkskin") { scalp, _ in scalp.skinTone = .typeV },
    PhantomKind("rough") { scalp, _ in
      scalp.texture = 1.8
      scalp.flakesPerSquareCentimetre = 90
      scalp.debrisPerSquareCentimetre = 30
    },
    PhantomKind("smooth") { scalp, _ in
      scalp.texture = 0.3
      scalp.flakesPerSquareCentimetre = 3
      scalp.debrisPerSquareCentimetre = 0
    },
    // Hardly a sign beside the shafts themselves: no relief, no shaft below the skin.
    PhantomKind("plain") { scalp, conditions in
      scalp.texture = 0.05
      scalp.flakesPerSquareCentimetre = 0
      scalp.debrisPerSquareCentimetre = 0
      scalp.buriedShafts = 0
      scalp.directionSpread = 3
      scalp.hairsPerSquareCentimetre /= 3
      conditions.pointSpread /= 2
    },
  ]

  private static let optics = [
    PhantomKind("glare") { _, conditions in
      (conditions.glare, conditions.bubbles) = (0.02, 12)
    },
    PhantomKind("blurred") { _, conditions in conditions.pointSpread = 14 },
    PhantomKind("close") { _, conditions in
      (conditions.micrometresPerPixel, conditions.height) = (2.8, 1024)
    },
    PhantomKind("far") { _, conditions in conditions.micrometresPerPixel = 8.5 },
  ]

  private static let growth = [
    PhantomKind("dense") { scalp, _ in scalp.hairsPerSquareCentimetre = 300 },
    PhantomKind("sparse") { scalp, _ in
      (scalp.hairsPerSquareCentimetre, scalp.vellusShare) = (60, 0.4)
    },
    PhantomKind("long") { scalp, _ in scalp.hairState = .long },
    PhantomKind("whorl") { scalp, _ in scalp.whorl = true },
    PhantomKind("tousled") { scalp, _ in scalp.directionSpread = 0.8 },
    PhantomKind("hidden") { scalp, _ in scalp.buriedShafts = 0 },
  ]
}
