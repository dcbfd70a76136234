import ClinicalRecords
import Ledger
import PipelineFiles
import StageKit

extension RunSession {
  /// Settles what sources gave under another identity than before, and tells what a list changed.
  ///
  /// - Returns: what the list of pictures says otherwise than before, for a report below `private/`.
  func settleRefiled() throws -> [ListChange] {
    let sources = plan.stages.filter { $0.entry.kind == .source }
    let refiled = try ledger.settleRefiled(
      isComplete: !run.isStopping,
      listing: sources.filter { $0.intake == nil }.map(\.name))
    for edge in refiled.superseded { run.account.superseded(edge) }
    let source = sources.first?.name ?? ""
    do {
      try tell(refiled.changes, by: source)
    } catch let error as StageError {
      throw RunError(error, stage: source, fatal: .fatal)
    }
    tellWithdrawn(refiled, by: source)
    try tellLost(by: source)
    if !refiled.doubled.isEmpty {
      host.note(
        Notice(
          stage: source, code: "pictures_doubled",
          what: "\(Set(refiled.doubled.flatMap { [$0.earlier, $0.later] }).count) pictures are "
            + "byte for byte the same, listed more than once: \(names(refiled.doubled))",
          hint: "one picture shows one place of one subject: correct the list of pictures and run "
            + "again", isNegative: true))
    }
    return refiled.changes
  }

  // MARK: A changed list

  /// Tells each kind of change by the files, and keeps from what to what below `private/`.
  private func tell(_ changes: [ListChange], by source: String) throws {
    if changes.isEmpty { return }
    let folder = "\(plan.folder.privatePath)/list-changes"
    try OutputFile.makeFolder(folder, mode: 0o700)
    let path = "\(folder)/run-\(ledger.run).csv"
    let lines = ["file,change,before,now"] + changes.map(line)
    try OutputFile.write(
      Array(lines.map { $0 + "\r\n" }.joined().utf8), to: path, mode: 0o600)
    for kind in ListChange.Kind.allCases {
      let files = changes.filter { $0.kind == kind }.map(\.file)
      if files.isEmpty { continue }
      let list = Notice.list(files, most: 10)
      let hint =
        switch kind {
        case .unlisted:
          "a list may be of a part; to take one out: "
            + "anagen withdraw FILE --reason TEXT --data \(plan.folder.path)"
        case .replaced:
          "where it is another picture and not the old one again, give its file another name, put "
            + "the old one back and run again"
        case .refiled, .revalued, .displaced, .dropped:
          "\(path) says from what to what; if it is not meant, correct the list and run again: what "
            + "it names comes back"
        }
      host.note(
        Notice(
          stage: source, code: "pictures_\(kind)",
          what: files.count == 1
            ? "1 picture \(kind.words.one): \(list)"
            : "\(files.count) pictures \(kind.words.many): \(list)", hint: hint, isNegative: false))
    }
  }

  private func line(_ change: ListChange) -> String {
    [change.file, change.kind.rawValue, change.before, change.now].map { text in
      "\"\(text.replacing("\"", with: "\"\""))\""
    }.joined(separator: ",")
  }

  // MARK: Withdrawals

  private func tellWithdrawn(_ refiled: Refiled, by source: String) {
    let (withdrawn, beside) = (refiled.withdrawn, refiled.besideWithdrawn)
    if !withdrawn.isEmpty {
      host.note(
        Notice(
          stage: source, code: "pictures_withdrawn",
          what:
            "\(withdrawn.count) of the listed pictures \(withdrawn.count == 1 ? "was" : "were") "
            + "withdrawn, and \(withdrawn.count == 1 ? "stays" : "stay") out: "
            + Notice.list(withdrawn, most: 10),
          hint: "to let one come back: anagen withdraw --undo FILE --reason TEXT --data "
            + "\(plan.folder.path); a subject: anagen withdraw --undo --subject SUBJECT, the same way",
          isNegative: false))
    }
    if !beside.isEmpty {
      let (pictures, are) = beside.count == 1 ? ("picture", "is") : ("pictures", "are")
      host.note(
        Notice(
          stage: source, code: "pictures_beside_withdrawn",
          what: "\(beside.count) \(pictures) filed now \(are) of subjects of whom other pictures "
            + "were withdrawn: \(Notice.list(beside, most: 10))",
          hint: "where the subject withdrew: anagen withdraw --subject SUBJECT --reason TEXT "
            + "--data \(plan.folder.path) keeps out what there is and what will come",
          isNegative: false))
    }
  }

  /// Looked at once the sources have given what they have: what they gave again is stored again.
  private func tellLost(by source: String) throws {
    let lost = try ledger.lostOriginals()
    guard !lost.isEmpty else { return }
    host.note(
      Notice(
        stage: source, code: "originals_lost",
        what: "\(lost.count) original\(lost.count == 1 ? "" : "s") in private/content "
          + "\(lost.count == 1 ? "is" : "are") gone or of another size than when taken in: "
          + Notice.list(lost.map(\.file), most: 10),
        hint: "put \(plan.folder.privatePath)/content back from the backup; a picture that the "
          + "list names and whose file is there comes back by itself", isNegative: true))
  }

  /// The files of pairs, each with the acquisition that it is listed for.
  private func names(_ pairs: [Refiled.Pair]) -> String {
    Notice.list(
      pairs.map { pair in
        zip(pair.files, [pair.earlier, pair.later]).map { file, identity in
          "\(file) (\(AcquisitionKey(of: identity)?.path ?? ""))"
        }.joined(separator: " and ")
      })
  }
}

extension ListChange.Kind {
  /// What is said of one picture, and of several.
  fileprivate var words: (one: String, many: String) {
    switch self {
    case .refiled:
      (
        "is listed under another subject, visit or place than it was filed under, and counts there "
          + "now",
        "are listed under another subject, visit or place than they were filed under, and count "
          + "there now"
      )
    case .replaced:
      (
        "has other bytes than were filed under its name, which count no more",
        "have other bytes than were filed under their names, which count no more"
      )
    case .revalued:
      (
        "has another date or scale than it was filed with",
        "have another date or scale than they were filed with"
      )
    case .displaced:
      (
        "that was filed before is listed no more, and counts no more: another has its place",
        "that were filed before are listed no more, and count no more: others have their places"
      )
    case .dropped:
      (
        "that was filed before is listed no more, and counts no more: a copy of it stands where it "
          + "was listed before",
        "that were filed before are listed no more, and count no more: copies of them stand where "
          + "they were listed before"
      )
    case .unlisted:
      (
        "that was filed before is listed no more, and stands",
        "that were filed before are listed no more, and stand"
      )
    }
  }
}
