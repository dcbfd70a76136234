/// Something that who runs a pipeline is told at its end, beside what was set aside.
///
/// It is shown with the results, to somebody who may see `OUT/private/`, and never logged; so it
/// may name a file that somebody put into the data folder.
public struct Notice: Sendable, Codable, Equatable {
  /// The stage that says it, by its key in the pipeline file.
  public let stage: String
  /// The stable word for it, such as `picture_lost`.
  public let code: String
  /// What was found, in words.
  public let what: String
  /// What to do about it.
  public let hint: String
  /// Whether the run's exit status says so too.
  public let isNegative: Bool

  /// Makes a notice.
  public init(stage: String, code: String, what: String, hint: String, isNegative: Bool) {
    self.stage = stage
    self.code = code
    self.what = what
    self.hint = hint
    self.isNegative = isNegative
  }

  /// Says that files which an earlier run wrote were changed or removed, and are written again.
  ///
  /// - Parameters:
  ///   - kind: what they are, such as `released pictures`.
  ///   - code: the notice's stable word.
  ///   - names: which of them.
  ///   - folder: where they lie.
  public static func restored(
    _ kind: String, code: String, _ names: [String], in folder: String, by stage: String
  ) -> Notice {
    Notice(
      stage: stage, code: code,
      what: "\(names.count) of the \(kind) had been changed or removed since the run that wrote "
        + "them, and were written again: \(list(names))",
      hint: "look who else writes in \(folder); what was handed on meanwhile may hold the changed "
        + "files", isNegative: false)
  }

  /// The first names and how many more there are.
  ///
  /// - Parameters:
  ///   - names: as they are to be shown; one that may hold anything, such as a file's, is quoted by
  ///     who calls.
  ///   - most: how many are shown; five tell which folder it is, and the rest would bury what else
  ///     is said.
  public static func list(_ names: [String], most: Int = 5) -> String {
    let shown = names.prefix(most)
    let rest = names.count - shown.count
    return shown.joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : "")
  }
}
