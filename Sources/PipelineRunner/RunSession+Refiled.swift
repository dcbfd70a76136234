import ClinicalRecords
import Ledger
import PipelineFiles
import StageKit

extension RunSession {
  /// Settles what sources gave under another identity than before, and tells it.
  func settleRefiled() throws {
    let refiled = try ledger.settleRefiled(isComplete: !run.isStopping)
    for edge in refiled.superseded { run.account.superseded(edge) }
    let source = plan.stages.first { $0.entry.kind == .source }?.name ?? ""
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
