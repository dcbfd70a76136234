import FoundationEssentials

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A circle through points of a plane, as its curvature: a line is one of curvature 0.
///
/// The fit is Taubin's (IEEE PAMI 13, 1991, 1115), which short arcs bias far less than the plain
/// algebraic one (Al-Sharadqah and Chernov, Electron. J. Statist. 3, 2009, 886).
public struct ArcFit: Sendable, Equatable {
  /// One through the radius, in the inverse of the points' unit; never negative.
  public let curvature: Double
  /// The root mean square distance of the points from the arc, in the points' unit.
  public let residual: Double

  /// Fits at least five points; `nil` when they all lie at one place.
  public init?(_ points: [SIMD2<Double>]) {
    precondition(points.count >= 5, "an arc has three parameters, and noise")
    let count = Double(points.count)
    let centre = points.reduce(SIMD2.zero, +) / count
    // Central moments of x, y and z = x² + y².
    var (xx, yy, xy, xz, yz, zz) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    for point in points {
      let p = point - centre
      let z = (p * p).sum()
      xx += p.x * p.x
      yy += p.y * p.y
      xy += p.x * p.y
      xz += p.x * z
      yz += p.y * z
      zz += z * z
    }
    (xx, yy, xy, xz, yz, zz) = (
      xx / count, yy / count, xy / count, xz / count, yz / count, zz / count
    )
    let z = xx + yy
    guard z > 0 else { return nil }
    let eta = ArcFit.smallestRoot(xx, yy, xy, xz, yz, zz)
    // The centre is (u, v) / 2d; of a line d is 0, which its curvature needs no division by.
    let d = eta * eta - eta * z + xx * yy - xy * xy
    let u = xz * (yy - eta) - yz * xy
    let v = yz * (xx - eta) - xz * xy
    let radius = (u * u + v * v + 4 * d * d * z).squareRoot()
    curvature = radius > 0 ? 2 * abs(d) / radius : 0
    residual = ArcFit.residual(points, centre, curvature, direction: SIMD2(u, v), d: d)
  }

  /// The smallest root of the characteristic polynomial, by Newton's steps from 0.
  private static func smallestRoot(
    _ xx: Double, _ yy: Double, _ xy: Double, _ xz: Double, _ yz: Double, _ zz: Double
  ) -> Double {
    let z = xx + yy
    let covariance = xx * yy - xy * xy
    let spread = zz - z * z
    let a2 = 4 * covariance - 3 * z * z - zz
    let a1 = spread * z + 4 * covariance * z - xz * xz - yz * yz
    let a0 = xz * (xz * yy - yz * xy) + yz * (yz * xx - xz * xy) - spread * covariance
    var x = 0.0
    var y = a0
    for _ in 0..<30 {
      let slope = a1 + x * (2 * a2 + 12 * z * x)
      guard slope != 0 else { break }
      let next = x - y / slope
      let value = a0 + next * (a1 + next * (a2 + 4 * next * z))
      guard next.isFinite, next != x, abs(value) < abs(y) else { break }
      (x, y) = (next, value)
    }
    return x
  }

  private static func residual(
    _ points: [SIMD2<Double>], _ centre: SIMD2<Double>, _ curvature: Double,
    direction: SIMD2<Double>, d: Double
  ) -> Double {
    let distances: [Double]
    if curvature > 0 {
      let (middle, radius) = (direction / (2 * d), 1 / curvature)
      distances = points.map { point in
        let p = point - centre - middle
        return (p * p).sum().squareRoot() - radius
      }
    } else {
      let slope = principalDirection(points, centre)
      distances = points.map { point in
        let p = point - centre
        return p.x * slope.y - p.y * slope.x
      }
    }
    return (distances.reduce(0) { $0 + $1 * $1 } / Double(points.count)).squareRoot()
  }

  private static func principalDirection(
    _ points: [SIMD2<Double>], _ centre: SIMD2<Double>
  ) -> SIMD2<Double> {
    var (xx, yy, xy) = (0.0, 0.0, 0.0)
    for point in points {
      let p = point - centre
      xx += p.x * p.x
      yy += p.y * p.y
      xy += p.x * p.y
    }
    let angle = atan2(2 * xy, xx - yy) / 2
    return SIMD2(cos(angle), sin(angle))
  }
}
