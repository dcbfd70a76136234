import ClinicalRecords
import Foundation
import GRDB
import StageKit
import Synchronization

extension RunLedger {
  /// Commits a batch in one transaction, contents first; durable on return.
  ///
  /// For each entry, in order: the product is stored (or found, when the same digest is there),
  /// older versions of its identity are superseded, its deliveries are opened unless their
  /// results stand, and the ends are noted.
  ///
  /// - Parameter entries: what to commit.
  /// - Returns: what was done, one for each entry.
  /// - Throws: ``LedgerError``; nothing of the batch is committed.
  public func commit(_ entries: [LedgerEntry]) throws -> [LedgerOutcome] {
    try contents.store(entries.flatMap { $0.product?.encoded.bodies ?? [] })
    let routes = routes.withLock { $0 }
    let outcomes = try RunLedger.inWords {
      try database.write { db in
        let now = now()
        let exports = ExportTally(
          writer: AuditWriter(db: db, actor: actor, now: now), run: run, plan: planDigest)
        let step = CommitStep(
          db: db, run: run, now: now, routes: routes, exports: exports,
          hasWithdrawals: try Bool.fetchOne(
            db.cachedStatement(
              sql: """
                SELECT EXISTS (SELECT 1 FROM withdrawal)
                  OR EXISTS (SELECT 1 FROM withdrawn_subject)
                """)) == true,
          hasGivenUp: try GivenUp.isAny(db))
        let outcomes = try entries.map { try step.perform($0) }
        try exports.write()
        return outcomes
      }
    }
    for entry in entries {
      for content in entry.product?.record.contents ?? [] where content.unstoredBytes != nil {
        content.settle(at: contents.path(of: content.sha256))
      }
    }
    return outcomes
  }
}

/// The work of one transaction.
private struct CommitStep {
  let db: Database
  let run: Int64
  let now: Double
  let routes: RouteTable
  let exports: ExportTally
  /// Asked once: what a person takes out while the batch is written waits for its end.
  let hasWithdrawals: Bool
  let hasGivenUp: Bool

  func perform(_ entry: LedgerEntry) throws -> LedgerOutcome {
    var outcome = LedgerOutcome()
    if let effect = entry.sending { try EffectLog(db: db).send(effect, run: run, at: now) }
    for end in entry.ends {
      // What was taken was taken, also of a record that a newer version superseded meanwhile.
      let effect = end.failure == nil ? end.effect : nil
      if let effect { try confirm(effect) }
      if try !self.end(end) {
        outcome.overtaken = true
        if let effect { try reopen(after: effect, &outcome) }
      }
    }
    if let delivery = entry.product?.delivery, entry.ends.isEmpty, try isSuperseded(delivery) {
      outcome.overtaken = true
    }
    // A newer version of the record came while this delivery was in hand: what it gave is stale.
    if outcome.overtaken { return outcome }
    if let product = entry.product {
      let record = try store(product, &outcome)
      if record.isWithdrawn { return outcome }
      outcome.reference = LedgerReference(number: record.row)
      try open(
        record.row, product.encoded.digest, from: product.stage, isNew: record.isNew, &outcome)
    }
    return outcome
  }

  private func confirm(_ effect: Effect) throws {
    try EffectLog(db: db).confirm(effect, run: run, at: now) { digest in
      try exports.note(.exportConfirmed, effect, digest: digest)
    }
  }

  private func isSuperseded(_ delivery: Int64) throws -> Bool {
    let state = try Int.fetchOne(
      db.cachedStatement(sql: "SELECT state FROM delivery WHERE id = ?"), arguments: [delivery])
    return state == DeliveryState.superseded.rawValue
  }

  private func execute<each Value: SQLiteBindable>(
    _ sql: String, _ values: repeat each Value
  ) throws {
    try CommitStatements(db: db).run(sql, repeat each values)
  }

