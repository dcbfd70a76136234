import Foundation
import GRDB
import Testing

/// A data folder that cannot be gone on with as it is says so and what to do, and stays as it is;
/// one that can, goes on.
struct BadLedgerTests {
  /// What was done to a ledger, and what must be said.
  struct Case: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let said: [String]
    let spoil: @Sendable (_ ledger: String) throws -> Void
  }

  static let cases = [
    Case(
      testDescription: "from a newer version",
      said: ["was written by a newer anagen (format 99)", "use that version"]
    ) { try execute("PRAGMA user_version = 99", $0) },
    Case(
      testDescription: "another program's database",
      said: ["is not a ledger", "name another data folder"]
    ) { path in
      try FileManager.default.removeItem(atPath: path)
      try execute("CREATE TABLE appointment(id INTEGER PRIMARY KEY); PRAGMA user_version = 1", path)
    },
    Case(
      testDescription: "cut in the middle", said: ["damaged", "restore the data folder"]
    ) { path in
      let bytes = try Data(contentsOf: URL(filePath: path))
      try bytes.prefix(bytes.count / 2).write(to: URL(filePath: path))
    },
    Case(
      testDescription: "cut within its last page", said: ["damaged", "restore the data folder"]
    ) { path in
      let bytes = try Data(contentsOf: URL(filePath: path))
      try bytes.dropLast(100).write(to: URL(filePath: path))
    },
    Case(
      testDescription: "cut to nothing", said: ["damaged", "restore the data folder"]
    ) { try Data().write(to: URL(filePath: $0)) },
    Case(
      testDescription: "no database at all", said: ["damaged", "restore the data folder"]
    ) { path in
      try Data(repeating: 65, count: 8192).write(to: URL(filePath: path))
    },
  ]

  @Test(arguments: cases) func aLedgerThatCannotBeUsedIsLeftAsItIs(_ spoilt: Case) throws {
    let material = try Material(good: 2)
    #expect(try material.run().status == 0)
    let ledger = "\(material.data)/private/ledger.sqlite"
    try spoilt.spoil(ledger)
    let before = try Data(contentsOf: URL(filePath: ledger))
    let table = try Data(contentsOf: URL(filePath: "\(material.data)/tables/measurements.csv"))
    for command in [
      material.runArguments(), ["status", "--data", material.data],
      ["quarantine", "list", "--data", material.data],
    ] {
      let outcome = try material.command(command)
      #expect(outcome.status == 74, "\(command[0]): \(outcome.status): \(outcome.talk)")
      let last = outcome.talk.split(separator: "\n").last.map(String.init) ?? ""
      #expect(last.hasPrefix("error: "), "\(command[0]): \(outcome.talk)")
      for words in spoilt.said {
        #expect(last.contains(words), "\(command[0]): \(outcome.talk)")
      }
    }
    #expect(try Data(contentsOf: URL(filePath: ledger)) == before)
    let same = try Data(contentsOf: URL(filePath: "\(material.data)/tables/measurements.csv"))
    #expect(same == table)
  }

  @Test func aDataFolderThatWasMovedGoesOnWithoutDoingAnythingAgain() throws {
    let material = try Material(good: 3)
    #expect(try material.run().status == 0)
    let moved = "\(material.path)/elsewhere/out"
    try FileManager.default.createDirectory(
      atPath: "\(material.path)/elsewhere", withIntermediateDirectories: true)
    try FileManager.default.moveItem(atPath: material.data, toPath: moved)
    material.data = moved
    let outcome = try material.run()
    try material.expectEverythingAccountedFor(after: outcome)
    let edges = try RunResult(outcome).edges
    #expect(edges.allSatisfy { $0.opened == 0 }, "\(edges)")
  }

  @Test func aDataFolderThatWasMovedInTheMiddleGoesOn() throws {
    let material = try Material(good: 6)
    let run = try AnagenProcess(material.runArguments(), printingTo: material.path)
    let registry = "\(material.data)/private/registry/registry.sqlite"
    while run.isRunning, !FileManager.default.fileExists(atPath: registry) { usleep(500) }
    run.send(SIGKILL)
    _ = try run.wait()
    try FileManager.default.moveItem(atPath: material.data, toPath: "\(material.path)/moved")
    material.data = "\(material.path)/moved"
    try material.expectEverythingAccountedFor(after: material.run())
  }

  @Test func aPipelineThatNoLongerValidatesIsShownAndTheFolderWaits() throws {
    let material = try Material(good: 6)
    let run = try AnagenProcess(material.runArguments(), printingTo: material.path)
    let ledger = "\(material.data)/private/ledger.sqlite"
    while run.isRunning, !FileManager.default.fileExists(atPath: ledger) { usleep(500) }
    run.send(SIGKILL)
    _ = try run.wait()
    let file = "\(material.path)/changed.yaml"
    let shipped = try String(
      contentsOfFile: "\(AnagenProcess.root)/Pipelines/reprocess.yaml", encoding: .utf8
    ).replacing("studies/open.yaml", with: "\(AnagenProcess.root)/Pipelines/studies/open.yaml")
    try shipped.replacing("use: hair.analyse", with: "use: hair.analyze").write(
      toFile: file, atomically: false, encoding: .utf8)
    let before = try Data(contentsOf: URL(filePath: ledger))
    var arguments = material.runArguments()
    arguments[1] = file
    let refused = try material.command(arguments)
    #expect(refused.status == 78, "\(refused.talk)")
    #expect(refused.talk.contains("\(file):33:10: error: "), "\(refused.talk)")
    #expect(refused.talk.contains("hair.analyse"), "\(refused.talk)")
    #expect(try Data(contentsOf: URL(filePath: ledger)) == before)
    try shipped.write(toFile: file, atomically: false, encoding: .utf8)
    try material.expectEverythingAccountedFor(after: material.command(arguments))
  }

  @Test func aFolderWhoseStoredPicturesAreGoneIsRefusedBeforeAnythingIsChanged() throws {
    let material = try Material(good: 2)
    #expect(try material.run().status == 0)
    let contents = "\(material.data)/private/content"
    try FileManager.default.moveItem(atPath: contents, toPath: "\(material.path)/moved")
    let ledger = "\(material.data)/private/ledger.sqlite"
    let before = try Data(contentsOf: URL(filePath: ledger))
    let outcome = try material.run()
    #expect(outcome.status == 74, "\(outcome.talk)")
    #expect(outcome.talk.contains("\(contents) is gone"), "\(outcome.talk)")
    #expect(try Data(contentsOf: URL(filePath: ledger)) == before)
    #expect(!FileManager.default.fileExists(atPath: contents))
    try FileManager.default.moveItem(atPath: "\(material.path)/moved", toPath: contents)
    try material.expectEverythingAccountedFor(after: material.run())
  }

  @Test func aRunOnALedgerThatWasCutSaysSoAndGoesOn() throws {
    let material = try Material(good: 2)
    #expect(try material.run().status == 0)
    let head = try Data(contentsOf: URL(filePath: "\(material.data)/private/audit-head"))
    try BadLedgerTests.execute(
      """
      PRAGMA foreign_keys = OFF; DROP TRIGGER audit_refuses_delete;
      DELETE FROM audit WHERE sequence = (SELECT max(sequence) FROM audit);
      """, "\(material.data)/private/ledger.sqlite")
    try material.add(Photographs.jpeg(7), named: "late.jpg", subject: "S9")
    try material.writeManifest()
    let outcome = try material.run()
    #expect(outcome.status == 1, "\(outcome.talk)")
    #expect(outcome.results.contains("\"code\":\"audit_log\""), "\(outcome.results)")
    let manifest = try String(contentsOfFile: "\(material.data)/manifest.json", encoding: .utf8)
    #expect(manifest.contains("\"auditProblem\": \"the chain ends at entry"), "\(manifest)")
    #expect(
      try Data(contentsOf: URL(filePath: "\(material.data)/private/audit-head")) == head)
    for command in [["audit", "verify"], ["status"]] {
      let told = try material.command(command + ["--data", material.data])
      #expect(
        told.status == 1 && told.results.contains("put back to an earlier state"), "\(told.results)"
      )
    }
    #expect(try RunResult(outcome).edges.contains { $0.opened == 1 }, "the new picture is handled")
  }

  private static func execute(_ sql: String, _ path: String) throws {
    try DatabaseQueue(path: path).writeWithoutTransaction { try $0.execute(sql: sql) }
  }
}
