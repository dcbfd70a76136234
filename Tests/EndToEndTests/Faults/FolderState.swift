import Crypto
import Foundation
import GRDB

/// Everything that a data folder promises, in a form that can be compared: what left it, what its
/// ledger says, what its contents are.
struct FolderState: Equatable {
  /// The current version of every record, as identity and digest.
  var records: [String] = []
  /// How the deliveries of these records ended, as edge, state and number.
  var deliveries: [String] = []
  /// Every file below the data folder but the ledger, with the SHA-256 of those that may leave.
  var files: [String] = []
  /// What the registry holds of each released record.
  var effects: [String] = []
  /// Every measurement and picture that the registry shows as current.
  var rows: [String] = []

  /// What differs from another state, in words for a failed test.
  func differences(from other: FolderState) -> [String] {
    func compare(_ name: String, _ path: KeyPath<FolderState, [String]>) -> [String] {
      let (own, others) = (self[keyPath: path], other[keyPath: path])
      return own.difference(from: others).map { change in
        switch change {
        case .insert(_, let line, _): "\(name): more: \(line)"
        case .remove(_, let line, _): "\(name): lacks: \(line)"
        }
      }
    }
    return compare("records", \.records) + compare("deliveries", \.deliveries)
      + compare("files", \.files) + compare("effects", \.effects) + compare("rows", \.rows)
  }
}

/// A data folder that nobody uses, looked at with nothing of Anagen's own code.
struct DataFolderInspection {
  let folder: String
  var ledger: String { "\(folder)/private/ledger.sqlite" }
  /// The file that a run files in; beside `private/` lies its copy of when a run last ended.
  var registry: String { "\(folder)/private/registry/registry.sqlite" }

  /// The state of a folder whose run came to its end.
  func state() throws -> FolderState {
    var state = FolderState()
    try read(ledger) { db in
      state.records = try String.fetchAll(
        db,
        sql: """
          SELECT identity || ' ' || digest FROM record WHERE superseded_by IS NULL
          ORDER BY identity, digest
          """)
      state.deliveries = try String.fetchAll(
        db,
        sql: """
          SELECT from_stage || ' -> ' || to_stage || ' ' || state || ' x ' || count(*)
          FROM delivery JOIN route ON route.id = route_id JOIN record ON record.id = record_id
          WHERE superseded_by IS NULL
          GROUP BY from_stage, to_stage, state ORDER BY from_stage, to_stage, state
          """)
    }
    try read(registry) { db in
      state.effects = try String.fetchAll(
        db, sql: "SELECT identity || ' ' || digest FROM effect ORDER BY identity, digest")
      state.rows = try String.fetchAll(
        db,
        sql: """
          SELECT image_ref || ' ' || document FROM current_measurement
            JOIN acquisition ON acquisition.id = acquisition_id
          UNION ALL SELECT image_ref || ' ' || name || ' ' || sha256 FROM image
            JOIN acquisition ON acquisition.id = acquisition_id WHERE superseded_by IS NULL
          ORDER BY 1
          """)
    }
    state.files = try files()
    return state
  }

  /// What is wrong with a folder at whatever instant its run was killed or lost its power; empty
  /// when nothing is.
  ///
  /// The databases are read as copies, so that the run that goes on finds them as they were left.
  func faults() throws -> [String] {
    let place = try TemporaryPlace()
    var faults: [String] = []
    var known: Set<String> = []
    var ended: Set<String> = []
    if let copy = try copied(ledger, into: place) {
      try read(copy) { db in
        faults += try soundness(of: "ledger", db)
        guard try db.tableExists("record") else { return }
        known = Set(try String.fetchAll(db, sql: "SELECT identity FROM record"))
        ended = try DataFolderInspection.endedInRegistry(db)
        faults += try lostContents(db)
      }
    }
    var filed: Set<String> = []
    if let copy = try copied(registry, into: place) {
      try read(copy) { db in
        faults += try soundness(of: "registry", db)
        guard try db.tableExists("effect") else { return }
        filed = Set(try String.fetchAll(db, sql: "SELECT identity FROM effect"))
        faults += try String.fetchAll(
          db,
          sql: """
            SELECT 'filed twice: ' || identity FROM effect GROUP BY identity, digest
            HAVING count(*) > 1
            """)
        faults += try lostPictures(db)
      }
    }
    faults += filed.subtracting(known).map { "filed, but its record is lost: \($0)" }
    faults += ended.subtracting(filed).map { "ended, but never filed: \($0)" }
    return faults + (try wrongContents())
  }

  /// The released records that the registry holds, and those whose delivery to it has ended.
  func filedAndEnded() throws -> (filed: Set<String>, ended: Set<String>) {
    let place = try TemporaryPlace()
    var filed: Set<String> = []
    if let copy = try copied(registry, into: place) {
      try read(copy) { db in
        guard try db.tableExists("effect") else { return }
        filed = Set(try String.fetchAll(db, sql: "SELECT identity FROM effect"))
      }
    }
    var ended: Set<String> = []
    if let copy = try copied(ledger, into: place) {
      try read(copy) { db in ended = try DataFolderInspection.endedInRegistry(db) }
    }
    return (filed, ended)
  }

