/// The figures of one measured picture or of fields combined (STUDY §2 and §3).
public struct HairSummary: Codable, Sendable, Equatable {
  /// Hairs whose root lies in the measured area.
  public let hairCount: Figure
  /// Hairs per cm².
  public let hairDensity: Figure
  /// Hairs above the vellus cut-off.
  public let terminalCount: Figure
  /// Hairs at or below the vellus cut-off.
  public let vellusCount: Figure
  /// Hairs whose class could not be told.
  public let unresolvedCount: Figure
  /// Terminal over terminal plus vellus.
  public let terminalShare: Figure
  /// The share below the thin cut-off among hairs with a diameter.
  public let thinHairShare: Figure
  /// Mean diameter of the hairs with a diameter, in µm.
  public let meanDiameter: Figure
  /// Median diameter of the hairs with a diameter, in µm.
  public let medianDiameter: Figure
  /// Standard deviation over mean of the diameters.
  public let diameterCV: Figure
  /// Sum of diameters over area, in mm/cm².
  public let cumulativeThickness: Figure
  /// Follicular units with a root in the measured area.
  public let follicularUnitCount: Figure
  /// Counted hairs over units.
  public let hairsPerFollicularUnit: Figure
  /// Mean distance of a unit to its nearest neighbour, in mm.
  public let interfollicularDistance: Figure

  /// Makes a summary of figures computed elsewhere.
  public init(
    hairCount: Figure, hairDensity: Figure, terminalCount: Figure, vellusCount: Figure,
    unresolvedCount: Figure, terminalShare: Figure, thinHairShare: Figure, meanDiameter: Figure,
    medianDiameter: Figure, diameterCV: Figure, cumulativeThickness: Figure,
    follicularUnitCount: Figure, hairsPerFollicularUnit: Figure, interfollicularDistance: Figure
  ) {
    self.hairCount = hairCount
    self.hairDensity = hairDensity
    self.terminalCount = terminalCount
    self.vellusCount = vellusCount
    self.unresolvedCount = unresolvedCount
    self.terminalShare = terminalShare
    self.thinHairShare = thinHairShare
    self.meanDiameter = meanDiameter
    self.medianDiameter = medianDiameter
    self.diameterCV = diameterCV
    self.cumulativeThickness = cumulativeThickness
    self.follicularUnitCount = follicularUnitCount
    self.hairsPerFollicularUnit = hairsPerFollicularUnit
    self.interfollicularDistance = interfollicularDistance
  }
}
