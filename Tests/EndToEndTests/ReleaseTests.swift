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

  @Test(
    "what a stage released that left the pipeline is taken out and told, and comes back with it")
  func stageGone() throws {
    let material = try Material(good: 3)
    let file = "\(AnagenProcess.root)/Pipelines/reprocess.yaml"
    let whole = try String(contentsOfFile: file, encoding: .utf8)
    let start = try #require(whole.firstRange(of: "  pictures: # apart")).lowerBound
    let end = try #require(whole.firstRange(of: "  registry:\n")).lowerBound
    let tests = try #require(whole.firstRange(of: "\ntests:")).lowerBound
    func run(_ text: String) throws -> [Notices.Notice] {
      let pipeline = "\(material.path)/pipeline.yaml"
      try text.replacing(
        "studies/open.yaml", with: "\(AnagenProcess.root)/Pipelines/studies/open.yaml"
      ).write(toFile: pipeline, atomically: true, encoding: .utf8)
      var arguments = material.runArguments()
      arguments[1] = pipeline
      let outcome = try AnagenProcess.run(arguments, printingTo: material.path)
      #expect(outcome.status == 0, "\(outcome.talk)")
      return try Notices(outcome).notices
    }
    let text = String(whole[..<tests])
    let without = String(whole[..<start] + whole[end..<tests])
      .replacing("[acquisitions, rows, pictures]", with: "[acquisitions, rows]")
    #expect(try run(text).isEmpty)
    let before = try manifest(of: material)
    #expect(try pictures(of: material).count == 3)
    let notices = try run(without)
    #expect(notices.map(\.code) == ["plan_changed", "stage_gone"])
    #expect(notices.first?.what.contains("stages[pictures]: removed") == true)
    #expect(notices.last?.what.contains("the released pictures of 3 acquisitions") == true)
    #expect(try pictures(of: material).isEmpty)
    #expect(try !manifest(of: material).contains { $0.path.hasPrefix("pictures/") })
    let states = "SELECT group_concat(DISTINCT part || ' ' || state) FROM current_disposition"
    let registry = "\(material.data)/registry.sqlite"
    #expect(
      try material.read(registry) { try String.fetchOne($0, sql: states) }
        == "measurement selected,picture excluded")
    #expect(try run(without).isEmpty, "told once")
    #expect(try run(text).map(\.code) == ["plan_changed"])
    let pictures = { (files: Set<Manifest.File>) in files.filter { $0.path.hasPrefix("pictures/") }
    }
    #expect(try pictures(manifest(of: material)) == pictures(before))
  }

  @Test("a data folder in which no run worked, but something lies, is left as it is")
  func foreignPlaces() throws {
    for name in ["registry.sqlite", "manifest.json", "tables/results.csv", "pictures/a.jpg"] {
      let material = try Material(good: 1)
      let path = "\(material.data)/\(name)"
      try FileManager.default.createDirectory(
        atPath: URL(filePath: path).deletingLastPathComponent().path(),
        withIntermediateDirectories: true)
      try Data("mine".utf8).write(to: URL(filePath: path))
      let outcome = try material.run()
      #expect(outcome.status == 65, "\(outcome.talk)")
      let place = name.split(separator: "/").first.map { "\(material.data)/\($0)" } ?? ""
      #expect(outcome.talk.contains("\(place) is there already"), "\(outcome.talk)")
      #expect(try Data(contentsOf: URL(filePath: path)) == Data("mine".utf8))
      #expect(!FileManager.default.fileExists(atPath: "\(material.data)/private"))
      try FileManager.default.removeItem(atPath: place)
      #expect(try material.run().status == 0)
    }
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
