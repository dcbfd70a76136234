import ClinicalRecords
import FoundationEssentials
import StageKit

/// The registry's file as it may leave: a copy of the one below `private/`, in which a run files,
/// without what was excluded (``LeavingRegistry``).
///
/// Whoever is given the data folder may open, change or lose the copy; nothing that they do there
/// reaches a figure, and the next run sees it, says what it was, and writes the copy again.
struct PublishedRegistry: Sendable {
  /// Where the copy lies.
  let path: String
  /// Where the run files.
  let working: String
  private let context: StageContext
  private let found: Found

  /// How a run found the copy.
  private enum Found: Sendable {
    /// As it was written, or nobody knows.
    case asWritten
    case missing
    /// The rows and parts that differ, in words.
    case altered([String])
    /// The file below `private/` was changed, in words; it is the copy's content again.
    case workingAltered([String], setAside: String)
    /// There is none to go on with; what lay there is set aside at the path.
    case begunAnew(setAside: String?, changes: [String])
  }

  /// Looks at the copy before anything is opened; where only it is left, it is gone on with.
  ///
  /// - Throws: a fatal ``StageError``: `registry_foreign` when something else lies in its place.
  init(path: String, context: StageContext) throws {
    self.path = path
    self.context = context
    working = "\(context.folder.privatePath)/registry/\(context.stage).sqlite"
    let written = context.host.lastReleased(context.folder.relative(path))
    let copy = try FileOnDisk(path)
    if written == nil, copy != nil { try RegistryFile.check(path) }
    try OutputFile.makeFolder("\(context.folder.privatePath)/registry", mode: 0o700)
    let left = context.host.lastReleased(context.folder.relative(working))
    let place = "\(working).leaving"
    if let changes = try PublishedRegistry.changes(
      in: working, leftAs: left, besides: path, leftAs: written, comparedAt: place)
    {
      let place = try PublishedRegistry.setAside(working, for: context)
      for file in [working] + PublishedRegistry.companions(of: working) {
        try FileManager.default.removeItem(atPath: file)
      }
      if changes.areUndoneByCopy {
        try FileOnDisk.copy(path, to: working, mode: 0o600)
        found = .workingAltered(changes.words, setAside: place)
      } else {
        found = .begunAnew(setAside: place, changes: changes.words)
      }
      return
    }
    let hasWorking = FileManager.default.fileExists(atPath: working)
    switch (copy, hasWorking) {
    case (nil, true): found = written == nil ? .asWritten : .missing
    case (nil, false):
      found = written == nil ? .asWritten : .begunAnew(setAside: nil, changes: [])
    case (let copy?, true):
      let isWritten = written == nil || copy.sha256 == written
      if isWritten && PublishedRegistry.companions(of: path).isEmpty {
        found = .asWritten
      } else {
        // Where a run was cut off, the working file has rows that the copy never had.
        let isAhead = try FileOnDisk(working)?.sha256 != left
        found = .altered(
          try LeavingRegistry(of: working).apply(to: working, at: place) { leaving in
            try RegistryDifference(
              of: path, from: leaving, allowing: isAhead ? .filedInOriginal : .nothing
            ).words()
          })
      }
    case (let copy?, false):
      // A copy from which something was taken out has not the history that the lost file had.
      if copy.sha256 == written, written == left {
        try FileOnDisk.copy(path, to: working, mode: 0o600)
        found = .asWritten
      } else {
        found = .begunAnew(
          setAside: try PublishedRegistry.setAside(path, for: context), changes: [])
      }
    }
  }

  /// What somebody changed in the file in which runs file, and whether the copy is what it was.
  private struct Changes {
    let words: [String]
    let areUndoneByCopy: Bool
  }

