/// The hairs that a figure rests on, and those that it had to leave out.
///
/// A hair without a resolvable diameter is counted, and stands in no band of diameters and in no
/// figure of diameters. How many there are follows how sharp a picture is, so a change of sharpness
/// between two visits would pass for a change of hair: they stand beside each figure.
public struct FigureBasis: Sendable, Equatable {
  /// Counted hairs that the figure is made of; a mean over placements.
  public let hairCount: Double
  /// Counted hairs of the figure's set, or that may belong to it, without what it is made of: a
  /// diameter, or a class; `nil` where the figure needs neither.
  public let unresolvedCount: Double?
  /// Whether more are left out than ``mostUnresolved``.
  public let isCautioned: Bool

  /// The share of counted hairs that may be left out before a figure is flagged.
  ///
  /// On every sixth photograph of fdu-dev (108 fields, 1413 hairs) 4.5 % of the hairs have no
  /// diameter; the same blurred by a Gaussian of 1.5 pixels 11 %, of 2.5 pixels 14 %, while the
  /// quality gate still passes 97 and 86 of them. Above a tenth, then, pictures are less sharp than
  /// such photographs are, and what is left out may be as much as the 10 % by which the count of a
  /// field is wrong anyway (docs/figures.md).
  public static let mostUnresolved = 0.1

  /// The stable word of the registry for a figure that is flagged.
  public var caution: String? { isCautioned ? "unresolved_hairs" : nil }

  /// Finds what a figure of one picture rests on.
  ///
  /// - Parameters:
  ///   - hairs: the name of its set, as ``HairSet/reported(for:)`` has it.
  ///   - found: every hair of the picture.
  public init(_ quantity: HairQuantity, hairs: String, of found: [Hair], cutOffs: CutOffs) {
    self.init(quantity, hairs, of: found.compactMap(CountedHair.init), cutOffs)
  }

  init(_ quantity: HairQuantity, _ hairs: String, of counted: [CountedHair], _ cutOffs: CutOffs) {
    let set = HairSet.reported(for: cutOffs).first { $0.name == hairs } ?? .all
    self.init(quantity, set, of: [counted])
  }

  init(hairCount: Double, unresolvedCount: Double?, isCautioned: Bool) {
    self.hairCount = hairCount
    self.unresolvedCount = unresolvedCount
    self.isCautioned = isCautioned
  }

  /// Finds what a figure of a region rests on.
  ///
  /// - Parameter placements: the counted hairs of each.
  init(_ quantity: HairQuantity, _ set: HairSet, of placements: [[CountedHair]]) {
    func mean(_ count: ([CountedHair]) -> Int) -> Double {
      placements.isEmpty
        ? 0 : Double(placements.reduce(0) { $0 + count($1) }) / Double(placements.count)
    }
    let isResolved = FigureBasis.needed(by: quantity, set)
    hairCount = mean { hairs in hairs.count { set.contains($0) && isResolved?($0) ?? true } }
    guard let isResolved else {
      unresolvedCount = nil
      isCautioned = false
      return
    }
    let isBand = if case .all = set.rule { false } else { true }
    let unresolved = mean { hairs in
      hairs.count { !isResolved($0) && (isBand || set.contains($0)) }
    }
    unresolvedCount = unresolved
    isCautioned = unresolved > FigureBasis.mostUnresolved * mean(\.count)
  }

  /// What a hair needs to be in a figure; `nil` where every counted hair is.
  private static func needed(
    by quantity: HairQuantity, _ set: HairSet
  ) -> ((CountedHair) -> Bool)? {
    switch (quantity, set.rule) {
    case (.meanDiameter, _), (.medianDiameter, _), (.diameterCV, _), (.thinHairShare, _),
      (.cumulativeThickness, _), (.count, .diameter), (.density, .diameter):
      { $0.diameter != nil }
    case (.terminalShare, _), (.count, .ofClass(.terminal)), (.count, .ofClass(.vellus)),
      (.density, .ofClass(.terminal)), (.density, .ofClass(.vellus)):
      { $0.class != .unresolved }
    default: nil
    }
  }
}

extension RegionFigure {
  /// The hairs that the figure rests on.
  public var basis: FigureBasis {
    FigureBasis(
      hairCount: hairCount, unresolvedCount: unresolvedCount, isCautioned: isCautioned ?? false)
  }
}

extension RegionPart {
  /// The hairs that a figure of this picture alone rests on.
  public func basis(of quantity: HairQuantity, hairs: String) -> FigureBasis {
    FigureBasis(quantity, hairs, of: self.hairs, cutOffs)
  }
}
