/// Rows of cells in columns, for a terminal.
struct TextTable {
  /// How a column's cells stand.
  enum Alignment { case left, right }

  private var rows: [[String]]
  private let alignments: [Alignment]

  /// Makes a table with a heading.
  init(_ heading: [(title: String, alignment: Alignment)]) {
    rows = [heading.map(\.title)]
    alignments = heading.map(\.alignment)
  }

  /// Adds a row.
  ///
  /// - Precondition: it has as many cells as the heading.
  mutating func add(_ cells: [String]) {
    precondition(cells.count == alignments.count, "a cell for each column")
    rows.append(cells)
  }

  /// Whether there are no rows below the heading.
  var isEmpty: Bool { rows.count == 1 }

  /// How many characters its longest line has, at most.
  var width: Int { alignments.indices.map(width).reduce(2 * (alignments.count - 1), +) }

  private func width(_ column: Int) -> Int { rows.map { $0[column].count }.max() ?? 0 }

  /// The table without some of its columns.
  func leavingOut(_ titles: Set<String>) -> TextTable {
    let kept = alignments.indices.filter { !titles.contains(rows[0][$0]) }
    var table = TextTable(kept.map { (rows[0][$0], alignments[$0]) })
    for row in rows.dropFirst() { table.add(kept.map { row[$0] }) }
    return table
  }

  /// The table without a final line feed, columns two spaces apart, no spaces at line ends.
  var text: String {
    let widths = alignments.indices.map(width)
    return rows.map { row in
      let cells = row.indices.map { column in
        let room = String(repeating: " ", count: widths[column] - row[column].count)
        return alignments[column] == .left ? row[column] + room : room + row[column]
      }
      var line = cells.joined(separator: "  ")
      while line.last == " " { line.removeLast() }
      return line
    }.joined(separator: "\n")
  }
}
