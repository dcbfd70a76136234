import Foundation
import GRDB

/// What a run was started from: enough to go on with it without being told again.
public struct RunSource: Sendable, Codable, Equatable {
  /// The pipeline file's absolute path; what it names is relative to its folder.
  public let file: String
  /// The file's text when the run started.
  public let text: String
  /// The variables that were given, paths absolute.
  public let variables: [String: String]
  /// The files of the secrets that were given, by name; never the secrets.
  public let secrets: [String: String]
  /// Whether its plugins were held to a lock; absent in what older versions wrote.
  public let isLocked: Bool?

  /// Makes a source.
  public init(
    file: String, text: String, variables: [String: String], secrets: [String: String],
    isLocked: Bool? = nil
  ) {
    self.file = file
    self.text = text
    self.variables = variables
    self.secrets = secrets
    self.isLocked = isLocked
  }
}

/// The last run of a data folder, as far as going on with it needs.
public struct LastRun: Sendable {
  /// The run.
  public let entry: RunEntry
  /// Its plan as canonical JSON.
  public let plan: String
  /// What it was started from; `nil` for runs of programs that did not keep it.
  public let source: RunSource?
  /// How many deliveries wait.
  public let pending: Int
  /// How many pictures were withdrawn since a run came to its end, and still stand where it filed
  /// them.
  public let withdrawn: Int

  /// Whether there is something to go on with.
  public var isUnfinished: Bool {
    entry.outcome != "completed" || pending > 0 || withdrawn > 0
  }

  /// How the run ended, in one word; a run that nobody ended was killed.
  public var ending: String { entry.outcome ?? "killed" }

  /// The parts in which another plan differs from the run's, such as `study: ... -> ...`.
  public func differences(to plan: String) -> [String] {
    KeyComparison.documents(self.plan, plan)
  }
}

extension LastRun {
  /// Reads the last run; `nil` when there was none.
  static func read(_ db: Database) throws -> LastRun? {
    guard
      let row = try Row.fetchOne(
        db,
        sql: """
          SELECT id, plan_digest, plan, program, started_at, ended_at, outcome, source FROM run
          ORDER BY id DESC LIMIT 1
          """)
    else { return nil }
    let pending = try Int.fetchOne(db, sql: "SELECT count(*) FROM delivery WHERE state = 0")
    let withdrawn = try Int.fetchOne(
      db, sql: "SELECT count(*) FROM withdrawal WHERE record_id IN (SELECT record_id FROM listed)")
    return LastRun(
      entry: RunEntry(
        number: row["id"], planDigest: row["plan_digest"], program: row["program"],
        startedAt: row["started_at"], endedAt: row["ended_at"], outcome: row["outcome"]),
      plan: row["plan"], source: try (row["source"] as String?).map { try source($0) },
      pending: pending ?? 0, withdrawn: withdrawn ?? 0)
  }

  private static func source(_ text: String) throws -> RunSource {
    do {
      return try JSONDecoder().decode(RunSource.self, from: Data(text.utf8))
    } catch {
      throw LedgerError(
        .damaged, subject: "what the last run was started from cannot be read",
        hint: "name the pipeline file: anagen run FILE")
    }
  }
}

extension LedgerReading {
  /// The last run; `nil` when there was none.
  public func lastRun() throws -> LastRun? {
    try RunLedger.inWords { try database.read { db in try LastRun.read(db) } }
  }
}
