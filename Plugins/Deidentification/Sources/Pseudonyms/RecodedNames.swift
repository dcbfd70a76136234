import StageKit
import Synchronization

/// Names of an open study that leave as codes, with what they stand for in `private/recoded.csv`.
///
/// Codes are a keyed function of the name, so the same in every run and every stage.
final class RecodedNames: Sendable {
  private let table: AppendedLines
  private let context: StageContext
  private let written: Mutex<Set<String>>

  /// Reads what earlier runs wrote.
  ///
  /// - Throws: ``StageError`` of class `fatal` when it cannot be read.
  init(_ context: StageContext) throws {
    self.context = context
    table = AppendedLines(
      path: "\(context.folder.privatePath)/recoded.csv", name: "'private/recoded.csv'")
    written = Mutex(Set(try table.lines()))
  }

  /// Makes sure that the table says what a code stands for, before it leaves, and tells of it.
  ///
  /// - Parameter column: the column of the list of pictures that the name comes from.
  func note(_ column: String, _ name: String, as code: String) throws {
    try written.withLock { written in
      let line = "\(code),\(column),\"\(name.replacing("\"", with: "\"\""))\""
      if written.contains(line) { return }
      if written.isEmpty {
        try OutputFile.makeFolder(context.folder.privatePath, mode: 0o700)
        try table.append("code,column,name")
      }
      try table.append(line)
      written.insert(line)
    }
    // The same words from every stage, so that the run tells it once: not each sees all names.
    context.host.note(
      Notice(
        stage: context.stage, code: "names_recoded",
        what: "names of subjects, visits or regions that could be a person's or a date leave as "
          + "codes",
        hint: "private/recoded.csv says what each stands for; a study file that states "
          + "subjects.pattern, visits and regions lets them leave as they are (--var study=FILE)",
        isNegative: false))
  }
}
