import StageKit

/// What happens to a scalp from one session to the next.
public struct ScalpEvolution: Sendable, Codable, Equatable {
  /// Days that pass.
  public var days = 84.0
  /// The share of hairs that fall out and do not come back in time, 0…1; resting hairs first.
  public var shedShare = 0.0
  /// Hairs that appear on 1 cm², in standing units and in new ones.
  public var gainedPerSquareCentimetre = 0.0
  /// By how much of itself a shaft's diameter grows on average; negative thins.
  public var thickening = 0.0
  /// The standard deviation of that growth between hairs.
  public var thickeningDeviation = 0.02
  /// Whether the hair is clipped anew; when not, stubs grow as in a phototrichogram.
  public var clippedAgain = true
  /// Distinguishes evolutions of one scene, such as the visit's number.
  public var number = 1

  /// Twelve weeks without any change but new stubs.
  public init() {}

  /// Throws ``PhantomError`` for the first value that cannot be rendered.
  public func validate() throws(PhantomError) {
    try CheckedQuantity.check([
      CheckedQuantity("time between sessions", days, 0...36_500, "days"),
      CheckedQuantity("shed share", shedShare, 0...1),
      CheckedQuantity("gained density", gainedPerSquareCentimetre, 0...400, "/cm2"),
      CheckedQuantity("thickening", thickening, -0.8...2),
      CheckedQuantity("spread of thickening", thickeningDeviation, 0...0.5),
      CheckedQuantity("evolution number", Double(number), 0...1e6),
    ])
  }
}

/// What an evolution did, hair by hair.
public struct ScalpChange: Sendable, Equatable {
  /// The ids of hairs that are gone.
  public let lost: [Int]
  /// The ids of hairs that are new.
  public let gained: [Int]
}

extension ScalpScene {
  /// How fast an anagen shaft grows, in µm a day: 0.30 to 0.37 mm by method (Skin Pharmacol 7:67).
  static let growthMicrometresPerDay = (mean: 330.0, deviation: 35.0)

  /// The same scalp some time later: skin and follicles keep their places.
  ///
  /// - Throws: ``PhantomError``.
  public func evolved(by evolution: ScalpEvolution) throws -> (
    scene: ScalpScene, change: ScalpChange
  ) {
    try evolution.validate()
    var later = self
    let lost = later.shed(evolution)
    for index in later.hairs.indices { later.age(&later.hairs[index], evolution) }
    let gained = later.gain(evolution)
    guard later.hairs.count <= PhantomLimits.hairs else {
      throw PhantomError(
        .tooLarge, subject: "a scene of \(later.hairs.count) hairs",
        hint: "let fewer hairs appear; \(PhantomLimits.hairs) is the most")
    }
    return (later, ScalpChange(lost: lost, gained: gained))
  }

  private mutating func shed(_ evolution: ScalpEvolution) -> [Int] {
    let count = Int((evolution.shedShare * Double(hairs.count)).rounded())
    guard count > 0 else { return [] }
    var generator = SeededGenerator(seed: seed, "shed", evolution.number)
    let order = generator.shuffled(Array(hairs.indices))
    let candidates = order.filter { hairs[$0].telogen } + order.filter { !hairs[$0].telogen }
    let gone = Set(candidates.prefix(count))
    let lost = gone.map { hairs[$0].id }.sorted()
    hairs = hairs.indices.filter { !gone.contains($0) }.map { hairs[$0] }
    return lost
  }

  private func age(_ hair: inout ScalpHair, _ evolution: ScalpEvolution) {
    var generator = SeededGenerator(
      seed: seed ^ UInt64(bitPattern: Int64(evolution.number)), "age", hair.id)
    let vellus = hair.isVellus(atMost: description.vellusAtMost)
    let growth = ScalpScene.growthMicrometresPerDay
    let perDay = max(0, growth.mean + growth.deviation * generator.normal())
    let change = evolution.thickening + evolution.thickeningDeviation * generator.normal()
    let lay = 0.05 * generator.normal()
    if evolution.clippedAgain {
      hair.angle += lay
      cut(&hair, vellus: vellus, &generator)
    } else if !hair.telogen {
      hair.length += perDay * evolution.days
    }
    // 150 µm is the thickest shaft that `ScalpDescription` allows, 10 µm the thinnest seen.
    hair.diameter = min(max(hair.diameter * (1 + change), 10), 150)
  }

  private mutating func gain(_ evolution: ScalpEvolution) -> [Int] {
    let area = patch.x * patch.y * 1e-8
    let count = Int((evolution.gainedPerSquareCentimetre * area).rounded())
    guard count > 0 else { return [] }
    var generator = SeededGenerator(seed: seed, "gain", evolution.number)
    // Two of five stand alone in new units; the rest join units that stand.
    let founders = unitCentres.isEmpty ? count : count * 2 / 5
    let new = FollicularUnitLayout(
      count: founders, in: patch, beside: unitCentres, drawing: &generator)
    let standing = unitCentres.count
    unitCentres += new.centres
    unitSlots += Array(repeating: 0, count: founders)
    var gained: [Int] = []
    for index in 0..<count {
      let unit =
        index < founders ? standing + index : generator.whole(below: standing)
      // The next ostium beside those that the unit ever had.
      let slot = unitSlots[unit]
      unitSlots[unit] += 1
      hairs.append(newHair(id: nextHairID, unit: unit, member: slot, of: max(slot, 1)))
      gained.append(nextHairID)
      nextHairID += 1
    }
    return gained
  }
}
