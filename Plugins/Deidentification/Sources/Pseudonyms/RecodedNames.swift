import StageKit
import Synchronization

/// Names of an open study that leave as codes, with what they stand for in `private/recoded.csv`.
///
/// Codes are a keyed function of the name, so the same in every run and every stage.
final class RecodedNames: Sendable {
  private struct State {
    var written: Set<String>
    /// The codes of this run.
    var told: Set<String> = []
  }

  private let table: AppendedLines
  private let context: StageContext
  private let state: Mutex<State>

  /// Reads what earlier runs wrote.
  ///
  /// - Throws: ``StageError`` of class `fatal` when it cannot be read.
  init(_ context: StageContext) throws {
    self.context = context
    table = AppendedLines(
      path: "\(context.folder.privatePath)/recoded.csv", name: "'private/recoded.csv'")
    state = Mutex(State(written: Set(try table.lines())))
  }

  /// Makes sure that the table says what a code stands for, before it leaves, and tells of it.
  ///
  /// - Parameter column: the column of the list of pictures that the name comes from.
  func note(_ column: String, _ name: String, as code: String) throws {
    let codes = try state.withLock { state -> [String]? in
      let line = "\(code),\(column),\"\(name.replacing("\"", with: "\"\""))\""
      if !state.written.contains(line) {
        if state.written.isEmpty {
          try OutputFile.makeFolder(context.folder.privatePath, mode: 0o700)
        }
        try table.append(line)
        state.written.insert(line)
      }
      return state.told.insert(code).inserted ? state.told.sorted() : nil
    }
    guard let codes else { return }
    context.host.note(
      Notice(
        stage: context.stage, code: "names_recoded",
        what: "\(codes.count) name\(codes.count == 1 ? "" : "s") of subjects, visits or regions "
          + "could be a person's or a date, and leave\(codes.count == 1 ? "s as a code" : " as codes"): "
          + Notice.list(codes),
        hint: "private/recoded.csv says what each stands for; a study file that states "
          + "subjects.pattern, visits and regions lets them leave as they are (--var study=FILE)",
        isNegative: false))
  }
}
