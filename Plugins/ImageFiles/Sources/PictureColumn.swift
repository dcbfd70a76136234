/// What a manifest or a file-name pattern can say of a picture.
enum PictureColumn: String, CaseIterable, Sendable {
  case file, subject, visit, date, region
  case scale = "um_per_px"
  case session, side, placement, field, attempt

  /// Columns that every manifest has.
  ///
  /// Without `date` or `um_per_px` nothing is known of them; where the column is present every row
  /// fills it, as it does `field`, or none does.
  static let required: [PictureColumn] = [.file, .subject, .visit, .region]

  /// Columns of which an empty cell says the usual: session D0, the region's side, placement and
  /// attempt 1.
  static let mayBeEmpty: Set<PictureColumn> = [.session, .side, .placement, .attempt]

  /// The column's name in a list for messages.
  static var names: String { allCases.map(\.rawValue).joined(separator: ", ") }

  /// The column with the nearest name within a third of its letters, for "did you mean".
  static func nearest(to name: String) -> PictureColumn? {
    let ranked = allCases.map { ($0, editDistance(name, $0.rawValue)) }
    return ranked.min { $0.1 < $1.1 }.flatMap { $0.1 <= max(2, name.count / 3) ? $0.0 : nil }
  }

  /// Levenshtein's distance.
  private static func editDistance(_ left: String, _ right: String) -> Int {
    let right = Array(right)
    var row = Array(0...right.count)
    for (position, character) in left.prefix(40).enumerated() {
      var diagonal = row[0]
      row[0] = position + 1
      for (index, other) in right.enumerated() {
        let above = row[index + 1]
        row[index + 1] = min(above + 1, row[index] + 1, diagonal + (character == other ? 0 : 1))
        diagonal = above
      }
    }
    return row[right.count]
  }
}

/// A picture that a manifest's row or a file's name speaks of, its values as written.
struct ListedPicture {
  /// The path below the folder.
  let file: String
  /// The values, as written.
  let values: [PictureColumn: String]
  /// Where each value stands, for messages.
  let places: [PictureColumn: String]
  /// Where the picture is listed.
  let place: String

  /// Where a column's value stands, or the whole entry.
  func place(of column: PictureColumn) -> String { places[column] ?? place }
}
