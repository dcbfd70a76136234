import Crypto
import Foundation
import GRDB
import Testing

/// What was set aside, as `anagen quarantine list --format json` says it.
struct SetAside: Decodable {
  struct Failure: Decodable {
    let stage: String
    let reason: String
    let message: String
    let hint: String
  }
  let identity: String
  let failure: Failure
}

/// What a run prints with `--format json`.
struct RunResult: Decodable {
  struct Edge: Decodable {
    let from: String
    let to: String
    let opened: Int
    let done: Int
    let quarantined: Int
    let superseded: Int
    let pending: Int
  }
  let ending: String
  let accepted: Int
  let balanced: Bool
  let setAside: Int
  let edges: [Edge]

  init(_ outcome: AnagenProcess.Outcome) throws {
    self = try JSONDecoder().decode(RunResult.self, from: Data(outcome.results.utf8))
  }
}

extension Material {
  /// What is set aside now.
  func setAside() throws -> [SetAside] {
    let outcome = try command(["quarantine", "list", "--data", data, "--format", "json"])
    return try outcome.results.split(separator: "\n").map {
      try JSONDecoder().decode(SetAside.self, from: Data($0.utf8))
    }
  }

  /// Holds a run that went to its end to everything it promises: each row accounted for once, the
  /// sums balanced, nothing identified outside `private/`.
  func expectEverythingAccountedFor(
    after outcome: AnagenProcess.Outcome, _ note: String = "",
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let location = sourceLocation
    guard outcome.status == 0 || outcome.status == 1 else {
      Issue.record("\(note): \(outcome.status): \(outcome.talk)", sourceLocation: location)
      return
    }
    let result = try RunResult(outcome)
    #expect(result.ending == "completed", "\(note)", sourceLocation: location)
    #expect(result.balanced, "\(note)", sourceLocation: location)
    #expect(result.accepted == rows.count, "\(note)", sourceLocation: location)
    for edge in result.edges {
      #expect(edge.pending == 0, "\(note): \(edge)", sourceLocation: location)
      #expect(
        edge.opened == edge.done + edge.quarantined + edge.superseded + edge.pending,
        "\(note): \(edge)", sourceLocation: location)
    }
    #expect(
      !outcome.talk.lowercased().contains(Photographs.name.lowercased()),
      "\(note): \(outcome.talk)",
      sourceLocation: location)
    let setAside = try setAside()
    #expect(outcome.status == (setAside.isEmpty ? 0 : 1), "\(note)", sourceLocation: location)
    for entry in setAside {
      #expect(
        !entry.failure.message.isEmpty && !entry.failure.hint.isEmpty, "\(note): \(entry)",
        sourceLocation: location)
    }
    try expectRowsInLedgerAndRegistry(setAside, note, location)
    try expectNothingIdentifiedLeft(note, location)
  }

  private func expectRowsInLedgerAndRegistry(
    _ setAside: [SetAside], _ note: String, _ location: SourceLocation
  ) throws {
    let taken = try read("\(data)/private/ledger.sqlite") { db in
      try String.fetchAll(
        db,
        sql: """
          SELECT identity FROM record
          WHERE schema LIKE 'anagen.captured-image/%' AND superseded_by IS NULL
          """)
    }
    #expect(taken.sorted() == rows.map(\.identity).sorted(), "\(note)", sourceLocation: location)
    let refused = Set(
      setAside.filter { ["calibrate", "analyse"].contains($0.failure.stage) }
        .map { $0.identity.split(separator: ":").last.map(String.init) ?? "" })
    let held = setAside.count { $0.failure.stage == "pictures" }
    let measured = rows.filter {
      !refused.contains($0.identity.split(separator: ":").last.map(String.init) ?? "")
    }
    try read("\(data)/registry.sqlite") { db in
      let filed = try GRDB.Row.fetchAll(
        db,
        sql: """
          SELECT subject, visit.visit AS visit, region, field,
            (SELECT count(*) FROM measurement WHERE acquisition_id = acquisition.id) AS measurements
          FROM acquisition JOIN session ON session.id = session_id
            JOIN visit ON visit.id = visit_id
          """)
      let found = filed.map { row -> String in
        let (subject, visit, region) = (
          row["subject"] as String, row["visit"] as String, row["region"] as String
        )
        return
          "\(subject)/\(visit)/\(region)/\(row["field"] as Int) x \(row["measurements"] as Int)"
      }
      #expect(
        found.sorted()
          == measured.map { "\($0.subject)/\($0.visit)/\($0.region)/\($0.field) x 1" }.sorted(),
        "\(note)", sourceLocation: location)
      let names = try String.fetchAll(db, sql: "SELECT name FROM image")
      #expect(names.count + held == measured.count, "\(note)", sourceLocation: location)
      #expect(
        try files(in: "\(data)/pictures") == names.sorted(), "\(note)", sourceLocation: location)
      #expect(
        try String.fetchAll(db, sql: "PRAGMA integrity_check") == ["ok"], sourceLocation: location)
      #expect(
        try GRDB.Row.fetchAll(db, sql: "PRAGMA foreign_key_check").isEmpty, sourceLocation: location
      )
    }
    let table = try String(contentsOfFile: "\(data)/tables/measurements.csv", encoding: .utf8)
    #expect(
      table.split(whereSeparator: \.isNewline).count == measured.count + 1, "\(note)",
      sourceLocation: location)
  }

  /// No name and no digest of an original stands in any file beside `private/`, nor is a file left
  /// half written.
  func expectNothingIdentifiedLeft(
    _ note: String = "", _ location: SourceLocation = #_sourceLocation
  ) throws {
    let digests = originals.map { Array(SHA256.hash(data: $0)) }
    let canaries =
      [Array(Photographs.name.lowercased().utf8), Array("zephyrine".utf8)]
      + digests.map { digest in
        Array(digest.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined().utf8)
      }
    for file in try filesThatMayLeave() {
      #expect(!file.hasSuffix(".incoming"), "\(note)", sourceLocation: location)
      let bytes = try Data(contentsOf: URL(filePath: "\(data)/\(file)"))
      let small = Data(bytes.map { (65...90).contains($0) ? $0 + 32 : $0 })
      for canary in canaries {
        #expect(
          small.range(of: Data(canary)) == nil,
          "\(note): '\(String(decoding: canary, as: UTF8.self))' in \(file)",
          sourceLocation: location)
      }
      for digest in digests {
        #expect(bytes.range(of: Data(digest)) == nil, "\(note): \(file)", sourceLocation: location)
      }
      #expect(
        !file.lowercased().contains(Photographs.name.lowercased()), "\(note)",
        sourceLocation: location)
    }
  }

  private func filesThatMayLeave() throws -> [String] {
    guard let walk = FileManager.default.enumerator(atPath: data) else { return [] }
    return walk.compactMap { $0 as? String }.filter { file in
      var isFolder: ObjCBool = false
      _ = FileManager.default.fileExists(atPath: "\(data)/\(file)", isDirectory: &isFolder)
      return !isFolder.boolValue && !file.hasPrefix("private/")
    }
  }

  private func files(in folder: String) throws -> [String] {
    guard FileManager.default.fileExists(atPath: folder) else { return [] }
    return try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
  }

  /// Reads a database that nobody has open.
  func read<Value>(_ path: String, _ body: (Database) throws -> Value) throws -> Value {
    try DatabaseQueue(path: path).read(body)
  }
}