  /// Looks at the file in which runs file, before it is opened.
  ///
  /// A run that ends leaves it without a log and its digest in the ledger; one that is cut off
  /// leaves it as SQLite marks a file with a log, ahead of the copy. So another digest without that
  /// mark is somebody else's doing, and with it the file may differ from the copy only as a run
  /// changes it. What was added to the rows of a run that was cut off is not seen.
  ///
  /// - Parameters:
  ///   - digest: as the last run left it; `nil` where that is not known.
  ///   - copyDigest: as the last run left the copy.
  ///   - place: where the two are made alike to be compared.
  /// - Returns: `nil` when it is as a run left it, or not there.
  private static func changes(
    in working: String, leftAs digest: ContentDigest?, besides copy: String,
    leftAs copyDigest: ContentDigest?, comparedAt place: String
  ) throws -> Changes? {
    guard FileManager.default.fileExists(atPath: working) else { return nil }
    if digest != nil, companions(of: working).isEmpty, try FileOnDisk(working)?.sha256 == digest {
      return nil
    }
    guard let isCutOff = try RegistryFile.recover(working) else {
      return Changes(words: ["it is a registry no more"], areUndoneByCopy: false)
    }
    let own = try FileOnDisk(working)?.sha256
    if digest != nil, own == digest { return nil }
    let isCopyWhole = try copyDigest != nil && FileOnDisk(copy)?.sha256 == copyDigest
    let strange = try RegistryDifference.strangeParts(of: working)
    if isCopyWhole, companions(of: copy).isEmpty {
      let allowance: RegistryDifference.Allowance = isCutOff ? .filedSince : .nothing
      if digest == copyDigest || !strange.isEmpty {
        let words = try RegistryDifference(of: working, from: copy, allowing: allowance).words()
        return words.isEmpty ? nil : Changes(words: words, areUndoneByCopy: !isCutOff)
      }
      // Both without what either may not let out: a run that was cut off may have taken out more,
      // or let something in again.
      let leaving = try LeavingRegistry(of: working).union(LeavingRegistry(of: copy))
      let words = try leaving.apply(to: working, at: place) { own in
        try leaving.apply(to: copy, at: "\(place).copy") { other in
          try RegistryDifference(of: own, from: other, allowing: allowance).words()
        }
      }
      return words.isEmpty ? nil : Changes(words: words, areUndoneByCopy: false)
    }
    if digest == nil || isCutOff, strange.isEmpty { return nil }
    return Changes(
      words: strange.isEmpty ? ["so had its copy, or that is gone"] : strange,
      areUndoneByCopy: false)
  }

  /// Keeps a file that nobody wrote so, for who wants to know.
  private static func setAside(_ path: String, for context: StageContext) throws -> String {
    let place = "\(context.folder.privatePath)/withdrawn/\(context.stage).sqlite"
    try OutputFile.makeFolder("\(context.folder.privatePath)/withdrawn", mode: 0o700)
    try FileOnDisk.copy(path, to: place, mode: 0o600)
    return place
  }

  /// Writes the copy where it is not the working file's, and tells how it was found.
  ///
  /// - Parameter acquisitions: how many the registry has.
  func publish(acquisitions: Int) throws {
    try context.release(written: working)
    let companions = PublishedRegistry.companions(of: path)
    try LeavingRegistry(of: working).apply(to: working, at: "\(working).leaving") { leaving in
      guard let own = try FileOnDisk(leaving) else { throw FileOnDisk.unreadable(leaving) }
      if try FileOnDisk(path) != own || !companions.isEmpty {
        // A log of another program would be played into the copy by whoever opens it.
        for companion in companions { try FileManager.default.removeItem(atPath: companion) }
        try FileOnDisk.copy(leaving, to: path, mode: 0o644)
      }
      context.release(own, at: path)
    }
    tell(acquisitions)
  }

  private func tell(_ acquisitions: Int) {
    let name = context.folder.relative(path)
    let number = "\(acquisitions) acquisition\(acquisitions == 1 ? "" : "s")"
    switch found {
    case .asWritten: return
    case .missing:
      note(
        "\(name) was missing, and was written again with its \(number)",
        "look who else writes in \(context.folder.path)", isNegative: false)
    case .altered(let words):
      note(
        "\(name) had been changed since the run that wrote it, and was written again: "
          + words.joined(separator: "; "),
        "look who else writes in \(context.folder.path); what was handed on meanwhile may hold the "
          + "changed rows; what is wrong is corrected in the list of pictures, never in the registry",
        isNegative: true)
    case .workingAltered(let words, let place):
      note(
        "\(context.folder.relative(working)), in which runs file, had been changed since the run "
          + "that wrote it, and is what \(name) was again: " + words.joined(separator: "; "),
        "look who else writes in \(context.folder.path); the changed file is \(place) now; what is "
          + "wrong is corrected in the list of pictures, never in the registry",
        isNegative: true)
    case .begunAnew(let place, let changes):
      let why =
        changes.isEmpty
        ? ""
        : "\(context.folder.relative(working)), in which runs file, had been changed "
          + "(\(changes.joined(separator: "; "))): "
      note(
        why + "\(name) was begun anew and filed again from the ledger, \(number); what was "
          + "superseded or corrected before stands in it no more",
        place.map { "the file that lay there is \($0) now" }
          ?? "restore the data folder from its backup when that history is needed",
        isNegative: true)
    }
  }

  private func note(_ what: String, _ hint: String, isNegative: Bool) {
    context.host.note(
      Notice(
        stage: context.stage, code: "registry_restored", what: what, hint: hint,
        isNegative: isNegative))
  }

  /// Logs that SQLite would read with the copy; it is written without any.
  static func companions(of path: String) -> [String] {
    ["-wal", "-shm", "-journal"].map { path + $0 }
      .filter { FileManager.default.fileExists(atPath: $0) }
  }
}
