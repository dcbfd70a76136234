import Foundation
import GRDB
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// What somebody, or a disk, did to a data folder between two runs is told, and nothing wrong leaves.
@Suite(.timeLimit(.minutes(5)))
struct ChangedFolderTests {
  private func ledger(_ material: Material) throws -> DatabaseQueue {
    try DatabaseQueue(path: "\(material.data)/private/ledger.sqlite")
  }

  private func lines(_ material: Material, _ subjects: [String]) -> [String] {
    [Material.header]
      + zip(material.rows, subjects).map { row, subject in
        "\(row.file),\(subject),\(row.visit),\(row.date),\(row.region),\(row.scale)"
      }
  }

  @Test("a figure that was changed in the ledger never leaves, and the check of contents names it")
  func changedFigure() throws {
    let material = try Material(good: 2)
    #expect(try material.run().status == 0)
    let results = "\(material.data)/tables/results.csv"
    let before = try String(contentsOfFile: results, encoding: .utf8)
    let sound = try material.command(["audit", "verify", "--contents", "--data", material.data])
    #expect(sound.status == 0)
    #expect(sound.results.contains("every record and every original is as it was written"))

    try ledger(material).write { db in
      try db.execute(
        sql: """
          UPDATE record SET payload = CAST(replace(
            CAST(payload AS TEXT), '"hairCount":{"value":', '"hairCount":{"value":9') AS BLOB)
          WHERE schema LIKE 'anagen.released%' AND payload IS NOT NULL
            AND instr(CAST(payload AS TEXT), '"hairCount":{"value":') > 0
          """)
      #expect(db.changesCount > 0)
    }
    let again = try material.run()
    #expect(again.status == 74)
    #expect(again.talk.contains("is not what was written"))
    #expect(again.talk.contains("audit verify --contents"))
    #expect(try String(contentsOfFile: results, encoding: .utf8) == before)
    let check = try material.command(["audit", "verify", "--contents", "--data", material.data])
    #expect(check.status == 1)
    #expect(check.results.contains("was changed or is gone"))
  }

  @Test("an original that is gone or cut is told, and comes back from the folder that lists it")
  func lostOriginals() throws {
    let material = try Material(good: 2)
    #expect(try material.run().status == 0)
    let contents = "\(material.data)/private/content"
    let original = try #require(
      try ledger(material).read { db in
        try String.fetchOne(
          db,
          sql: """
            SELECT json_extract(CAST(payload AS TEXT), '$.original.sha256') FROM record
            WHERE schema LIKE 'anagen.captured-image/%' ORDER BY identity LIMIT 1
            """)
      })
    let path = "\(contents)/\(original.prefix(2))/\(original)"
    try #require(FileManager.default.fileExists(atPath: path))
    try FileManager.default.removeItem(atPath: path)
    let check = try material.command(["audit", "verify", "--contents", "--data", material.data])
    #expect(check.status == 1)
    #expect(check.results.contains("\(material.rows[0].file): the original is gone"))

    // Listed, and its file is there: it is stored again.
    #expect(try material.run().status == 0)
    #expect(FileManager.default.fileExists(atPath: path))