  /// Finds or makes the record's row and makes it the current version of its identity.
  private func store(
    _ product: LedgerEntry.Product, _ outcome: inout LedgerOutcome
  ) throws -> (row: Int64, isNew: Bool, isWithdrawn: Bool) {
    let encoded = product.encoded
    let identity = product.record.identity.text
    var known: Int64?
    var hasOthers = false
    try CommitStatements(db: db).rows(
      of: "SELECT id, digest FROM record WHERE identity = ?", identity
    ) { version in
      if version.text(1) == encoded.digest { known = version.integer(0) } else { hasOthers = true }
    }
    let row: Int64
    if let known {
      row = known
    } else {
      try execute(
        """
        INSERT INTO record(schema, identity, digest, label, payload, payload_sha256)
        VALUES (?, ?, ?, ?, ?, ?)
        """,
        encoded.schema, identity, encoded.digest, product.record.privacy.rawValue,
        encoded.payloadContent == nil ? encoded.payload : nil, encoded.payloadContent?.hexadecimal)
      row = db.lastInsertedRowID
    }
    let isWithdrawn =
      try hasWithdrawals && product.delivery == nil && isWithdrawn(row, product, &outcome)
    if (known != nil || hasOthers) && !isWithdrawn {
      try makeCurrent(row, identity: identity, isNew: known == nil, &outcome)
    }
    try execute(
      """
      INSERT INTO provenance(record_id, delivery_id, parent_id, run_id, stage, result_version)
      VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET stands = 1
      """,
      row, product.delivery ?? 0, product.parent?.number, run, product.stage,
      product.resultVersion)
    if product.delivery == nil, let content = product.record.contents.first {
      try execute(
        "INSERT OR IGNORE INTO temp.given(content, record_id) VALUES (?, ?)",
        RunLedger.givenKey(content.sha256), row)
    }
    return (row, known == nil, isWithdrawn)
  }

  /// Whether somebody took a source record out: that it is given again changes nothing.
  ///
  /// Taken out with it is the same file with another date, scale or bytes under the same identity,
  /// and the same bytes under another: what was withdrawn is the picture, not a row of a list. With
  /// a subject go all pictures of that subject, also of another study's name.
  private func isWithdrawn(
    _ row: Int64, _ product: LedgerEntry.Product, _ outcome: inout LedgerOutcome
  ) throws -> Bool {
    let content = product.record.contents.first?.sha256.hexadecimal
    let found = try Row.fetchOne(
      db.cachedStatement(
        sql: """
          SELECT record_id, audit FROM withdrawal JOIN record ON record.id = record_id
          WHERE record_id = :row OR instr(CAST(payload AS TEXT), :content) > 0
            OR (identity = :identity AND json_extract(CAST(payload AS TEXT), '$.fileName')
              = (SELECT json_extract(CAST(payload AS TEXT), '$.fileName') FROM record
                WHERE id = :row))
          ORDER BY record_id <> :row LIMIT 1
          """),
      arguments: ["row": row, "content": content, "identity": product.record.identity.text])
    if let found, found["record_id"] as Int64 == row { return true }
    let audit: Int64? =
      try found.map { $0["audit"] } ?? withdrawal(ofSubjectOf: product.record.identity)
    guard let audit else { return false }
    try execute("INSERT INTO withdrawal(record_id, audit) VALUES (?, ?)", row, audit)
    // With all that came of it: it may have counted until now, as the second of two copies.
    outcome.superseded += try RunLedger.supersede(row, for: row, db, run: run, at: now)
    return true
  }

  /// The audit entry by which somebody took out the subject of an acquisition.
  private func withdrawal(ofSubjectOf identity: RecordIdentity) throws -> Int64? {
    guard let key = AcquisitionKey(of: identity) else { return nil }
    return try Int64.fetchOne(
      db.cachedStatement(sql: "SELECT audit FROM withdrawn_subject WHERE subject = ?"),
      arguments: [key.subject])
  }

  /// Supersedes the other versions of an identity, and their open deliveries with them.
  private func makeCurrent(
    _ row: Int64, identity: String, isNew: Bool, _ outcome: inout LedgerOutcome
  ) throws {
    if !isNew {
      try execute(
        "UPDATE record SET superseded_by = NULL WHERE id = ? AND superseded_by IS NOT NULL", row)
    }
    let others = try Int64.fetchAll(
      db.cachedStatement(
        sql: "SELECT id FROM record WHERE identity = ? AND id <> ? AND superseded_by IS NULL"),
      arguments: [identity, row])
    for other in others {
      try execute("UPDATE record SET superseded_by = ? WHERE id = ?", row, other)
      try supersede("record_id = ?", [other], &outcome)
    }
  }

