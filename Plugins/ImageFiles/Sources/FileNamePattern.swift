/// How file names tell the acquisition: `{subject}_{visit}_{region}_{field}.jpg`.
///
/// A placeholder is a column's name in braces and stands for one or more characters other than a
/// slash; letters outside braces match in either case, since cameras write `.JPG`. A pattern
/// without an ending stands for files of every ending.
struct FileNamePattern {
  private enum Part { case text([Character]), value(PictureColumn) }

  private let parts: [Part]
  /// Whether the pattern says nothing of the file's ending.
  private let leavesEnding: Bool

  /// Reads a pattern.
  ///
  /// - Throws: ``RefusedValue`` for unknown, doubled or touching placeholders and missing columns.
  init(_ pattern: String) throws(RefusedValue) {
    var parts: [Part] = []
    var seen: Set<PictureColumn> = []
    var rest = pattern[...]
    while !rest.isEmpty {
      let text = rest.prefix { $0 != "{" }
      if !text.isEmpty { parts.append(.text(Array(text.lowercased()))) }
      rest = rest.dropFirst(text.count)
      guard !rest.isEmpty else { break }
      guard let close = rest.firstIndex(of: "}") else {
        throw RefusedValue("the file pattern has an open brace", hint: "close it with '}'")
      }
      let name = String(rest[rest.index(after: rest.startIndex)..<close])
      guard let column = PictureColumn(rawValue: name), column != .file else {
        throw RefusedValue(
          "the file pattern has an unknown placeholder '{\(name)}'",
          hint: "placeholders are \(PictureColumn.names)")
      }
      guard seen.insert(column).inserted else {
        throw RefusedValue("the file pattern has '{\(name)}' twice", hint: "remove one of them")
      }
      if case .value = parts.last {
        throw RefusedValue(
          "two placeholders of the file pattern touch", hint: "put a character between them")
      }
      parts.append(.value(column))
      rest = rest[rest.index(after: close)...]
    }
    for column in [PictureColumn.subject, .visit, .region] where !seen.contains(column) {
      throw RefusedValue(
        "the file pattern has no '{\(column.rawValue)}'",
        hint: "subject, visit and region are needed")
    }
    self.parts = parts
    leavesEnding = if case .text(let text) = parts.last { !text.contains(".") } else { true }
  }

  /// The values in a path below the folder; `nil` when it does not match.
  ///
  /// Each placeholder takes as little as the rest allows.
  func values(in path: String) -> [PictureColumn: String]? {
    var values: [PictureColumn: String] = [:]
    var failed: Set<Place> = []
    var path = Array(path)[...]
    if leavesEnding, let dot = path.lastIndex(of: "."), !path[dot...].contains("/") {
      path = path[..<dot]
    }
    return match(parts[...], path, &values, &failed) ? values : nil
  }

  /// A part and a place in the path that were tried together.
  private struct Place: Hashable { let part, index: Int }

  /// Matches from one part and place on; what failed once is not tried again, so that the cost is
  /// at most parts x length².
  private func match(
    _ parts: ArraySlice<Part>, _ path: ArraySlice<Character>,
    _ values: inout [PictureColumn: String], _ failed: inout Set<Place>
  ) -> Bool {
    guard let first = parts.first else { return path.isEmpty }
    let place = Place(part: parts.startIndex, index: path.startIndex)
    guard !failed.contains(place) else { return false }
    switch first {
    case .text(let text):
      guard path.count >= text.count,
        zip(path, text).allSatisfy({ $0.lowercased() == String($1) })
      else { break }
      if match(parts.dropFirst(), path.dropFirst(text.count), &values, &failed) { return true }
    case .value(let column):
      var end = path.startIndex
      while end < path.endIndex, path[end] != "/" {
        end += 1
        if match(parts.dropFirst(), path[end...], &values, &failed) {
          values[column] = String(path[path.startIndex..<end])
          return true
        }
      }
    }
    failed.insert(place)
    return false
  }
}
