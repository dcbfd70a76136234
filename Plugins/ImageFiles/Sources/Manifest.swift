/// A `manifest.csv`, cut into the pictures it lists; their values are judged later.
struct Manifest {
  /// One for each row.
  let pictures: [ListedPicture]
  /// What is wrong with the header and with the shape of rows, of which the others are read on.
  let problems: ManifestProblems
  /// Whether `2,78` can be a number: the comma does not separate fields.
  let decimalComma: Bool

  /// The largest manifest in bytes: 64 MiB, half a million rows of 128 bytes.
  static let byteLimit = 64 << 20

  /// Reads a manifest.
  ///
  /// - Parameters:
  ///   - bytes: the whole file.
  ///   - file: the manifest's name, for messages.
  /// - Throws: ``ManifestProblems`` where no row can be read.
  init(_ bytes: [UInt8], file: String) throws {
    guard bytes.count <= Manifest.byteLimit else {
      throw ManifestProblems(
        file, 1, 1, "the manifest is above 64 MiB", hint: "split it over several folders")
    }
    let table = try DelimitedText(bytes, file: file)
    guard let header = table.rows.first else {
      throw ManifestProblems(
        file, 1, 1, "the manifest is empty",
        hint: "its first line names columns, such as file,subject")
    }
    var problems = ManifestProblems()
    let columns = Manifest.columns(header, file: file, &problems)
    let fields = columns.firstIndex(of: .field)
    // A column that every row leaves empty is none.
    let hasFields = fields.map { column in
      table.rows.dropFirst().contains { $0.count > column && !$0[column].text.isEmpty }
    }
    let left =
      hasFields == false ? PictureColumn.mayBeEmpty.union([.field]) : PictureColumn.mayBeEmpty
    var pictures: [ListedPicture] = []
    for row in table.rows.dropFirst() {
      guard row.count == header.count else {
        problems.add(
          "\(file):\(row[0].line):\(row[0].column)",
          "the row has \(row.count) fields and the header \(header.count)",
          hint: "quote a field that holds the separator")
        continue
      }
      pictures.append(Manifest.picture(row, columns, leavingOut: left, file: file))
    }
    if pictures.isEmpty, !problems.problems.isEmpty { throw problems }
    guard !pictures.isEmpty else {
      throw ManifestProblems(
        file, 1, 1, "the manifest lists no picture", hint: "write one row for each picture")
    }
    self.pictures = pictures
    self.problems = problems
    decimalComma = table.separator != UInt8(ascii: ",")
  }

  private static func columns(
    _ header: [DelimitedText.Field], file: String, _ problems: inout ManifestProblems
  ) -> [PictureColumn?] {
    var seen: Set<PictureColumn> = []
    let columns = header.map { field -> PictureColumn? in
      let name = field.text.lowercased()
      let place = "\(file):\(field.line):\(field.column)"
      guard let column = PictureColumn(rawValue: name) else {
        let nearest = PictureColumn.nearest(to: name).map { "did you mean '\($0.rawValue)'" }
        problems.add(
          place,
          field.text.isEmpty ? "a column has no name" : "the column '\(field.text)' is unknown",
          hint: nearest ?? "columns are \(PictureColumn.names)")
        return nil
      }
      if !seen.insert(column).inserted {
        problems.add(place, "the column '\(name)' stands twice", hint: "remove one of them")
      }
      return column
    }
    for missing in PictureColumn.required where !seen.contains(missing) {
      problems.add(
        "\(file):1:1", "the column '\(missing.rawValue)' is missing",
        hint: "columns are \(PictureColumn.names)")
    }
    return columns
  }

  private static func picture(
    _ row: [DelimitedText.Field], _ columns: [PictureColumn?],
    leavingOut left: Set<PictureColumn>, file: String
  ) -> ListedPicture {
    var values: [PictureColumn: String] = [:]
    var places: [PictureColumn: String] = [:]
    for (column, field) in zip(columns, row) {
      guard let column, !(field.text.isEmpty && left.contains(column)) else { continue }
      values[column] = field.text
      places[column] = "\(file):\(field.line):\(field.column)"
    }
    return ListedPicture(
      file: values[.file] ?? "", values: values, places: places,
      place: "\(file):\(row[0].line):\(row[0].column)")
  }
}
