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
  let delivery: Int64
  let identity: String
  let failure: Failure

  /// The acquisition, without the kind of record.
  var path: String { identity.split(separator: ":").last.map(String.init) ?? "" }
}

extension Material.Row {
  /// The acquisition, without the kind of record.
  var path: String { identity.split(separator: ":").last.map(String.init) ?? "" }

  /// What the registry says of this photograph's figures and of itself.
  fileprivate func filed(_ failure: SetAside.Failure?) -> String {
    let place = "\(subject)/\(visit)/\(region)/\(field)"
    guard let failure else { return "\(place) measurement filed, picture filed" }
    return failure.stage == "pictures"
      ? "\(place) measurement filed, picture held \(failure.reason)"
      : "\(place) measurement failed \(failure.reason), picture failed \(failure.reason)"
  }
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
    let reasons = Dictionary(
      setAside.map { ($0.path, $0.failure) }, uniquingKeysWith: { first, _ in first })
    let unmeasured = rows.count { ["calibrate", "analyse"].contains(reasons[$0.path]?.stage) }
    let held = setAside.count { $0.failure.stage == "pictures" }
    try read("\(data)/registry.sqlite") { db in
      let filed = try String.fetchAll(
        db,
        sql: """
          SELECT subject || '/' || visit.visit || '/' || region || '/' || field || ' ' || (
            SELECT group_concat(part || ' ' || CASE WHEN state IN ('failed', 'held')
                THEN state || ' ' || reason ELSE 'filed' END, ', ')
            FROM (SELECT * FROM current_disposition ORDER BY part)
            WHERE acquisition_id = acquisition.id)
          FROM acquisition JOIN session ON session.id = session_id
            JOIN visit ON visit.id = visit_id
          """)
      #expect(
        filed.sorted() == rows.map { $0.filed(reasons[$0.path]) }.sorted(), "\(note)",
        sourceLocation: location)
      let count = try Int.fetchOne(db, sql: "SELECT count(*) FROM current_measurement")
      #expect(count == rows.count - unmeasured, "\(note)", sourceLocation: location)
      let names = try String.fetchAll(db, sql: "SELECT name FROM current_image")
      #expect(
        names.count + held == rows.count - unmeasured, "\(note)", sourceLocation: location)
      #expect(
        try files(in: "\(data)/pictures") == names.sorted(), "\(note)", sourceLocation: location)
      #expect(
        try String.fetchAll(db, sql: "PRAGMA integrity_check") == ["ok"], sourceLocation: location)
      #expect(
        try GRDB.Row.fetchAll(db, sql: "PRAGMA foreign_key_check").isEmpty, sourceLocation: location
      )
    }
    try expectTables(rows.count - unmeasured, reasons, note, location)
  }

  /// The tables have a line for every picture, and the reason of each that was set aside.
  private func expectTables(
    _ measured: Int, _ reasons: [String: SetAside.Failure], _ note: String,
    _ location: SourceLocation
  ) throws {
    func lines(_ table: String) throws -> [Substring] {
      try String(contentsOfFile: "\(data)/tables/\(table).csv", encoding: .utf8)
        .split(whereSeparator: \.isNewline)
    }
    #expect(try lines("measurements").count == measured + 1, "\(note)", sourceLocation: location)
    let acquisitions = try lines("acquisitions")
    #expect(acquisitions.count == rows.count + 1, "\(note)", sourceLocation: location)
    for failure in reasons.values {
      #expect(
        acquisitions.contains { $0.contains(",\(failure.reason),") }, "\(note): \(failure)",
        sourceLocation: location)
    }
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
