import ClinicalRecords
import Foundation
import GRDB
import Registry
import StageKit
import StageTesting
import Testing

/// What somebody did to the registry behind a run's back is told by table and row, and undone.
@Suite struct AlteredRegistryTests {
  private let folder: TemporaryFolder
  private let host = TestHost()
  private var path: String { "\(folder.path)/registry.sqlite" }
  private let records = [Release().measurement, Release(field: 2, terminal: 20).measurement]

  init() throws { folder = try TemporaryFolder() }

  @Test(
    "a change by hand is named and undone, and the run says so with its status",
    arguments: [
      (
        "DROP TRIGGER measurement_refuses_update; UPDATE measurement SET area_cm2 = 9 WHERE id = 2",
        ["trigger measurement_refuses_update removed", "measurement 2 changed"]
      ),
      (
        "DROP TRIGGER disposition_refuses_delete; DELETE FROM disposition WHERE id = 1",
        ["trigger disposition_refuses_delete removed", "disposition 1 removed"]
      ),
      (
        "DROP TRIGGER hair_refuses_delete; DELETE FROM hair WHERE measurement_id = 1 AND hair = 7",
        ["trigger hair_refuses_delete removed", "hair 1 7 removed"]
      ),
      ("INSERT INTO subject(subject) VALUES ('01-009')", ["subject 01-009 added"]),
      ("CREATE TABLE theirs(x)", ["table theirs added"]),
      (
        "DROP TRIGGER hair_refuses_delete; DELETE FROM hair WHERE measurement_id = 1; "
          + "DROP TRIGGER measurement_refuses_update; UPDATE measurement SET area_cm2 = 9",
        ["hair 1 0, 1 1, 1 2 and 47 more removed", "measurement 1, 2 changed"]
      ),
      ("DROP VIEW current_result", ["view current_result removed"]),
      ("PRAGMA user_version = 7", ["its bytes, and no row"]),
    ])
  func changed(_ statement: String, _ words: [String]) async throws {
    try await file(records)
    try await DatabaseQueue(path: path).write { try $0.execute(sql: statement) }
    try await file([])
    #expect(host.notices.map(\.code) == ["registry_restored"])
    #expect(host.notices.map(\.isNegative) == [true])
    for word in words { #expect(host.notices[0].what.contains(word), "\(host.notices[0].what)") }
    #expect(try areas() == [0.5, 0.5])
    let certified = try #require(host.releasedFiles.first { $0.path == "registry.sqlite" })
    #expect(
      certified.sha256 == host.sha256(of: [UInt8](try Data(contentsOf: URL(filePath: path)))))
    try await file([])
    #expect(host.notices.count == 1)
  }

  @Test("a log of another program beside the registry is not played into it")
  func foreignLog() async throws {
    try await file(records)
    let theirs = try DatabasePool(path: path)
    try await theirs.write { db in
      try db.execute(sql: "DROP TRIGGER measurement_refuses_update")
      try db.execute(sql: "UPDATE measurement SET area_cm2 = 9")
    }
    // Kept open, so that what they wrote stays in the log.
    try await file([])
    #expect(host.notices.map(\.code) == ["registry_restored"])
    #expect(try areas() == [0.5, 0.5])
    try theirs.close()
  }

  @Test("a registry that was lost or overwritten is written again, and told")
  func lost() async throws {
    try await file(records)
    let before = try await destination()
    try FileManager.default.removeItem(atPath: path)
    try await file([])
    #expect(try areas() == [0.5, 0.5])
    #expect(
      host.notices.last?.what
        == "registry.sqlite was missing, and was written again with its 2 acquisitions")
    #expect(host.notices.last?.isNegative == false)
    try Data("no registry at all".utf8).write(to: URL(filePath: path))
    try await file([])
    #expect(try areas() == [0.5, 0.5])
    #expect(host.notices.last?.what.contains("it is a registry no more") == true)
    #expect(try await destination() == before)
  }

  @Test("without its working file an altered registry is set aside and begun anew, and told")
  func begunAnew() async throws {
    try await file(records)
    let before = try await destination()
    try await DatabaseQueue(path: path).write {
      try $0.execute(sql: "INSERT INTO subject(subject) VALUES ('01-009')")
    }
    try FileManager.default.removeItem(atPath: "\(folder.path)/private/registry")
    try await file(records)
    #expect(try await destination() != before)
    #expect(try areas() == [0.5, 0.5])
    #expect(
      host.notices.last?.what.contains("filed again from the ledger, 2 acquisitions") == true)
    #expect(
      FileManager.default.fileExists(atPath: "\(folder.path)/private/withdrawn/under_test.sqlite"))
  }

  @Test("tables, dictionary and manifest that were changed or removed are told and written again")
  func tables() async throws {
    try await project(records, host: host, into: folder)
    #expect(host.notices.isEmpty)
    let before = try folder.text("tables/results.csv")
    try Data("subject\r\n".utf8).write(to: URL(filePath: "\(folder.path)/tables/results.csv"))
    try FileManager.default.removeItem(atPath: "\(folder.path)/tables/data-dictionary.csv")
    try FileManager.default.removeItem(atPath: "\(folder.path)/manifest.json")
    try await project(records, host: host, into: folder)
    #expect(try folder.text("tables/results.csv") == before)
    #expect(host.notices.map(\.code) == ["tables_restored"])
    #expect(
      host.notices.first?.what.hasSuffix(
        "written again: tables/results.csv, tables/data-dictionary.csv, manifest.json") == true)
  }

  private func areas() throws -> [Double] {
    try DatabaseQueue(path: path).read {
      try Double.fetchAll($0, sql: "SELECT area_cm2 FROM measurement")
    }
  }

  private func destination() async throws -> String { try await sink().destination }

  private func sink() async throws -> SQLiteRegistry {
    try await SQLiteRegistry(
      settings: .init(), context: host.context(study: .reference, folder: folder.path))
  }

  private func file(_ given: [Released]) async throws {
    let sink = try await sink()
    let context = host.context(study: .reference, folder: folder.path)
    for record in given { try await sink.accept(record, in: host.delivery(context)) }
    try await sink.finish(UpstreamAccount(standing: Set(records.map(\.identity))))
  }
}
