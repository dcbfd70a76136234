/// What is true of a phantom picture, to the last hair.
///
/// Coordinates are pixels of the picture, x right, y down, the origin at the centre of the top-left
/// pixel.
public struct PhantomTruth: Sendable, Codable, Equatable {
  /// Pixels a row.
  public let width: Int
  /// Rows.
  public let height: Int
  /// µm per pixel.
  public let micrometresPerPixel: Double
  /// Every hair of which a part lies in the picture, and those whose root does.
  public let hairs: [Hair]
  /// Where the overlay covers the scalp, as left, top, right, bottom in pixels.
  public let overlayBoxes: [[Int]]

  /// One hair.
  public struct Hair: Sendable, Codable, Equatable {
    /// The follicle's number: the same in every picture of this scalp.
    public let id: Int
    /// The centreline from root to tip, in pixels.
    public let centreline: [[Double]]
    /// The mean diameter in µm.
    public let diameterMicrometres: Double
    /// Whether the diameter is at or below the scalp's vellus cut-off.
    public let vellus: Bool
    /// The follicular unit's number.
    public let unit: Int
    /// Whether it rests.
    public let telogen: Bool
    /// From root to tip along the shaft, in µm.
    public let lengthMicrometres: Double
    /// The share of the shaft within the picture that no other shaft hides, 0…1.
    public let visible: Double
    /// Whether the root lies in the picture: only then does it count.
    public let rootInside: Bool

    /// Where the shaft leaves the skin, in pixels.
    public var root: SIMD2<Double> { SIMD2(centreline[0][0], centreline[0][1]) }
  }

  /// The figures of a set of hairs on an area.
  public struct Summary: Sendable, Codable, Equatable {
    /// Hairs whose root lies in the area.
    public let hairCount: Int
    /// Those above the vellus cut-off.
    public let terminalCount: Int
    /// The others.
    public let vellusCount: Int
    /// The area in cm².
    public let squareCentimetres: Double
    /// Hairs on 1 cm².
    public let hairDensity: Double
    /// The median of mean diameters in µm; `nil` without hairs.
    public let medianDiameter: Double?
    /// The mean of mean diameters in µm; `nil` without hairs.
    public let meanDiameter: Double?
    /// The sum of diameters on 1 cm², in mm.
    public let cumulativeThickness: Double
    /// Follicular units with a root in the area.
    public let follicularUnitCount: Int
  }

  /// The figures of the whole picture.
  public var summary: Summary {
    summary(
      squareCentimetres: Double(width * height) * micrometresPerPixel * micrometresPerPixel * 1e-8
    ) { _ in true }
  }

  /// The figures of a part of the picture: what an analysis of that part should find.
  ///
  /// - Parameters:
  ///   - squareCentimetres: the part's area.
  ///   - contains: whether a root, in pixels, lies in the part; asked only of roots in the picture.
  public func summary(
    squareCentimetres: Double, where contains: (SIMD2<Double>) -> Bool
  ) -> Summary {
    let counted = hairs.filter { $0.rootInside && contains($0.root) }
    let diameters = counted.map(\.diameterMicrometres).sorted()
    let total = diameters.reduce(0, +)
    let vellus = counted.count { $0.vellus }
    let middle = diameters.count / 2
    let median: Double? =
      diameters.isEmpty
      ? nil
      : diameters.count % 2 == 1
        ? diameters[middle] : (diameters[middle - 1] + diameters[middle]) / 2
    return Summary(
      hairCount: counted.count, terminalCount: counted.count - vellus, vellusCount: vellus,
      squareCentimetres: squareCentimetres,
      hairDensity: Double(counted.count) / squareCentimetres, medianDiameter: median,
      meanDiameter: diameters.isEmpty ? nil : total / Double(diameters.count),
      cumulativeThickness: total * 1e-3 / squareCentimetres,
      follicularUnitCount: Set(counted.map(\.unit)).count)
  }
}
