import ClinicalRecords
import Ledger
import PipelineFiles
import StageKit

extension RunSession {
  /// Settles what sources gave under another identity than before, and tells it.
  func settleRefiled() throws {
    let sources = plan.stages.filter { $0.entry.kind == .source }
    let refiled = try ledger.settleRefiled(
      isComplete: !run.isStopping,
      listing: sources.filter { $0.intake == nil }.map(\.name))
    for edge in refiled.superseded { run.account.superseded(edge) }
    let source = sources.first?.name ?? ""
    tellUnlisted(refiled, by: source)
    if !refiled.corrected.isEmpty {
      host.note(
        Notice(
          stage: source, code: "pictures_refiled",
          what: "\(refiled.corrected.count) of the pictures were filed under another subject, "
            + "visit or place before; the earlier acquisitions are excluded now and kept as "
            + "history: \(names(refiled.corrected, "is now"))",
          hint: "if that is not meant, correct the list of pictures and run again: what it names "
            + "comes back", isNegative: false))
    }
    if !refiled.doubled.isEmpty {
      host.note(
        Notice(
          stage: source, code: "pictures_doubled",
          what: "\(refiled.doubled.count) of the pictures stand twice, byte for byte the same "
            + "under two names: \(names(refiled.doubled, "and"))",
          hint: "one picture shows one place of one subject: correct the list of pictures and run "
            + "again", isNegative: true))
    }
  }

  /// Who takes a row out of a list may think that the picture goes with it.
  private func tellUnlisted(_ refiled: Refiled, by source: String) {
    let (unlisted, withdrawn) = (refiled.unlisted, refiled.withdrawn)
    if !unlisted.isEmpty {
      host.note(
        Notice(
          stage: source, code: "pictures_unlisted",
          what: unlisted.count == 1
            ? "1 picture that was filed before is listed no more, and stands: \(unlisted[0])"
            : "\(unlisted.count) pictures that were filed before are listed no more, and stand: "
              + Notice.list(unlisted),
          hint: "a list may be of a part; to take one out: "
            + "anagen withdraw FILE --reason TEXT --data \(plan.folder.path)", isNegative: false))
    }
    if !withdrawn.isEmpty {
      host.note(
        Notice(
          stage: source, code: "pictures_withdrawn",
          what:
            "\(withdrawn.count) of the listed pictures \(withdrawn.count == 1 ? "was" : "were") "
            + "withdrawn, and \(withdrawn.count == 1 ? "stays" : "stay") out: "
            + Notice.list(withdrawn),
          hint: "to let one come back: anagen withdraw --undo FILE --reason TEXT --data "
            + plan.folder.path, isNegative: false))
    }
  }

  /// The acquisitions of pairs, without the kind of record.
  private func names(_ pairs: [Refiled.Pair], _ word: String) -> String {
    Notice.list(
      pairs.map { pair in
        [pair.earlier, pair.later].map { identity in
          identity.text.split(separator: ":", maxSplits: 1).last.map(String.init) ?? ""
        }.joined(separator: " \(word) ")
      })
  }
}
