import StageKit
import Synchronization

/// What the stages of one run want told at its end, and the files that they wrote.
final class RunNotes: Sendable {
  private struct State {
    var notices: [Notice] = []
    var files: [String: ReleasedFile] = [:]
  }
  private let state = Mutex(State())

  /// Keeps a notice; what a stage said under the same code before is replaced, so that one which
  /// counts as it goes is told once.
  func add(_ notice: Notice) {
    state.withLock { state in
      let said = state.notices.firstIndex { $0.stage == notice.stage && $0.code == notice.code }
      if let said { state.notices[said] = notice } else { state.notices.append(notice) }
    }
  }
  func add(_ file: ReleasedFile) { state.withLock { $0.files[file.path] = file } }

  /// What was said, each once: several stages may have found the same.
  var notices: [Notice] {
    state.withLock { state in
      var said: Set<String> = []
      return state.notices.filter { said.insert("\($0.code)\n\($0.what)").inserted }
    }
  }
  var files: [ReleasedFile] {
    state.withLock { $0.files.values.sorted { $0.path < $1.path } }
  }
}
