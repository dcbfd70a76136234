/// Gathers hairs into follicular units by where their roots stand.
///
/// Closest pairs join first, as long as their roots are within 0.20 mm of each other and the unit
/// does not spread over more than 0.30 mm: the first distance alone would chain neighbouring units
/// of a dense scalp into one. Units hold one to five hairs in health.
package struct UnitFormation: Sendable {
  /// The farthest that two roots of one unit stand apart to be joined, in µm.
  var linkageMicrometres = 200.0
  /// The most that a unit spreads, in µm.
  var mostSpreadMicrometres = 300.0

  /// The default distances.
  package init() {}

  /// The unit of every root, numbered from 0 in the order of their first hairs.
  package func units(of roots: [SIMD2<Double>], micrometresPerPixel: Double) -> [Int] {
    let reach = linkageMicrometres / micrometresPerPixel
    let spread = mostSpreadMicrometres / micrometresPerPixel
    var pairs: [(distance: Double, first: Int, second: Int)] = []
    let order = roots.indices.sorted {
      roots[$0].x == roots[$1].x ? $0 < $1 : roots[$0].x < roots[$1].x
    }
    for rank in order.indices {
      for other in order[(rank + 1)...] {
        let offset = roots[other] - roots[order[rank]]
        if offset.x > reach { break }
        let distance = (offset.x * offset.x + offset.y * offset.y).squareRoot()
        if distance <= reach {
          pairs.append((distance, min(order[rank], other), max(order[rank], other)))
        }
      }
    }
    pairs.sort { ($0.distance, $0.first, $0.second) < ($1.distance, $1.first, $1.second) }
    var unit = Array(roots.indices)
    var members = roots.indices.map { [$0] }
    for pair in pairs {
      let first = unit[pair.first]
      let second = unit[pair.second]
      guard first != second else { continue }
      let fits = members[first].allSatisfy { one in
        members[second].allSatisfy { other in
          let offset = roots[one] - roots[other]
          return offset.x * offset.x + offset.y * offset.y <= spread * spread
        }
      }
      guard fits else { continue }
      for member in members[second] { unit[member] = first }
      members[first] += members[second]
      members[second] = []
    }
    var numbers: [Int: Int] = [:]
    return unit.map { group in
      if let number = numbers[group] { return number }
      numbers[group] = numbers.count
      return numbers.count - 1
    }
  }
}
