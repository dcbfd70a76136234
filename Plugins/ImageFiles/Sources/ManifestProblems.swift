/// Everything that is wrong with a manifest or with a folder's file names, in order of place.
///
/// A problem tells its place and never the value there: a subject, a date or a file's name may
/// identify a person.
struct ManifestProblems: Error, Sendable, Equatable, CustomStringConvertible {
  /// One thing that is wrong.
  struct Problem: Sendable, Equatable, CustomStringConvertible {
    /// `FILE:LINE:COLUMN`, or a picture's path where there is no manifest.
    let place: String
    let what: String
    let hint: String

    var description: String { "\(place): error: \(what); \(hint)" }
  }

  /// More are counted and not shown: a wrong column makes one for each row, and nobody reads on.
  static let shown = 50

  private(set) var problems: [Problem] = []

  init() {}

  init(_ file: String, _ line: Int, _ column: Int, _ what: String, hint: String) {
    problems = [Problem(place: "\(file):\(line):\(column)", what: what, hint: hint)]
  }

  mutating func add(_ place: String, _ what: String, hint: String) {
    problems.append(Problem(place: place, what: what, hint: hint))
  }

  /// The same problems in the order in which a list has its places.
  func sorted(like places: [String]) -> ManifestProblems {
    let ranks = Dictionary(zip(places, places.indices), uniquingKeysWith: { first, _ in first })
    var sorted = self
    sorted.problems.sort { (ranks[$0.place] ?? 0) < (ranks[$1.place] ?? 0) }
    return sorted
  }

  /// One line each.
  var description: String {
    var lines = problems.prefix(ManifestProblems.shown).map(\.description)
    if problems.count > ManifestProblems.shown {
      lines.append("and \(problems.count - ManifestProblems.shown) more")
    }
    return lines.joined(separator: "\n")
  }
}
