/// Where something stands in a file.
struct Place: Hashable, Comparable {
  /// The line, from 1.
  let line: Int
  /// The column in Unicode scalars, from 1.
  let column: Int
  /// How many columns it takes.
  var width = 1

  static func < (left: Place, right: Place) -> Bool {
    (left.line, left.column) < (right.line, right.column)
  }
}

/// What was found in the files of one reading, all of it; belongs to one reading and is not shared.
final class Findings {
  /// The most findings that are kept of one file: more than that help nobody, and a hostile file
  /// of 1 MiB could ask for a hundred thousand.
  private static let maximumPerFile = 200

  private var found: [(file: Int, place: Place, diagnostic: Diagnostic)] = []
  private var files: [String] = []

  /// Everything found, file by file in the order in which they were read, in the order of places.
  var diagnostics: [Diagnostic] {
    let order = found.enumerated().sorted {
      ($0.element.file, $0.element.place, $0.offset) < (
        $1.element.file, $1.element.place, $1.offset
      )
    }
    return order.map(\.element.diagnostic)
  }

  /// Whether anything found keeps the files from being used.
  private(set) var hasErrors = false

  /// Makes a file's findings come before those of files that are opened later.
  func open(_ file: String) {
    if !files.contains(file) { files.append(file) }
  }

  /// Adds a finding.
  ///
  /// - Parameter isHidden: whether the source line is shown only up to the place, since what stands
  ///   there may be a secret that somebody wrote out.
  func report(
    _ code: Diagnostic.Code, _ severity: Diagnostic.Severity = .error, at place: Place,
    in source: SourceText, _ what: String, hint: String, nearest: String? = nil,
    isHidden: Bool = false
  ) {
    if severity == .error { hasErrors = true }
    let place = source.clamped(place)
    guard let file = files.firstIndex(of: source.file) else {
      preconditionFailure("a file is opened before anything is found in it")
    }
    guard found.count(where: { $0.file == file }) < Findings.maximumPerFile else { return }
    var line = source.line(place.line)
    if isHidden {
      line = String(String.UnicodeScalarView(line.unicodeScalars.prefix(place.column - 1))) + "…"
    }
    let diagnostic = Diagnostic(
      severity: severity, code: code, file: source.file, line: place.line, column: place.column,
      width: isHidden ? 1 : place.width, what: what, hint: hint, nearest: nearest,
      sourceLine: line)
    found.append((file, place, diagnostic))
  }

  /// Adds a finding about a name that is not among the known ones.
  ///
  /// - Returns: the name that was meant, if one is near enough; none is looked for once the file
  ///   has as many findings as are kept.
  @discardableResult
  func reportUnknown(
    _ code: Diagnostic.Code, at place: Place, in source: SourceText, _ what: String,
    name: String, known: [String], otherwise hint: String
  ) -> String? {
    let isFull = found.count >= Findings.maximumPerFile
    let nearest = isFull ? nil : NearestName.of(name, among: known)
    report(
      code, at: place, in: source, what, hint: nearest.map { "did you mean '\($0)'?" } ?? hint,
      nearest: nearest)
    return nearest
  }
}
