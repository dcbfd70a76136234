import StageKit

/// Where follicular units stand: evenly random, but not closer than a hard core.
///
/// Counts of real scalps are less dispersed than Poisson (variance to mean 0.44 in the FDU fields),
/// as units keep their distance; dart throwing with a core of 0.62 of the lattice spacing gives the
/// like of it.
struct FollicularUnitLayout {
  /// The centres in µm.
  let centres: [SIMD2<Double>]

  /// Throws darts at a rectangle centred on the origin.
  ///
  /// - Parameters:
  ///   - count: how many units.
  ///   - patch: the rectangle's size in µm.
  ///   - existing: units that stand already.
  init(
    count: Int, in patch: SIMD2<Double>, beside existing: [SIMD2<Double>] = [],
    drawing generator: inout SeededGenerator
  ) {
    let total = Double(count + existing.count)
    var core = total > 0 ? 0.62 * (patch.x * patch.y / total).squareRoot() : 0
    var grid = OccupancyGrid(patch: patch, cell: max(core, 1))
    for centre in existing { grid.insert(centre) }
    var placed: [SIMD2<Double>] = []
    placed.reserveCapacity(count)
    var misses = 0
    while placed.count < count {
      let dart = generator.point(in: patch)
      if grid.isFree(dart, within: core) {
        grid.insert(dart)
        placed.append(dart)
        misses = 0
      } else {
        misses += 1
        // A random packing jams; the core gives way so that the loop ends with the count asked for.
        if misses > 400 {
          core *= 0.9
          misses = 0
        }
      }
    }
    centres = placed
  }
}

/// Points in square cells, so that a neighbour is found without asking all.
private struct OccupancyGrid {
  private let cell: Double
  private let patch: SIMD2<Double>
  private let columns: Int
  private let rows: Int
  private var cells: [[SIMD2<Double>]]

  init(patch: SIMD2<Double>, cell: Double) {
    // At most a million cells, whatever the patch.
    self.cell = max(cell, (patch.x * patch.y / 1_000_000).squareRoot())
    self.patch = patch
    columns = Int(patch.x / self.cell) + 1
    rows = Int(patch.y / self.cell) + 1
    cells = Array(repeating: [], count: columns * rows)
  }

  private func position(_ point: SIMD2<Double>) -> (column: Int, row: Int) {
    let column = Int((point.x + patch.x / 2) / cell)
    let row = Int((point.y + patch.y / 2) / cell)
    return (min(max(column, 0), columns - 1), min(max(row, 0), rows - 1))
  }

  mutating func insert(_ point: SIMD2<Double>) {
    let (column, row) = position(point)
    cells[row * columns + column].append(point)
  }

  func isFree(_ point: SIMD2<Double>, within distance: Double) -> Bool {
    let (column, row) = position(point)
    for near in max(0, row - 1)...min(rows - 1, row + 1) {
      for beside in max(0, column - 1)...min(columns - 1, column + 1) {
        for other in cells[near * columns + beside] where (other - point).length < distance {
          return false
        }
      }
    }
    return true
  }
}
