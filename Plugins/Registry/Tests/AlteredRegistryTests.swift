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

  @Test(
    "a change in the file in which runs file is named and undone as well",
    arguments: [
      (
        "DROP TRIGGER result_superseded_once; UPDATE result SET value = 7 WHERE id = 3",
        ["result 3 changed", "trigger result_superseded_once removed"]
      ),
      (
        "DROP TRIGGER hair_refuses_delete; DELETE FROM hair WHERE measurement_id = 1 AND hair = 7",
        ["hair 1 7 removed"]
      ),
      (
        "CREATE TRIGGER theirs AFTER INSERT ON result BEGIN SELECT 1; END",
        ["trigger theirs added"]
      ),
    ], [false, true])
  func changedBelowPrivate(
    _ change: (statement: String, words: [String]), wasCutOff: Bool
  ) async throws {
    try await file(records)
    let before = try await contents()
    if wasCutOff { try await cutOff(records) }
    try await DatabaseQueue(path: working).write { try $0.execute(sql: change.statement) }
    try await file(wasCutOff ? records : [])
    #expect(host.notices.map(\.code) == ["registry_restored"])
    #expect(host.notices.map(\.isNegative) == [true])
    for word in change.words { #expect(host.notices[0].what.contains(word)) }
    #expect(try await contents() == before)
    #expect(
      FileManager.default.fileExists(atPath: "\(folder.path)/private/withdrawn/under_test.sqlite"))
    try await file([])
    #expect(host.notices.count == 1)
  }

  @Test("a row that somebody added to the file in which runs file is named and taken out")
  func addedBelowPrivate() async throws {
    try await file(records)
    try await DatabaseQueue(path: working).write {
      try $0.execute(sql: "INSERT INTO subject(subject) VALUES ('01-009')")
    }
    try await file([])
    #expect(host.notices.first?.what.contains("subject 01-009 added") == true)
    #expect(try await !contents().contains("01-009"))
  }

  @Test("a run that is cut off, and what it corrected, is no change by somebody else")
  func cutOffAlone() async throws {
    try await file(records)
    let corrected = [
      Release(terminal: 33).measurement, Release(studyDay: -2, field: 3).measurement,
    ]
    try await cutOff(corrected)
    #expect(try areas(in: working).count == 4)
    try await file([])
    #expect(host.notices.isEmpty)
    #expect(try areas() == [0.5, 0.5, 0.5, 0.5])
  }

  @Test("a file that a kill left before its tables were made is gone on with")
  func madeHalf() async throws {
    try FileManager.default.createDirectory(
      atPath: "\(folder.path)/private/registry", withIntermediateDirectories: true)
    try Data().write(to: URL(filePath: working))
    try await file(records)
    #expect(host.notices.isEmpty)
    try FileManager.default.removeItem(atPath: "\(folder.path)/private/registry")
    #expect(try areas() == [0.5, 0.5])
  }

  @Test("a strange trigger is not gone on with, also where no run ended yet")
  func strangeTrigger() async throws {
    try await cutOff(records)
    try await DatabaseQueue(path: working).write {
      try $0.execute(sql: "CREATE TRIGGER theirs AFTER INSERT ON result BEGIN SELECT 1; END")
    }
    try await file(records)
    #expect(host.notices.first?.what.contains("trigger theirs added") == true)
    #expect(try areas() == [0.5, 0.5])
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

  private var working: String { "\(folder.path)/private/registry/under_test.sqlite" }

  private func areas(in path: String? = nil) throws -> [Double] {
    try DatabaseQueue(path: path ?? self.path).read {
      try Double.fetchAll($0, sql: "SELECT area_cm2 FROM measurement")
    }
  }

  /// Every figure of the published registry.
  private func contents() async throws -> [String] {
    try await DatabaseQueue(path: path).read { db in
      try String.fetchAll(
        db, sql: "SELECT quantity || hairs || ifnull(value, '') FROM result ORDER BY id")
        + String.fetchAll(db, sql: "SELECT measurement_id || ' ' || hair FROM hair ORDER BY 1")
        + String.fetchAll(db, sql: "SELECT subject FROM subject ORDER BY 1")
        + String.fetchAll(db, sql: "SELECT type || name FROM sqlite_schema ORDER BY 1")
    }
  }

  /// A run that files and then ends without having finished.
  private func cutOff(_ given: [Released]) async throws {
    let sink = try await sink()
    let context = host.context(study: .reference, folder: folder.path)
    for record in given { try await sink.accept(record, in: host.delivery(context)) }
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
