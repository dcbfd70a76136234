#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The follicular units that counted hairs grow from, and how far apart they stand.
package struct FollicularUnits: Sendable {
  /// The units' places in pixels, in the order of their numbers: the mean of their hairs' roots.
  package let places: [(x: Double, y: Double)]
  private let hairs: Int
  private let countedHairs: Int
  private let micrometresPerPixel: Double

  /// Gathers the units of counted hairs.
  package init(of counted: [CountedHair], micrometresPerPixel: Double) {
    var roots: [Int: [(x: Double, y: Double)]] = [:]
    for hair in counted {
      if let unit = hair.follicularUnit { roots[unit, default: []].append(hair.root) }
    }
    places = roots.sorted { $0.key < $1.key }.map { _, roots in
      let count = Double(roots.count)
      return (roots.reduce(0) { $0 + $1.x } / count, roots.reduce(0) { $0 + $1.y } / count)
    }
    hairs = roots.values.reduce(0) { $0 + $1.count }
    countedHairs = counted.count
    self.micrometresPerPixel = micrometresPerPixel
  }

  /// How many units; `nil` when none were formed.
  package var count: Int? { places.isEmpty ? nil : places.count }

  /// Hairs that belong to a unit, over units.
  package var hairsPerUnit: Double? {
    places.isEmpty ? nil : Double(hairs) / Double(places.count)
  }

  /// Why a figure about units is missing.
  package var reason: String {
    if countedHairs == 0 { return "no_hairs" }
    return places.count == 1 ? "one_unit" : "units_not_formed"
  }

  /// The mean distance from a unit to its nearest neighbour in mm; `nil` below two units.
  ///
  /// Units at the border of the area have their neighbours cut off, so it is biased upwards by a
  /// few per cent (Clark and Evans 1954, Ecology 35:445). Costs the square of the number of units.
  package var meanNearestDistanceMillimetres: Double? {
    guard places.count > 1 else { return nil }
    var sum = 0.0
    for (index, place) in places.enumerated() {
      var nearest = Double.infinity
      for (other, neighbour) in places.enumerated() where other != index {
        nearest = min(nearest, hypot(place.x - neighbour.x, place.y - neighbour.y))
      }
      sum += nearest
    }
    return sum / Double(places.count) * micrometresPerPixel / 1000
  }
}