    try FileManager.default.removeItem(atPath: path)
    try material.writeManifest([Material.header] + [lines(material, ["S1", "S1"])[2]])
    let told = try material.run()
    #expect(told.status == 1)
    #expect(told.results.contains("originals_lost"))
    #expect(told.results.contains("1 original in private/content is gone"))
  }

  @Test("a data folder is of one study: another's run is refused, and nothing is changed")
  func otherStudy() throws {
    let material = try Material(good: 2)
    #expect(try material.run().status == 0)
    let study = "\(material.path)/other.yaml"
    let open = try String(
      contentsOfFile: "\(AnagenProcess.root)/Pipelines/studies/open.yaml", encoding: .utf8)
    try #require(open.contains("id: open"))
    try open.replacing("id: open", with: "id: other").write(
      toFile: study, atomically: false, encoding: .utf8)
    let registry = "\(material.data)/registry.sqlite"
    let before = try Data(contentsOf: URL(filePath: registry))
    let refused = try material.run(["--var", "study=\(study)"])
    #expect(refused.status == 65)
    #expect(refused.talk.contains("is of the study 'open', and this pipeline's is 'other'"))
    #expect(try Data(contentsOf: URL(filePath: registry)) == before)
    #expect(try material.run().status == 0)
  }

  @Test("a subject that a list named by mistake is not withdrawn with the picture")
  func withdrawnAfterCorrection() throws {
    let material = try Material(good: 2)
    #expect(try material.run().status == 0)
    try material.writeManifest(lines(material, ["S11", "S1"]))
    #expect(try material.run().status == 0)
    #expect(
      try material.command([
        "withdraw", material.rows[0].file, "--reason", "the wrong scalp", "--data", material.data,
      ]).status == 0)
    _ = try material.run()
    let table = try String(
      contentsOfFile: "\(material.data)/tables/acquisitions.csv", encoding: .utf8)
    let excluded = table.split(separator: "\r\n").filter { $0.contains("withdrawn_by_a_person") }
    #expect(excluded.count == 1)
    #expect(excluded.allSatisfy { $0.contains(",S11,") }, "\(excluded)")
  }

  private func current(_ material: Material) throws -> (registry: [String], tables: [String]) {
    let registry = try DatabaseQueue(path: "\(material.data)/registry.sqlite").read { db in
      try String.fetchAll(
        db,
        sql: """
          SELECT DISTINCT subject FROM current_result WHERE value IS NOT NULL ORDER BY subject
          """)
    }
    let table = try String(
      contentsOfFile: "\(material.data)/tables/acquisitions.csv", encoding: .utf8)
    let rows = table.split(separator: "\r\n").filter { $0.contains(",selected,") }
    return (
      registry, rows.compactMap { $0.split(separator: ",").dropFirst().first.map(String.init) }
    )
  }

  @Test("with a picture goes its copy under another subject, everywhere")
  func withdrawnCopy() throws {
    let material = try Material(good: 2)
    try material.add(material.originals[0], named: "copy.jpg", subject: "S4")
    try material.writeManifest(lines(material, ["S3", "S5", "S4"]))
    _ = try material.run()
    #expect(
      try material.command([
        "withdraw", "--subject", "S3", "--reason", "consent withdrawn", "--data", material.data,
      ]).status == 0)
    _ = try material.run()
    let pictures = try FileManager.default.contentsOfDirectory(atPath: "\(material.data)/pictures")
    #expect(pictures.count == 1, "only S5's picture leaves")
    let left = try current(material)
    #expect(left.tables == ["S5"])
    let table = try String(
      contentsOfFile: "\(material.data)/tables/acquisitions.csv", encoding: .utf8)
    #expect(
      table.split(separator: "\r\n").count { $0.contains("withdrawn_by_a_person") } == 2)
    #expect(left.registry == left.tables)
  }

  @Test("a picture that is corrected to a withdrawn subject counts for nobody")
  func correctedToAWithdrawnSubject() throws {
    let material = try Material(good: 2)
    try material.writeManifest(lines(material, ["S1", "S2"]))
    #expect(try material.run().status == 0)
    #expect(
      try material.command([
        "withdraw", "--subject", "S2", "--reason", "consent withdrawn", "--data", material.data,
      ]).status == 0)
    try material.writeManifest(lines(material, ["S2", "S2"]))
    _ = try material.run()
    let left = try current(material)
    #expect(left.tables.isEmpty && left.registry.isEmpty, "\(left)")
    let pictures = try FileManager.default.contentsOfDirectory(atPath: "\(material.data)/pictures")
    #expect(pictures.isEmpty)
  }

  @Test("a watchdog's signal ends a run at once, and counts against no record")
  func abortedFromOutside() throws {
    let material = try Material(good: 6)
    let run = try AnagenProcess(material.runArguments(), printingTo: material.path)
    // From then on a crash is noted, and held against what is in hand.
    let inHand = "\(material.data)/private/in-hand"
    while run.isRunning, !FileManager.default.fileExists(atPath: inHand) { usleep(500) }
    run.send(SIGABRT)
    let ended = try run.wait()
    #expect(ended.status == 128 + SIGABRT, "\(ended.talk)")
    let resumed = try material.run()
    #expect(resumed.status == 0)
    #expect(!resumed.talk.contains("when the program died"))
  }
}
