/// One value of a table.
enum TableCell {
  case text(String)
  case integer(Int)
  case number(Double)
  case boolean(Bool)
  case empty

  init(_ text: String?) { self = text.map { .text($0) } ?? .empty }
  init(_ number: Int?) { self = number.map { .integer($0) } ?? .empty }
  init(_ number: Double?) { self = number.map { .number($0) } ?? .empty }
}

/// A column, declared once: the header, every cell and the data dictionary come from here.
struct TableColumn<Row>: Sendable {
  /// The name in the header.
  let name: String
  /// `text`, `integer`, `number` or `boolean`.
  let type: String
  /// The unit; empty for what has none.
  let unit: String
  /// What it says, one sentence.
  let meaning: String
  /// The words or range that may stand there; empty when any may.
  let allowed: String
  /// What it comes from.
  let source: String
  /// The cell of a row.
  let cell: @Sendable (Row) -> TableCell

  init(
    _ name: String, _ type: String, unit: String = "", _ meaning: String, allowed: String = "",
    source: String, cell: @escaping @Sendable (Row) -> TableCell
  ) {
    self.name = name
    self.type = type
    self.unit = unit
    self.meaning = meaning
    self.allowed = allowed
    self.source = source
    self.cell = cell
  }
}

/// A table of rows of one kind.
struct TableDefinition<Row>: Sendable {
  /// The file's name without `.csv`.
  let name: String
  /// Its columns, in order.
  let columns: [TableColumn<Row>]

  /// The header line.
  var header: [UInt8] { CSVText.line(columns.map { .text($0.name) }) }

  /// The line of a row.
  func line(_ row: Row) -> [UInt8] { CSVText.line(columns.map { $0.cell(row) }) }

  /// The lines of the data dictionary.
  var dictionaryLines: [[UInt8]] {
    columns.map { column in
      CSVText.line([
        .text(name), .text(column.name), .text(column.type), .text(column.unit),
        .text(column.meaning), .text(column.allowed), .text(column.source),
      ])
    }
  }
}

/// The header of `data-dictionary.csv`.
enum DataDictionary {
  static let header = CSVText.line(
    ["table", "column", "type", "unit", "meaning", "allowed_values", "source"].map { .text($0) })
}
