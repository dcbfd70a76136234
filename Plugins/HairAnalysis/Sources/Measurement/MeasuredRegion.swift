import Imaging

/// The part of a picture whose roots are counted: a polygon in pixels.
public struct MeasuredRegion: Sendable, Equatable {
  /// The corners as `[x, y]` pairs in order; the last joins the first.
  public let outline: [[Double]]

  /// Makes a region from at least three corners.
  public init(outline: [[Double]]) {
    precondition(outline.count >= 3, "a region has at least three corners")
    precondition(outline.allSatisfy { $0.count == 2 }, "a corner is x and y")
    self.outline = outline
  }

  /// The whole picture: its pixels with their full areas.
  public init(wholeWidth width: Int, height: Int) {
    let right = Double(width) - 0.5
    let bottom = Double(height) - 0.5
    outline = [[-0.5, -0.5], [right, -0.5], [right, bottom], [-0.5, bottom]]
  }

  /// A circle of `radius` pixels around `centre`, as 90 corners of the same area.
  public init(circleAround centre: SIMD2<Double>, radius: Double) {
    outline = UnitCircle.corners.map { corner in
      [
        centre.x + corner.x * radius * UnitCircle.equalArea,
        centre.y + corner.y * radius * UnitCircle.equalArea,
      ]
    }
  }

  /// Whether a point lies in the region.
  public func contains(_ x: Double, _ y: Double) -> Bool {
    var isInside = false
    var before = outline[outline.count - 1]
    for corner in outline {
      if (corner[1] > y) != (before[1] > y),
        x < (before[0] - corner[0]) * (y - corner[1]) / (before[1] - corner[1]) + corner[0]
      {
        isInside.toggle()
      }
      before = corner
    }
    return isInside
  }

  /// How many pixels of the region are open and how many are masked.
  func pixelCounts(mask: Plane<UInt8>) -> (open: Int, masked: Int) {
    var open = 0
    var masked = 0
    mask.withUnsafeSamples { samples in
      for y in 0..<mask.height {
        let crossings = crossings(ofRow: Double(y))
        var pair = 0
        while pair + 1 < crossings.count {
          let first = max(0, Int(crossings[pair].rounded(.up)))
          let last = min(mask.width - 1, Int(crossings[pair + 1].rounded(.down)))
          var x = first
          while x <= last {
            if samples[y &* mask.width &+ x] == 0 { open &+= 1 } else { masked &+= 1 }
            x &+= 1
          }
          pair += 2
        }
      }
    }
    return (open, masked)
  }

  private func crossings(ofRow y: Double) -> [Double] {
    var found: [Double] = []
    var before = outline[outline.count - 1]
    for corner in outline {
      if (corner[1] > y) != (before[1] > y) {
        found.append(
          (before[0] - corner[0]) * (y - corner[1]) / (before[1] - corner[1]) + corner[0])
      }
      before = corner
    }
    return found.sorted()
  }
}

private enum UnitCircle {
  /// Ninety corners, by turning four degrees at a time.
  static let corners: [SIMD2<Double>] = {
    let cosine = 0.997_564_050_259_824_2
    let sine = 0.069_756_473_744_125_3
    var corner = SIMD2<Double>(1, 0)
    var all: [SIMD2<Double>] = []
    for _ in 0..<90 {
      all.append(corner)
      corner = SIMD2(corner.x * cosine - corner.y * sine, corner.x * sine + corner.y * cosine)
    }
    return all
  }()
  /// √(π / (45 sin 4°)): a polygon of ninety corners this far out has the circle's area.
  static let equalArea = 1.000_406_3
}