  private func supersede(
    _ condition: String, _ arguments: StatementArguments, _ outcome: inout LedgerOutcome
  ) throws {
    let rows = try Row.fetchAll(
      db.cachedStatement(
        sql: """
          SELECT delivery.id AS id, record_id, from_stage, to_stage
          FROM delivery JOIN route ON route.id = route_id WHERE state = 0 AND \(condition)
          """),
      arguments: arguments)
    for row in rows {
      try noteDoubt(row["id"], of: row["record_id"], at: row["to_stage"])
      try execute(
        "UPDATE delivery SET state = 3, ended_run = ?, ended_at = ? WHERE id = ?", run, now,
        row["id"] as Int64)
      outcome.superseded.append(EdgeKey(from: row["from_stage"], to: row["to_stage"]))
    }
  }

  /// Notes that a delivery that was pending may have had its effect.
  ///
  /// What the destination holds last is then not known, so that an earlier version that comes back
  /// is brought about anew. A destination that is asked was noted before the call.
  private func noteDoubt(_ delivery: Int64, of record: Int64, at stage: String) throws {
    guard let destination = routes.destination(of: stage), !destination.isAsked else { return }
    let effect = Effect(
      destination: destination, record: LedgerReference(number: record), delivery: delivery,
      stage: stage)
    try EffectLog(db: db).send(effect, run: run, at: now)
  }

  /// Opens again what a destination took of the current version, since it took an older one too and
  /// nobody knows which of them last.
  private func reopen(after effect: Effect, _ outcome: inout LedgerOutcome) throws {
    let rows = try Row.fetchAll(
      db.cachedStatement(
        sql: """
          SELECT delivery.id AS id, route_id, current.id AS record_id, current.digest
          FROM record AS old
          JOIN record AS current ON current.identity = old.identity AND current.id <> old.id
            AND current.superseded_by IS NULL
          JOIN delivery ON delivery.record_id = current.id AND delivery.state = 1
          JOIN route ON route.id = route_id AND to_stage = ?
          WHERE old.id = ?
          """), arguments: [effect.stage, effect.record.number])
    for row in rows {
      guard let route = routes.route(row["route_id"]) else { continue }
      try DeliveryReopening(db: db, run: run).open(row["id"], because: "return")
      try opened(row["id"], route, row["record_id"], row["digest"], &outcome)
    }
  }

  /// Opens a record's deliveries on the edges out of a stage, or follows the results that stand.
  private func open(
    _ record: Int64, _ digest: String, from stage: String, isNew: Bool,
    _ outcome: inout LedgerOutcome
  ) throws {
    for route in routes.outOf[stage] ?? [] {
      let found =
        try isNew
        ? nil
        : Row.fetchOne(
          db.cachedStatement(
            sql: "SELECT id, state FROM delivery WHERE record_id = ? AND route_id = ?"),
          arguments: [record, route.id])
      let earlier = try givenUp(record, on: route, as: found)
      guard let found else {
        if !isNew {
          try supersede(
            "record_id = ? AND from_stage = ? AND to_stage = ?",
            [record, route.edge.from, route.edge.to], &outcome)
        }
        try execute(
          "INSERT INTO delivery(record_id, route_id, state, opened_run) VALUES (?, ?, 0, ?)",
          record, route.id, run)
        if let earlier {
          try giveUp(db.lastInsertedRowID, as: earlier, on: route, &outcome)
        } else {
          try opened(db.lastInsertedRowID, route, record, digest, &outcome)
        }
        continue
      }
      let delivery: Int64 = found["id"]
      if let earlier {
        try giveUp(delivery, as: earlier, on: route, &outcome)
        continue
      }
      switch DeliveryState(rawValue: found["state"]) {
      case .done where try !hasStaleLookup(delivery) && isLastEffect(of: record, on: route):
        outcome.reused.append(route.edge)
        try execute("UPDATE delivery SET reused_run = ? WHERE id = ?", run, delivery)
        try follow(delivery, &outcome)
      case .done, .superseded:
        let isDone = found["state"] as Int == DeliveryState.done.rawValue
        let isStale = try isDone && hasStaleLookup(delivery)
        try DeliveryReopening(db: db, run: run).open(
          delivery, because: isStale ? "look-up" : "return")
        try opened(delivery, route, record, digest, &outcome)
      case .quarantined:
        outcome.stillQuarantined.append(route.edge)
        try execute("UPDATE delivery SET reused_run = ? WHERE id = ?", run, delivery)
      case .pending, nil: break
      }
    }
  }