  private static func endedInRegistry(_ db: Database) throws -> Set<String> {
    Set(
      try String.fetchAll(
        db,
        sql: """
          SELECT identity FROM delivery JOIN route ON route.id = route_id
            JOIN record ON record.id = record_id
          WHERE to_stage = 'registry' AND state = 1
          """))
  }

  private func soundness(of name: String, _ db: Database) throws -> [String] {
    try String.fetchAll(db, sql: "PRAGMA integrity_check").filter { $0 != "ok" }
      .map { "\(name): \($0)" }
      + GRDB.Row.fetchAll(db, sql: "PRAGMA foreign_key_check").map { "\(name): \($0)" }
  }

  /// Contents that a record names and the folder lacks.
  private func lostContents(_ db: Database) throws -> [String] {
    var named = try String.fetchAll(
      db, sql: "SELECT payload_sha256 FROM record WHERE payload_sha256 IS NOT NULL")
    for payload in try Data.fetchAll(db, sql: "SELECT payload FROM record WHERE payload NOT NULL") {
      let text = String(decoding: payload, as: UTF8.self)
      named += text.matches(of: /"sha256":"([0-9a-f]{64})","byteCount":/).map { String($0.1) }
    }
    return named.filter { !FileManager.default.fileExists(atPath: path(ofContent: $0)) }
      .map { "named by a record, but lost: \($0)" }
  }

  private func lostPictures(_ db: Database) throws -> [String] {
    try GRDB.Row.fetchAll(db, sql: "SELECT name, sha256 FROM image").compactMap { row in
      let (name, digest) = (row["name"] as String, row["sha256"] as String)
      let file = FileManager.default.contents(atPath: "\(folder)/pictures/\(name)")
      return file.map(hexadecimal) == digest ? nil : "in the registry, but lost: \(name)"
    }
  }

  /// Files whose bytes are not those of their name.
  private func wrongContents() throws -> [String] {
    try walk("private/content").filter { !$0.contains("/incoming/") }.compactMap { file in
      let bytes = try Data(contentsOf: URL(filePath: "\(folder)/\(file)"))
      return file.hasSuffix(hexadecimal(bytes)) ? nil : "not the bytes of its name: \(file)"
    }
  }

  private func path(ofContent digest: String) -> String {
    "\(folder)/private/content/\(digest.prefix(2))/\(digest)"
  }

  private func files() throws -> [String] {
    // A reserve whose removal the power cut undid is taken up by the next run.
    let own = ["private/lock", "private/reserve"]
    return try walk("").filter { !$0.hasPrefix("private/ledger.sqlite") && !own.contains($0) }
      .map { file in
        // The registry's bytes follow the order of its rows, and its manifest those of the registry.
        if file.hasPrefix("private/") || ["registry.sqlite", "manifest.json"].contains(file) {
          return file
        }
        return try "\(file) \(hexadecimal(Data(contentsOf: URL(filePath: "\(folder)/\(file)"))))"
      }
  }

  private func walk(_ below: String) throws -> [String] {
    let start = below.isEmpty ? folder : "\(folder)/\(below)"
    guard let names = FileManager.default.enumerator(atPath: start) else { return [] }
    return names.compactMap { $0 as? String }.filter { name in
      var isFolder: ObjCBool = false
      return FileManager.default.fileExists(atPath: "\(start)/\(name)", isDirectory: &isFolder)
        && !isFolder.boolValue
    }
    .map { below.isEmpty ? $0 : "\(below)/\($0)" }.sorted()
  }

  /// Copies a database with its log; `nil` when there is none, or none that says anything yet.
  private func copied(_ path: String, into place: TemporaryPlace) throws -> String? {
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    let copy = "\(place.path)/\((path as NSString).lastPathComponent)"
    for suffix in ["", "-wal", "-journal"]
    where FileManager.default.fileExists(atPath: path + suffix) {
      try FileManager.default.copyItem(atPath: path + suffix, toPath: copy + suffix)
    }
    return copy
  }

  private func read(_ path: String, _ body: (Database) throws -> Void) throws {
    try DatabaseQueue(path: path).read(body)
  }

  private func hexadecimal(_ bytes: Data) -> String {
    SHA256.hash(data: bytes).map { String(format: "%02x", $0) }.joined()
  }
}

/// A folder that is removed with its last user.
final class TemporaryPlace {
  let path: String

  /// - Parameter memory: in memory where the machine has a place for that, so that syncs are quick.
  init(inMemory memory: Bool = true) throws {
    let root = FileManager.default.isWritableFile(atPath: "/dev/shm") && memory ? "/dev/shm" : ""
    path =
      (root.isEmpty ? FileManager.default.temporaryDirectory.path() : root + "/")
      + "anagen-faults-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit {
    do {
      try FileManager.default.removeItem(atPath: path)
    } catch {
      print("the folder \(path) could not be removed: \(error)")
    }
  }
}
