/// What a patch of scalp is like: how many hairs of what kind on what skin.
///
/// Together with a seed it determines a ``ScalpScene`` to the last bit.
public struct ScalpDescription: Sendable, Codable, Equatable {
  /// What state the hair is in.
  public enum HairState: String, Sendable, Codable, CaseIterable {
    /// Cut to stubs, as a phototrichogram asks.
    case clipped
    /// As it grows.
    case long
  }

  /// Hairs on 1 cm², all kinds; normal scalps have 175 to 300 (Barman 1965).
  public var hairsPerSquareCentimetre = 170.0
  /// The share of vellus hairs, 0…1; about 0.2 in thinning scalps.
  public var vellusShare = 0.20
  /// Weights of units of 1, 2, 3 and 4 hairs; most units hold 2 to 3 (Rakowska 2009, PMC2938574).
  public var unitWeights = [0.32, 0.40, 0.21, 0.07]
  /// Mean diameter of terminal hairs in µm; controls have 61 ± 8 (PMC3157785), East Asian hair more.
  public var terminalDiameterMean = 66.0
  /// Standard deviation of the diameters of terminal hairs in µm.
  public var terminalDiameterDeviation = 13.0
  /// Where vellus ends, in µm: 40 (TrichoScan) or 30 (Rakowska).
  public var vellusAtMost = 40.0
  /// The share of resting hairs, 0…1; textbooks say 0.10 to 0.15.
  public var telogenShare = 0.12
  /// Stubs or long hair.
  public var hairState = HairState.clipped
  /// The shortest and longest stub in µm; the reference study clips to 0.5 to 1.5 mm.
  public var stubLength = [500.0, 1300.0]
  /// The mean length of long hair in µm.
  public var longLength = 9000.0
  /// How strongly hair bends: the mean curvature in 1/mm.
  public var curvature = 0.12
  /// The colour of pigmented hairs.
  public var hairColour = HairColour.black
  /// The share of hairs without pigment, 0…1.
  public var greyShare = 0.03
  /// The main direction of growth in degrees, clockwise from the picture's right.
  public var growthDirection = 35.0
  /// How far the units' directions scatter about it: the standard deviation in radians.
  public var directionSpread = 0.12
  /// Whether hairs turn around a whorl near the centre, as at the vertex.
  public var whorl = false
  /// The skin's tone.
  public var skinTone = SkinTone.typeIII
  /// How strong the skin's relief and colour vary; 1 has the background ridge energy of real fields
  /// (see `SkinTexture`), 0 is flat.
  public var texture = 1.0
  /// Scale flakes on 1 cm².
  public var flakesPerSquareCentimetre = 30.0
  /// Loose fibres and cut ends lying about on 1 cm², out of focus: no hairs of the scalp.
  public var debrisPerSquareCentimetre = 10.0
  /// How strongly the shaft below the skin shines through behind each root, 0…1.
  public var buriedShafts = 1.0
  /// How strongly a shaft mirrors the light in a streak along it, 0…1.
  public var shaftHighlight = 0.03

  /// A clipped scalp of medium density, dark hair on light-brown skin.
  public init() {}

  /// Throws ``PhantomError`` for the first value that cannot be rendered.
  public func validate() throws(PhantomError) {
    try CheckedQuantity.check([
      CheckedQuantity("hair density", hairsPerSquareCentimetre, 0...600, "/cm2"),
      CheckedQuantity("vellus share", vellusShare, 0...1),
      CheckedQuantity("terminal diameter", terminalDiameterMean, 41...150, "um"),
      CheckedQuantity("spread of terminal diameters", terminalDiameterDeviation, 0...50, "um"),
      CheckedQuantity("vellus cut-off", vellusAtMost, 20...60, "um"),
      CheckedQuantity("telogen share", telogenShare, 0...1),
      CheckedQuantity("length of long hair", longLength, 1000...50_000, "um"),
      CheckedQuantity("curvature", curvature, 0...2, "/mm"),
      CheckedQuantity("grey share", greyShare, 0...1),
      CheckedQuantity("growth direction", growthDirection, -360...360, "degrees"),
      CheckedQuantity("spread of directions", directionSpread, 0...4, "radians"),
      CheckedQuantity("buried shafts", buriedShafts, 0...1),
      CheckedQuantity("skin texture", texture, 0...4),
      CheckedQuantity("flake density", flakesPerSquareCentimetre, 0...1000, "/cm2"),
      CheckedQuantity("debris density", debrisPerSquareCentimetre, 0...200, "/cm2"),
      CheckedQuantity("shaft highlight", shaftHighlight, 0...1),
    ])
    guard stubLength.count == 2, stubLength[0] <= stubLength[1] else {
      throw PhantomError(
        .contradiction, subject: "a stub length is a shortest and a longest one in order",
        hint: "give two lengths in um, the shorter first")
    }
    try CheckedQuantity.check(
      stubLength.map { CheckedQuantity("stub length", $0, 50...5000, "um") })
    guard (1...6).contains(unitWeights.count), unitWeights.allSatisfy({ $0 >= 0 && $0.isFinite }),
      unitWeights.contains(where: { $0 > 0 })
    else {
      throw PhantomError(
        .contradiction, subject: "weights of unit sizes are one to six numbers, not all 0",
        hint: "give the weights of units of 1, 2, 3… hairs")
    }
    guard terminalDiameterMean > vellusAtMost else {
      throw PhantomError(
        .contradiction,
        subject: "terminal hairs of \(terminalDiameterMean) um lie at or below the vellus cut-off",
        hint: "choose a mean above \(vellusAtMost) um")
    }
  }

  /// Hairs of an average unit.
  var meanUnitSize: Double {
    var hairs = 0.0
    for (index, weight) in unitWeights.enumerated() { hairs += Double(index + 1) * weight }
    return hairs / unitWeights.reduce(0, +)
  }
}
