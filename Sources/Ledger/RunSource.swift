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

  /// Makes a source.
  public init(
    file: String, text: String, variables: [String: String], secrets: [String: String]
  ) {
    self.file = file
    self.text = text
    self.variables = variables
    self.secrets = secrets
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

  /// Whether there is something to go on with.
  public var isUnfinished: Bool { entry.outcome != "completed" || pending > 0 }
}

extension LedgerReading {
  /// The last run; `nil` when there was none.
  public func lastRun() throws -> LastRun? {
    guard let entry = try runs().last else { return nil }
    let (plan, source, pending) = try RunLedger.inWords {
      try database.read { db in
        let row = try Row.fetchOne(
          db, sql: "SELECT plan, source FROM run WHERE id = ?", arguments: [entry.number])
        let pending = try Int.fetchOne(db, sql: "SELECT count(*) FROM delivery WHERE state = 0")
        return (row?["plan"] as String? ?? "", row?["source"] as String?, pending ?? 0)
      }
    }
    return LastRun(
      entry: entry, plan: plan, source: try source.map { try decoded($0) }, pending: pending)
  }

  private func decoded(_ text: String) throws -> RunSource {
    do {
      return try JSONDecoder().decode(RunSource.self, from: Data(text.utf8))
    } catch {
      throw LedgerError(
        .damaged, subject: "what the last run was started from cannot be read",
        hint: "name the pipeline file: anagen run FILE")
    }
  }
}
