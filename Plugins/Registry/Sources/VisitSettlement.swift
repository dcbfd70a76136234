import ClinicalRecords
import GRDB
import StageKit

/// States, at drain, of every visit whether it is done, missing or withdrawn, and of every subject
/// whether a person took them out.
///
/// A visit is done where a picture of it has figures that count, or none was to be measured. Else
/// its pictures say why it is missing, in the words of the study file.
struct VisitSettlement {
  let db: Database
  let upstream: UpstreamAccount

  func settle() throws {
    let pictures = try Row.fetchAll(
      db,
      sql: """
        SELECT v.id AS visit_id, d.state, d.reason, a.image_ref, v.subject FROM acquisition a
        JOIN session s ON s.id = a.session_id JOIN visit v ON v.id = s.visit_id
        LEFT JOIN current_disposition d ON d.acquisition_id = a.id AND d.part = 'measurement'
        """)
    for (visit, pictures) in Dictionary(grouping: pictures, by: { $0["visit_id"] as Int64 }) {
      let status = status(of: pictures)
      try state("status", status.status, of: "visit", key: "id", visit)
      try state("missing_reason", status.reason, of: "visit", key: "id", visit)
    }
    let withdrawn = Set(
      pictures.filter { withdrawal(of: $0) == .withSubject }.map { $0["subject"] as String })
    for row in try Row.fetchAll(db, sql: "SELECT rowid, subject FROM subject") {
      let status = withdrawn.contains(row["subject"]) ? "withdrawn" : nil
      for column in ["status", "reason"] {
        try state(column, status, of: "subject", key: "rowid", row["rowid"])
      }
    }
  }

  private func status(of pictures: [Row]) -> (status: String, reason: String?) {
    let standing = pictures.filter { withdrawal(of: $0) == nil }
    if standing.isEmpty {
      let isWithdrawn = pictures.contains { withdrawal(of: $0) != .filedElsewhere }
      return isWithdrawn ? ("withdrawn", "withdrawn") : ("missing", "not_done")
    }
    let states = standing.map {
      ($0["state"] as String?).flatMap(Disposition.State.init(rawValue:))
    }
    if states.contains(where: { ![.failed, .held, .excluded, .rejected].contains($0) }) {
      return ("done", nil)
    }
    return ("missing", states.contains(.rejected) ? "image_rejected" : "technical")
  }

  private func withdrawal(of picture: Row) -> UpstreamAccount.Withdrawal? {
    upstream.withdrawal(of: picture["image_ref"])
  }

  /// Corrects a column where it says otherwise.
  private func state(
    _ column: String, _ new: String?, of table: String, key: String, _ row: Int64
  ) throws {
    let old = try String.fetchOne(
      db, sql: "SELECT \(column) FROM \(table) WHERE \(key) = ?", arguments: [row])
    if old == new { return }
    try Correction(table: table, row: row, column: column).write(
      db, old: old, new: new, reason: "what became of its pictures")
    try db.execute(
      sql: "UPDATE \(table) SET \(column) = ? WHERE \(key) = ?", arguments: [new, row])
  }
}
