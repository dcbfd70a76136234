/// Tells what a folder's list gained since the last look, once its files have stopped growing.
struct FolderWatcher {
  private var taken: [String: ListedAcquisition] = [:]
  private var seen: [String: [Int]] = [:]
  private var lastProblem: String?

  /// Starts from what was taken already.
  init(taken: [ListedAcquisition]) {
    for acquisition in taken { self.taken[acquisition.file] = acquisition }
  }

  /// The acquisitions that are new or changed and whose files were the same at two looks.
  ///
  /// - Parameter signature: a file's size and time of change; `nil` when it is not there.
  mutating func newlyComplete(
    _ current: [ListedAcquisition], signature: (String) -> [Int]?
  ) -> [ListedAcquisition] {
    lastProblem = nil
    var complete: [ListedAcquisition] = []
    for acquisition in current where taken[acquisition.file] != acquisition {
      let now = signature(acquisition.file)
      if let now, seen[acquisition.file] == now {
        taken[acquisition.file] = acquisition
        seen[acquisition.file] = nil
        complete.append(acquisition)
      } else {
        seen[acquisition.file] = now
      }
    }
    return complete
  }

  /// Whether a problem is another one than at the last look, so that it is told once.
  mutating func isNewProblem(_ text: String) -> Bool {
    defer { lastProblem = text }
    return lastProblem != text
  }
}
