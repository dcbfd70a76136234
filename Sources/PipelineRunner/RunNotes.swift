import StageKit
import Synchronization

/// What the stages of one run want told at its end, and the files that they wrote.
final class RunNotes: Sendable {
  private struct State {
    var notices: [Notice] = []
    var files: [String: ReleasedFile] = [:]
  }
  private let state = Mutex(State())

  func add(_ notice: Notice) { state.withLock { $0.notices.append(notice) } }
  func add(_ file: ReleasedFile) { state.withLock { $0.files[file.path] = file } }

  var notices: [Notice] { state.withLock { $0.notices } }
  var files: [ReleasedFile] {
    state.withLock { $0.files.values.sorted { $0.path < $1.path } }
  }
}
