/// One hair of a scalp, in the scalp's own coordinates: µm, x right, y down.
public struct ScalpHair: Sendable, Equatable {
  /// The follicle's number; the same hair keeps it through visits.
  public let id: Int
  /// The follicular unit's number.
  public let unit: Int
  /// Where the shaft leaves the skin, in µm.
  public var root: SIMD2<Double>
  /// The direction in which it leaves, in radians clockwise from the right.
  public var angle: Double
  /// How it bends, in 1/µm; positive turns clockwise.
  public var curvature: Double
  /// How the bend changes along long hair, in 1/µm.
  public var wave: Double
  /// From root to tip along the shaft, in µm.
  public var length: Double
  /// The mean diameter over the length, in µm.
  public var diameter: Double
  /// By how much of the mean the diameter falls from root to tip, 0…1.5.
  public var taper: Double
  /// Whether it rests: it does not grow between two sessions.
  public var telogen: Bool
  /// Whether it has no pigment.
  public var grey: Bool
  /// How much pigment it has against the scalp's mean.
  public var pigment: Double
  /// Who lies on top: the greater depth is painted later.
  public var depth: UInt64

  /// Describes a hair; what is not given is a straight, growing, pigmented shaft of even width.
  public init(
    id: Int, unit: Int, root: SIMD2<Double>, angle: Double, length: Double, diameter: Double,
    curvature: Double = 0, wave: Double = 0, taper: Double = 0, telogen: Bool = false,
    grey: Bool = false, pigment: Double = 1, depth: UInt64 = 0
  ) {
    self.id = id
    self.unit = unit
    self.root = root
    self.angle = angle
    self.length = length
    self.diameter = diameter
    self.curvature = curvature
    self.wave = wave
    self.taper = taper
    self.telogen = telogen
    self.grey = grey
    self.pigment = pigment
    self.depth = depth
  }

  /// Whether the mean diameter is at or below the cut-off, in µm.
  public func isVellus(atMost cutOff: Double) -> Bool { diameter <= cutOff }

  /// The diameter at a share of the length from the root, in µm; linear, so that the mean holds.
  func diameter(at share: Double) -> Double { diameter * (1 + taper * (0.5 - share)) }

  /// The centreline from root to tip in µm, vertices at most 40 µm apart.
  ///
  /// At a bend of 2 /mm, the greatest allowed, the chord departs from the arc by at most 0.4 µm.
  public func centreline() -> [SIMD2<Double>] {
    let count = max(1, Int((length / 40).rounded(.up)))
    let step = length / Double(count)
    var points = [root]
    points.reserveCapacity(count + 1)
    var heading = angle
    for index in 0..<count {
      // One period of the wave in 5 mm: long hair turns once or twice in a field.
      let along = (Double(index) + 0.5) * step
      let bend = curvature + wave * PortableMath.direction(along * PortableMath.twoPi / 5000).y
      let direction = PortableMath.direction(heading + bend * step / 2)
      points.append(points[index] + direction * step)
      heading += bend * step
    }
    return points
  }
}
