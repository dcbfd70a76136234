public import ClinicalRecords
import GRDB
public import StageKit

extension RunLedger {
  /// The files that the last run named when it ended, by their paths below the data folder.
  ///
  /// Empty when that is not known: before the first run, and after one that ended while it wrote.
  public func releasedFiles() throws -> [String: ContentDigest] {
    try RunLedger.inWords {
      try database.read { db in
        var files: [String: ContentDigest] = [:]
        let rows = try Row.fetchCursor(db, sql: "SELECT path, sha256 FROM released")
        while let row = try rows.next() {
          files[row["path"]] = ContentDigest(hexadecimal: row["sha256"])
        }
        return files
      }
    }
  }

  /// Files are about to be written: until they all are, what lies there is nobody's word.
  public func forgetReleasedFiles() throws {
    try RunLedger.inWords { try database.write { try $0.execute(sql: "DELETE FROM released") } }
  }

  /// Keeps what the stages of a run that came to its end named.
  public func keepReleasedFiles(_ files: [ReleasedFile]) throws {
    try RunLedger.inWords {
      try database.write { db in
        try db.execute(sql: "DELETE FROM released")
        let statement = try db.makeStatement(
          sql: "INSERT INTO released(path, sha256) VALUES (?, ?)")
        for file in files {
          try statement.execute(arguments: [file.path, file.sha256.hexadecimal])
        }
      }
    }
  }
}

extension LedgerSchema {
  /// What the last run's stages wrote, so that the next one sees what somebody else did with it.
  static let released = """
    CREATE TABLE released(path TEXT PRIMARY KEY, sha256 TEXT NOT NULL) STRICT, WITHOUT ROWID;
    """
}