  /// The delivery with which a person gave this one up under another key; `nil` for most.
  ///
  /// - Parameter found: the delivery that there is; one that was itself set aside stays as it is.
  private func givenUp(
    _ record: Int64, on route: RouteTable.Route, as found: Row?
  ) throws -> Int64? {
    let state = found.flatMap { DeliveryState(rawValue: $0["state"]) }
    guard hasGivenUp, state == nil || state == .done || state == .superseded else { return nil }
    return try GivenUp(db: db).delivery(of: record, on: route.edge)
  }

  private func giveUp(
    _ delivery: Int64, as earlier: Int64, on route: RouteTable.Route,
    _ outcome: inout LedgerOutcome
  ) throws {
    try GivenUp(db: db).giveUp(delivery, as: earlier, run: run, at: now)
    outcome.stillQuarantined.append(route.edge)
  }

  /// Whether a sink's destination holds this very version: going back to an earlier one is an
  /// effect of its own.
  private func isLastEffect(of record: Int64, on route: RouteTable.Route) throws -> Bool {
    guard let destination = route.destination else { return true }
    return try EffectLog(db: db).last(LedgerReference(number: record), at: destination)
      .effect?.record == record
  }

  /// A delivery waits now; on an edge into a sink it is the intent of an effect.
  private func opened(
    _ delivery: Int64, _ route: RouteTable.Route, _ record: Int64, _ digest: String,
    _ outcome: inout LedgerOutcome
  ) throws {
    let reference = LedgerReference(number: record)
    if let destination = route.destination {
      _ = try exports.note(
        .exportIntended,
        Effect(
          destination: destination, record: reference, delivery: delivery, stage: route.edge.to),
        digest: digest)
    }
    outcome.opened.append(
      LedgerOutcome.Opened(delivery: delivery, edge: route.edge, record: reference))
  }

  /// A delivery's results stand: they are current again, and their own edges are looked at.
  private func follow(_ delivery: Int64, _ outcome: inout LedgerOutcome) throws {
    let rows = try Row.fetchAll(
      db.cachedStatement(
        sql: """
          SELECT provenance.record_id, provenance.stage, record.identity, record.digest
          FROM provenance JOIN record ON record.id = provenance.record_id
          WHERE delivery_id = ? AND delivery_id <> 0 AND stands
          """), arguments: [delivery])
    for row in rows {
      let record: Int64 = row["record_id"]
      try makeCurrent(record, identity: row["identity"], isNew: false, &outcome)
      try open(record, row["digest"], from: row["stage"], isNew: false, &outcome)
    }
  }

  /// Ends a delivery; `false` when a newer version of its record superseded it before.
  private func end(_ end: LedgerEntry.End) throws -> Bool {
    let state: DeliveryState = end.failure == nil ? .done : .quarantined
    try execute(
      """
      UPDATE delivery SET state = ?, ended_run = ?, ended_at = ?, attempts = attempts + ?,
        journey = ?, suspect = 0
      WHERE id = ? AND state = 0
      """, state.rawValue, run, now, end.attempts, end.journey, end.delivery)
    guard db.changesCount == 1 else {
      if try isSuperseded(end.delivery) { return false }
      throw LedgerError(
        .damaged, subject: "delivery \(end.delivery) ended twice",
        hint: "this is a fault of anagen: keep the data folder and report it")
    }
    try note(end.lookups, of: end.delivery)
    guard let failure = end.failure else { return true }
    try execute(
      """
      INSERT INTO quarantine(
        delivery_id, stage, class, reason, message, hint, at, attempts, run_id, finding)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      """,
      end.delivery, failure.stage, failure.failureClass, failure.reason, failure.message,
      failure.hint, now, end.attempts, run, try failure.finding?.text())
    return true
  }

  private func note(_ lookups: [LedgerEntry.Lookup], of delivery: Int64) throws {
    guard !lookups.isEmpty else { return }
    try execute("DELETE FROM lookup WHERE delivery_id = ?", delivery)
    for lookup in lookups {
      try execute(
        "INSERT OR REPLACE INTO lookup(delivery_id, identity, found_id) VALUES (?, ?, ?)",
        delivery, lookup.identity.text, lookup.found?.number)
    }
  }

  /// Whether something that a delivery looked up has another answer now.
  private func hasStaleLookup(_ delivery: Int64) throws -> Bool {
    try Bool.fetchOne(
      db.cachedStatement(
        sql: """
          SELECT EXISTS (SELECT 1 FROM lookup
            LEFT JOIN record ON record.identity = lookup.identity AND superseded_by IS NULL
            WHERE delivery_id = ? AND record.id IS NOT found_id)
          """), arguments: [delivery]) == true
  }
}
