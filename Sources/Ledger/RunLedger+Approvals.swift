import ClinicalRecords
import GRDB
public import StageKit

extension RunLedger {
  /// Approves what deliveries are held for: a person looked, and nothing there identifies.
  ///
  /// The next run takes them, and their stages let pass exactly what was found, by content, version
  /// and place. All of them or none; the audit entry is in the same commit. Called, as commits are,
  /// by one thread at a time.
  ///
  /// - Parameters:
  ///   - numbers: the deliveries, as `quarantine list` shows them.
  ///   - actor: who looked.
  ///   - reason: why they may pass, in the words of who looked.
  /// - Returns: what is open now.
  /// - Throws: ``LedgerError`` with code `notSetAside` for one that is not held for a finding.
  public func approve(
    _ numbers: [Int64], by actor: String, reason: String
  ) throws -> [LedgerOutcome.Opened] {
    try RunLedger.inWords {
      try database.write { db in
        let step = QuarantineStep(db: db)
        let planned = try step.plannedEdges()
        var held: [(delivery: SetAsideDelivery, finding: String)] = []
        for number in numbers.uniqued() {
          let delivery = try step.setAside(number)
          guard planned.contains(delivery.edge) else {
            throw LedgerError(stageGone: number, on: delivery.edge)
          }
          guard let finding = try step.finding(of: number) else {
            throw LedgerError(
              .notSetAside, subject: "delivery \(number) is not held for something found in it",
              hint: "release it once its cause is mended, or purge it with a reason")
          }
          held.append((delivery, finding))
        }
        let time = now()
        let sequence = try AuditWriter(db: db, actor: actor, now: time).append(
          AuditAction(
            name: .approved, reason: reason,
            what: [
              .init("deliveries", .array(held.map { .integer($0.delivery.number) })),
              .init("run", .integer(run)),
            ]))
        for (delivery, finding) in held {
          try db.execute(
            sql: "INSERT OR IGNORE INTO approval(finding, audit) VALUES (?, ?)",
            arguments: [finding, sequence])
          try step.decide(
            "approved", on: delivery.number, stage: nil, by: actor, reason: reason, at: time,
            sequence)
          try step.open(delivery.number, run: run, because: "somebody approved it")
        }
        return held.map {
          LedgerOutcome.Opened(
            delivery: $0.delivery.number, edge: $0.delivery.edge,
            record: LedgerReference(number: $0.delivery.record))
        }
      }
    }
  }

  /// The number of the audit entry in which a person approved exactly this; `nil` when nobody did.
  public func approval(of finding: PictureFinding) throws -> Int64? {
    let text = try finding.text()
    return try RunLedger.inWords {
      try database.read { db in
        try Int64.fetchOne(
          db.cachedStatement(sql: "SELECT audit FROM approval WHERE finding = ?"),
          arguments: [text])
      }
    }
  }
}

extension QuarantineStep {
  /// What a delivery was last set aside for, as text.
  fileprivate func finding(of delivery: Int64) throws -> String? {
    try String.fetchOne(
      db,
      sql: "SELECT finding FROM quarantine WHERE delivery_id = ? ORDER BY id DESC LIMIT 1",
      arguments: [delivery])
  }
}

extension PictureFinding {
  /// The canonical text that approvals are kept under.
  func text() throws -> String {
    String(decoding: try CanonicalJSONEncoder().encode(self), as: UTF8.self)
  }

  /// Reads what ``text()`` made; `nil` for none.
  init?(text: String?) throws {
    guard let text else { return nil }
    self = try RecordDecoder().decode(PictureFinding.self, from: Array(text.utf8))
  }
}
