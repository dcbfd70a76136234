import Crypto
import Foundation
import GRDB
import Testing

/// What may leave is what the pipeline wrote: changes behind its back are undone or told, and
/// nothing else is certified.
@Suite struct ReleaseTests {
  private struct Manifest: Decodable {
    struct File: Decodable, Hashable {
      let path: String
      let bytes: Int
      let sha256: String
    }
    let files: [File]
  }

  private struct Notices: Decodable {
    struct Notice: Decodable {
      let code: String
      let what: String
      let negative: Bool
    }
    let notices: [Notice]

    init(_ outcome: AnagenProcess.Outcome) throws {
      self = try JSONDecoder().decode(Notices.self, from: Data(outcome.results.utf8))
    }
  }

  @Test("a released picture that was changed or deleted is written again, and the run says so")
  func restored() throws {
    let material = try Material(good: 3)
    #expect(try material.run().status == 0)
    let manifest = try manifest(of: material)
    let pictures = try pictures(of: material)
    #expect(pictures.count == 3)
    let originals = try pictures.map { try Data(contentsOf: $0) }
    try Data("another picture".utf8).write(to: pictures[0])
    try FileManager.default.removeItem(at: pictures[1])
    let outcome = try material.run()
    #expect(outcome.status == 0)
    #expect(try Notices(outcome).notices.map(\.code) == ["pictures_restored"])
    #expect(try pictures.map { try Data(contentsOf: $0) } == originals)
    #expect(try self.manifest(of: material).subtracting(manifest).allSatisfy { $0.bytes > 0 })
    #expect(
      try self.manifest(of: material).filter { $0.path.hasPrefix("pictures/") }
        == manifest.filter { $0.path.hasPrefix("pictures/") })
    #expect(try Notices(material.run()).notices.isEmpty)
  }

  @Test("a registry changed by hand is told by row, undone and only then certified")
  func alteredRegistry() throws {
    let material = try Material(good: 3)
    #expect(try material.run().status == 0)
    let registry = "\(material.data)/registry.sqlite"
    try DatabaseQueue(path: registry).write { db in
      try db.execute(sql: "DROP TRIGGER measurement_refuses_update")
      try db.execute(sql: "UPDATE measurement SET area_cm2 = 9 WHERE id = 2")
    }
    try FileManager.default.removeItem(atPath: "\(material.data)/tables/results.csv")
    try Data().write(to: URL(filePath: "\(material.data)/private/report/index.html"))
    let outcome = try material.run()
    #expect(outcome.status == 1)
    let notices = try Notices(outcome).notices
    #expect(
      notices.map(\.code).sorted() == ["registry_restored", "report_restored", "tables_restored"])
    #expect(notices.contains { $0.what.contains("measurement 2 changed") })
    #expect(
      try material.read(registry) {
        try Int.fetchOne($0, sql: "SELECT count(*) FROM measurement WHERE area_cm2 = 9")
      } == 0)
    let certified = try manifest(of: material).first { $0.path == "registry.sqlite" }
    #expect(certified?.sha256 == hexadecimal(try Data(contentsOf: URL(filePath: registry))))
    try FileManager.default.removeItem(atPath: registry)
    let restored = try material.run()
    #expect(restored.status == 0)
    #expect(try Notices(restored).notices.map(\.code) == ["registry_restored"])
    #expect(try Notices(material.run()).notices.isEmpty)
  }

  @Test("a changed picture whose copy in the ledger is damaged is not certified, and the run fails")
  func lost() throws {
    let material = try Material(good: 1)
    #expect(try material.run().status == 0)
    let picture = try #require(try pictures(of: material).first)
    let entry = try #require(
      try manifest(of: material).first { $0.path.hasPrefix("pictures/") })
    let kept = "\(material.data)/private/content/\(entry.sha256.prefix(2))/\(entry.sha256)"
    for path in [picture.path(), kept] {
      try Data(repeating: 0, count: entry.bytes).write(to: URL(filePath: path))
    }
    let outcome = try material.run()
    #expect(outcome.status == 1)
    let notices = try Notices(outcome).notices
    #expect(notices.map(\.code).contains("pictures_lost") && notices.contains { $0.negative })
    #expect(try !manifest(of: material).contains { $0.path.hasPrefix("pictures/") })
  }

  @Test("a file that somebody put into the data folder is told and not certified, and logs no name")
  func foreign() throws {
    let material = try Material(good: 1)
    #expect(try material.run().status == 0)
    let name = "\(Photographs.name).jpg"
    try Data(material.originals[0]).write(to: URL(filePath: "\(material.data)/\(name)"))
    let outcome = try material.run()
    #expect(outcome.status == 0)
    let notice = try #require(try Notices(outcome).notices.first)
    #expect(notice.code == "foreign_files" && notice.what.contains("\"\(name)\""))
    #expect(!outcome.talk.contains(Photographs.name))
    #expect(try !manifest(of: material).contains { $0.path.contains(Photographs.name) })
    #expect(try manifest(of: material).contains { $0.path == "registry.sqlite" })
  }

  private func hexadecimal(_ bytes: Data) -> String {
    SHA256.hash(data: bytes).map { String(format: "%02x", $0) }.joined()
  }

  private func manifest(of material: Material) throws -> Set<Manifest.File> {
    let text = try Data(contentsOf: URL(filePath: "\(material.data)/manifest.json"))
    return Set(try JSONDecoder().decode(Manifest.self, from: text).files)
  }

  private func pictures(of material: Material) throws -> [URL] {
    let folder = "\(material.data)/pictures"
    return try FileManager.default.contentsOfDirectory(atPath: folder).sorted().map {
      URL(filePath: "\(folder)/\($0)")
    }
  }
}
