import Foundation
import GRDB

/// The plan of a run, as far as it is read back from the ledger.
struct KeptPlan: Decodable {
  /// One of its stages.
  struct Stage: Decodable {
    let name: String
    let from: [String]
    let resultVersion: String?

    private enum CodingKeys: String, CodingKey {
      case name, from
      case resultVersion = "result_version"
    }
  }

  /// In the order of the plan.
  let stages: [Stage]

  private enum CodingKeys: CodingKey { case stages }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    stages = try container.decodeIfPresent([Stage].self, forKey: .stages) ?? []
  }

  /// The edges, ordered by the giver's place in the plan, then the taker's.
  var edges: [EdgeKey] {
    let givers = stages.map(\.name) + stages.flatMap(\.from)
    return givers.uniqued().flatMap { giver in
      stages.filter { $0.from.contains(giver) }.map { EdgeKey(from: giver, to: $0.name) }
    }
  }

  /// Whether a stage takes nothing.
  func isSource(_ name: String) -> Bool {
    stages.first { $0.name == name }?.from.isEmpty ?? false
  }

  /// Reads the plan of a run; that of the last one when `nil`.
  static func read(_ db: Database, of run: Int64? = nil) throws -> KeptPlan {
    let text = try String.fetchOne(
      db, sql: "SELECT plan FROM run WHERE id = ifnull(?, (SELECT max(id) FROM run))",
      arguments: [run])
    do {
      return try JSONDecoder().decode(KeptPlan.self, from: Data((text ?? "{}").utf8))
    } catch {
      throw LedgerError(
        .damaged, subject: "the plan of a run cannot be read",
        hint: "run the pipeline once more, then try again")
    }
  }
}
