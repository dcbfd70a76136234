/// Light at each pixel, linear in intensity, 0…1.
public enum LinearLight: Sendable {
  /// One grey plane.
  case grey(Plane<Float>)
  /// Red, green and blue planes of one size, in linear sRGB primaries.
  case colour(red: Plane<Float>, green: Plane<Float>, blue: Plane<Float>)

  /// Pixels a row.
  public var width: Int {
    switch self {
    case .grey(let plane): plane.width
    case .colour(let red, _, _): red.width
    }
  }

  /// Rows.
  public var height: Int {
    switch self {
    case .grey(let plane): plane.height
    case .colour(let red, _, _): red.height
    }
  }

  /// The planes in memory.
  public var byteCount: Int {
    switch self {
    case .grey(let plane): plane.byteCount
    case .colour(let red, let green, let blue):
      red.byteCount + green.byteCount + blue.byteCount
    }
  }
}
