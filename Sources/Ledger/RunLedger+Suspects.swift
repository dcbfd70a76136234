import GRDB

extension RunLedger {
  /// How often a record may end the program alone before it is set aside (DESIGN §5.8).
  static let mostDeathsAlone = 2

  /// Notes that a run died with deliveries in hand: each is a suspect and is to run alone.
  ///
  /// One that was in hand alone is counted; at the second time it is set aside. Noted once for each
  /// run, so a death between this and what the caller does next is not counted twice.
  ///
  /// - Parameters:
  ///   - run: the run that died.
  ///   - deliveries: what it had in hand.
  ///   - wasAlone: whether it had nothing else to do.
  ///   - ranOutOfMemory: whether the kernel ended it for want of memory: nobody's fault but that of
  ///     the room it was given.
  public func noteDeath(
    ofRun run: Int64, inHand deliveries: [Int64], wasAlone: Bool, ranOutOfMemory: Bool
  ) throws {
    try RunLedger.inWords {
      try database.write { db in
        try db.execute(
          sql: "UPDATE run SET outcome = 'crashed' WHERE id = ? AND outcome IS NULL",
          arguments: [run])
        guard db.changesCount == 1 else { return }
        for delivery in deliveries {
          try db.execute(
            sql:
              "UPDATE delivery SET suspect = 1, crashes = crashes + ? WHERE id = ? AND state = 0",
            arguments: [wasAlone ? 1 : 0, delivery])
        }
        try setAsideWhatKills(db, ranOutOfMemory)
      }
    }
  }

  /// The suspects that wait, oldest first.
  public func suspects() throws -> [Int64] {
    try RunLedger.inWords {
      try database.read { db in
        try Int64.fetchAll(
          db, sql: "SELECT id FROM delivery WHERE suspect = 1 AND state = 0 ORDER BY id")
      }
    }
  }

  private func setAsideWhatKills(_ db: Database, _ ranOutOfMemory: Bool) throws {
    let alone = "\(RunLedger.mostDeathsAlone) times with this record alone in hand"
    let (reason, message, hint) =
      ranOutOfMemory
      ? (
        "out_of_memory", "the kernel ended the program for want of memory, \(alone)",
        "give the run more memory (MemoryMax= of the service, the container's limit, a larger "
          + "machine) than 'anagen plan' prints, then release it"
      )
      : (
        "ends_the_program", "the program died \(alone)",
        "if the run has a limit of memory, raise it and release this; else tell the stage's author, "
          + "without the record, which identifies a subject, and release it after an update"
      )
    let killers = try Row.fetchAll(
      db,
      sql: """
        SELECT delivery.id AS id, to_stage FROM delivery JOIN route ON route.id = route_id
        WHERE suspect = 1 AND state = 0 AND crashes >= ?
        """, arguments: [RunLedger.mostDeathsAlone])
    for row in killers {
      let delivery: Int64 = row["id"]
      try db.execute(
        sql: """
          UPDATE delivery SET state = 2, suspect = 0, ended_run = ?, ended_at = ?,
            attempts = attempts + crashes WHERE id = ?
          """, arguments: [run, now(), delivery])
      try db.execute(
        sql: """
          INSERT INTO quarantine(
            delivery_id, stage, class, reason, message, hint, at, attempts, run_id)
          VALUES (?, ?, 'record', ?, ?, ?, ?, ?, ?)
          """,
        arguments: [
          delivery, row["to_stage"] as String, reason, message, hint, now(),
          RunLedger.mostDeathsAlone, run,
        ])
    }
  }
}
