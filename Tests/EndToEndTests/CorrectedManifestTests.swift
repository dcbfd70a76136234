import Foundation
import GRDB
import Testing

/// A list or a picture that is corrected between two runs: the same picture must not count for two,
/// nor an earlier one for a later.
@Suite struct CorrectedManifestTests {
  private struct Account: Decodable {
    struct Notice: Decodable {
      let code: String
      let what: String
      let hint: String
      let negative: Bool
    }
    struct Region: Decodable { let subject: String }
    struct Unmeasured: Decodable {
      let state: String
      let acquisition: String
    }
    let notices: [Notice]
    let results: [Region]
    let unmeasured: [Unmeasured]

    init(_ outcome: AnagenProcess.Outcome) throws {
      self = try JSONDecoder().decode(Account.self, from: Data(outcome.results.utf8))
    }
  }

  @Test("a corrected subject takes its picture along; the earlier one is excluded, and can return")
  func correctedSubject() throws {
    let material = try Material(good: 2)
    try material.writeManifest(lines(material, ["S1", "S2"]))
    #expect(try material.run().status == 0)
    #expect(try current(material) == ["S1", "S2"])

    try material.writeManifest(lines(material, ["S9", "S2"]))
    let corrected = try material.run()
    #expect(corrected.status == 0)
    let account = try Account(corrected)
    #expect(account.notices.map(\.code) == ["pictures_refiled"])
    #expect(
      account.notices[0].what.contains(
        "1 picture is listed under another subject, visit or place than it was filed under"))
    #expect(account.notices[0].what.hasSuffix(": \(material.rows[0].file)"))
    #expect(
      try changes(material, run: 2) == [
        [
          material.rows[0].file, "another subject, visit or place",
          "open/S1/V1/D0/vertex/unknown/1/1/1", "open/S9/V1/D0/vertex/unknown/1/1/1",
        ]
      ])
    #expect(account.results.map(\.subject) == ["S2", "S9"])
    #expect(try current(material) == ["S2", "S9"])
    #expect(try subjectsInTables(material) == ["S2", "S9"])
    let history = try dispositions(of: "S1", in: material)
    #expect(
      Set(history.suffix(2)) == [
        "measurement excluded filed_under_another_acquisition",
        "picture excluded filed_under_another_acquisition",
      ])
    #expect(history.count > 2)
    try material.expectNothingIdentifiedLeft()
    #expect(try Account(material.run()).notices.isEmpty)

    try material.writeManifest(lines(material, ["S1", "S2"]))
    let undone = try Account(material.run())
    #expect(undone.notices.map(\.code) == ["pictures_refiled"])
    #expect(undone.results.map(\.subject) == ["S1", "S2"])
    #expect(try current(material) == ["S1", "S2"])
    #expect(try material.run().status == 0)
  }

  @Test("a manifest that lists only a part leaves the rest as it is")
  func partialManifest() throws {
    let material = try Material(good: 2)
    try material.writeManifest(lines(material, ["S1", "S2"]))
    #expect(try material.run().status == 0)
    try material.writeManifest(Array(lines(material, ["S1", "S2"]).prefix(2)))
    let outcome = try material.run()
    #expect(outcome.status == 0)
    let notices = try Account(outcome).notices
    #expect(notices.map(\.code) == ["pictures_unlisted"])
    #expect(notices.first?.what.contains(": \(material.rows[1].file)") == true)
    #expect(!outcome.talk.contains(Photographs.name))
    #expect(try current(material) == ["S1", "S2"])
  }

  @Test(
    "a withdrawn picture is excluded in registry and tables, stays out, and comes back on demand")
  func withdrawn() throws {
    let material = try Material(good: 2)
    try material.writeManifest(lines(material, ["S1", "S2"]))
    #expect(try material.run().status == 0)
    func withdraw(_ arguments: [String]) throws -> AnagenProcess.Outcome {
      try material.command(
        ["withdraw"] + arguments
          + ["--reason", "consent withdrawn", "--by", "maria", "--data", material.data])
    }
    #expect(try withdraw(["absent.jpg"]).status == 65)
    #expect(try withdraw(["--subject", "S1"]).status == 0)
    #expect(try withdraw([material.rows[0].file]).status == 65, "it is withdrawn already")

    for _ in 0..<2 {
      let outcome = try material.run()
      #expect(outcome.status == 0, "\(outcome.talk)")
      let account = try Account(outcome)
      #expect(account.notices.map(\.code) == ["pictures_withdrawn"])
      #expect(account.results.map(\.subject) == ["S2"])
      #expect(try current(material) == ["S2"])
      #expect(
        Set(try dispositions(of: "S1", in: material).suffix(2)) == [
          "measurement excluded withdrawn_by_a_person", "picture excluded withdrawn_by_a_person",
        ])
      #expect(try subjectsInTables(material) == ["S1", "S2"])
      let rows = try String(
        contentsOfFile: "\(material.data)/tables/acquisitions.csv", encoding: .utf8)
      #expect(rows.contains(",excluded,withdrawn_by_a_person,excluded,withdrawn_by_a_person,"))
      #expect(
        try FileManager.default.contentsOfDirectory(atPath: "\(material.data)/pictures").count == 1)
      let manifest = try String(contentsOfFile: "\(material.data)/manifest.json", encoding: .utf8)
      #expect(manifest.split(separator: "\"pictures/").count == 2)
    }
    let audit = try material.command(["audit", "list", "--data", material.data])
    #expect(audit.results.contains("source.withdraw") && audit.results.contains("maria"))
    #expect(try material.command(["audit", "verify", "--data", material.data]).status == 0)

    #expect(try withdraw(["--undo", "--subject", "S1"]).status == 0)
    let back = try material.run()
    #expect(back.status == 0)
    #expect(try Account(back).notices.isEmpty)
    #expect(try current(material) == ["S1", "S2"])
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: "\(material.data)/pictures").count == 2)
    try material.expectNothingIdentifiedLeft()
  }

  @Test(
    "a withdrawn picture stays out with another date, scale, visit, name or end, and only that one",
    arguments: ["date", "scale", "visit", "name", "bytes"])
  func withdrawnInDisguise(_ change: String) throws {
    let material = try Material(good: 2)
    let file = material.rows[0].file
    try material.writeManifest(lines(material, ["S1", "S2"]))
    #expect(try material.run().status == 0)
    let withdrawn = try material.command([
      "withdraw", file, "--reason", "consent withdrawn", "--data", material.data,
    ])
    #expect(withdrawn.status == 0, "\(withdrawn.talk)")
    var row = "\(file),S1,V1,2024-03-25,vertex,5"
    switch change {
    case "date": row = "\(file),S1,V1,2024-03-26,vertex,5"
    case "scale": row = "\(file),S1,V1,2024-03-25,vertex,5.1"
    case "visit": row = "\(file),S1,V2,2024-03-25,vertex,5"
    case "name":
      try material.put(material.originals[0], named: "copy.jpg")
      row = "copy.jpg,S1,V1,2024-03-25,vertex,5"
    default:
      try Data(material.originals[0] + [0]).write(to: URL(filePath: "\(material.images)/\(file)"))
    }
    try material.writeManifest([Material.header, row, lines(material, ["S1", "S2"])[2]])
    for _ in 0..<2 {
      let outcome = try material.run()
      #expect(try Account(outcome).notices.map(\.code) == ["pictures_withdrawn"], "\(outcome.talk)")
      #expect(try current(material) == ["S2"])
      #expect(
        try FileManager.default.contentsOfDirectory(atPath: "\(material.data)/pictures").count == 1)
    }
    // Another picture of its place is not what was withdrawn, and takes the next number.
    try material.put(material.originals[1] + [0], named: "other.jpg")
    try material.writeManifest([
      Material.header, "other.jpg,S1,V1,2024-03-25,vertex,5", lines(material, ["S1", "S2"])[2],
    ])
    _ = try material.run()
    #expect(try current(material) == ["S1", "S2"])

    if row.hasPrefix(file), !row.contains("V2") {
      let undone = try material.command([
        "withdraw", "--undo", "images/\(file)", "--reason", "a mistake", "--data", material.data,
      ])
      #expect(undone.status == 0, "\(undone.talk)")
      try material.writeManifest([Material.header, row, lines(material, ["S1", "S2"])[2]])
      let back = try material.run()
      #expect(try Account(back).notices.map(\.code) == ["pictures_unlisted"], "\(back.talk)")
      #expect(try current(material) == ["S1", "S2"])
    }
  }

  @Test("without a column field, a number stays with its picture whatever rows go, come or move")
  func fieldsStay() throws {
    let material = try Material(good: 3)
    let files = material.rows.map(\.file)
    try material.put(material.originals[0] + [0], named: "a-new.jpg")
    try material.put(material.originals[1], named: "renamed.jpg")
    func list(_ files: [String]) throws -> [Account.Notice] {
      try material.writeManifest(
        [Material.header] + files.map { "\($0),S1,V1,2024-03-25,vertex,5" })
      let outcome = try material.run()
      #expect(outcome.status == 0 && !outcome.talk.contains("S1"), "\(outcome.talk)")
      return try Account(outcome).notices
    }
    #expect(try list(files).isEmpty)
    #expect(try fields(material) == ["1", "2", "3"])
    let shorter = try list([files[2], files[1]])
    #expect(shorter.map(\.code) == ["pictures_unlisted"])
    #expect(shorter[0].what.hasSuffix(": \(files[0])"))
    for undo in [[], ["--undo"]] {
      let decided = try material.command(
        ["withdraw", files[1], "--reason", "a mistake", "--data", material.data] + undo)
      #expect(decided.status == 0, "\(decided.talk)")
    }
    #expect(try list([files[2], files[1]]).map(\.code) == ["pictures_unlisted"])
    #expect(try fields(material) == ["1", "2", "3"])
    // A second list of the same visit and region, with new pictures alone.
    #expect(try list(["a-new.jpg"]).map(\.code) == ["pictures_unlisted"])
    #expect(try fields(material) == ["1", "2", "3", "4"])
    #expect(try list(["a-new.jpg", files[2], "renamed.jpg", files[0]]).isEmpty)
    #expect(try fields(material) == ["1", "2", "3", "4"])
  }

  /// The fields that stand in the registry's combined figures.
  private func fields(_ material: Material) throws -> [String] {
    try material.read("\(material.data)/registry.sqlite") { db in
      try String.fetchAll(
        db,
        sql: """
          SELECT a.field FROM current_measurement JOIN acquisition a ON a.id = acquisition_id
          ORDER BY 1
          """)
    }
  }

  @Test("other bytes under a name, and another scale or date, are named by file")
  func replacedAndRevalued() throws {
    let material = try Material(good: 2)
    try material.writeManifest(lines(material, ["S1", "S2"]))
    #expect(try Account(material.run()).notices.isEmpty)
    try Data(material.originals[0] + [0])
      .write(to: URL(filePath: "\(material.images)/\(material.rows[0].file)"))
    try material.writeManifest([
      Material.header, lines(material, ["S1", "S2"])[1],
      "\(material.rows[1].file),S2,V1,2024-03-25,vertex,5.5",
    ])
    let notices = try Account(material.run()).notices
    #expect(notices.map(\.code) == ["pictures_replaced", "pictures_revalued"])
    #expect(notices[0].what.hasSuffix(": \(material.rows[0].file)"))
    #expect(notices[1].what.hasSuffix(": \(material.rows[1].file)"))
    #expect(
      try changes(material, run: 2).last == [
        material.rows[1].file, "another date or scale", "2024-03-25, 5 um/px",
        "2024-03-25, 5.5 um/px",
      ])
    #expect(try Account(material.run()).notices.isEmpty)
  }

  @Test("a subject who withdrew stays out with pictures that come later, until all come back")
  func withdrawnSubject() throws {
    let material = try Material(good: 3)
    let new = "\(material.rows[2].file),S1,V2,2024-06-25,vertex,5"
    func withdraw(_ arguments: [String]) throws -> Int32 {
      try material.command(
        ["withdraw"] + arguments + ["--reason", "consent withdrawn", "--data", material.data]
      ).status
    }
    try material.writeManifest(lines(material, ["S1", "S2"]))
    #expect(try material.run().status == 0)
    #expect(try withdraw([material.rows[0].file]) == 0)
    try material.writeManifest(lines(material, ["S1", "S2"]) + [new])
    let told = try Account(material.run()).notices
    #expect(told.map(\.code) == ["pictures_withdrawn", "pictures_beside_withdrawn"])
    #expect(told[1].what.hasSuffix(": \(material.rows[2].file)"))
    #expect(told[1].hint.contains("withdraw --subject"))
    #expect(try current(material) == ["S1", "S2"])
    #expect(try Account(material.run()).notices.map(\.code) == ["pictures_withdrawn"])

    #expect(try withdraw(["--subject", "S1"]) == 0)
    try material.put(material.originals[2] + [0], named: "later.jpg")
    try material.writeManifest(
      lines(material, ["S1", "S2"]) + [new, "later.jpg,S1,V3,2024-09-25,vertex,5"])
    for _ in 0..<2 {
      #expect(try Account(material.run()).notices.map(\.code) == ["pictures_withdrawn"])
      #expect(try current(material) == ["S2"])
      #expect(
        try !String(
          contentsOfFile: "\(material.data)/tables/acquisitions.csv", encoding: .utf8
        ).contains("V3"))
    }
    #expect(try withdraw(["--undo", "later.jpg"]) == 64, "the subject is out")
    #expect(try withdraw(["--undo", "--subject", "S1"]) == 0)
    #expect(try Account(material.run()).notices.isEmpty)
    #expect(try current(material) == ["S1", "S2"])
  }

  @Test("tables in which a picture is excluded now are a new export in the audit chain")
  func withdrawnIsExported() throws {
    let material = try Material(good: 1)
    #expect(try material.run().status == 0)
    let withdrawn = try material.command([
      "withdraw", material.rows[0].file, "--reason", "wrong", "--data", material.data,
    ])
    #expect(withdrawn.status == 0, "\(withdrawn.talk)")
    // What was decided is something to go on with.
    let status = try material.command(["status", "--data", material.data]).results
    #expect(status.contains("anagen resume"), "\(status)")
    #expect(try material.command(["resume", material.data]).status == 0)
    #expect(try current(material).isEmpty)
    #expect(try material.run().status == 0)
    let list = try material.command(["audit", "list", "--data", material.data]).results
    #expect(list.split(separator: "export.written").count == 3, "\(list)")
  }

  @Test("the same bytes listed under two names both stand, and the run says so with its status")
  func listedTwice() throws {
    let material = try Material(good: 1)
    try material.put(material.originals[0], named: "copy.jpg")
    try material.writeManifest(
      lines(material, ["S1"]) + ["copy.jpg,S2,V1,2024-03-25,vertex,5"])
    let outcome = try material.run()
    #expect(outcome.status == 1)
    let notices = try Account(outcome).notices
    #expect(notices.map(\.code) == ["pictures_doubled"] && notices.allSatisfy(\.negative))
    #expect(!outcome.talk.contains("S2"))
    #expect(try current(material) == ["S1", "S2"])
    // Once the second is dropped, it is the one that went, and the first never moved.
    try material.writeManifest(lines(material, ["S1"]))
    let mended = try Account(material.run())
    #expect(mended.notices.map(\.code) == ["pictures_dropped"])
    #expect(try changes(material, run: 2).map { $0[0] } == ["copy.jpg"])
    #expect(try current(material) == ["S1"])
  }

  @Test("a picture that is replaced by half of one has no figures any more, and says why")
  func replacedByHalf() throws {
    let material = try Material(good: 1)
    #expect(try Account(material.run()).results.map(\.subject) == ["S1"])
    let half = material.originals[0].prefix(material.originals[0].count / 2)
    try Data(half).write(to: URL(filePath: "\(material.images)/\(material.rows[0].file)"))
    let outcome = try material.run()
    #expect(outcome.status == 1)
    let account = try Account(outcome)
    #expect(account.results.isEmpty)
    #expect(account.unmeasured.map(\.state) == ["failed"])
    #expect(account.unmeasured[0].acquisition == "open/S1/V1/D0/vertex/unknown/1/1/1")
    #expect(try current(material).isEmpty)
  }

  /// What a run kept of a changed list: file, change, before, now; ordered.
  private func changes(_ material: Material, run: Int) throws -> [[String]] {
    let path = "\(material.data)/private/list-changes/run-\(run).csv"
    return try String(contentsOfFile: path, encoding: .utf8).split(whereSeparator: \.isNewline)
      .dropFirst().map { line in
        line.dropFirst().dropLast().split(separator: "\",\"", omittingEmptySubsequences: false)
          .map(String.init)
      }.sorted { $0[0] < $1[0] }
  }

  private func lines(_ material: Material, _ subjects: [String]) -> [String] {
    [Material.header]
      + zip(material.rows, subjects).map { "\($0.file),\($1),V1,2024-03-25,vertex,5" }
  }

  /// The subjects of current measurements and pictures in the registry, which must agree.
  private func current(_ material: Material) throws -> [String] {
    try material.read("\(material.data)/registry.sqlite") { db in
      let views = try ["current_measurement", "current_image"].map { view in
        try String.fetchAll(
          db,
          sql: """
            SELECT DISTINCT subject FROM \(view) JOIN acquisition a ON a.id = acquisition_id
            JOIN session s ON s.id = session_id JOIN visit v ON v.id = visit_id ORDER BY subject
            """)
      }
      #expect(views[0] == views[1])
      let figures = try String.fetchAll(
        db,
        sql: "SELECT DISTINCT subject FROM current_result WHERE value IS NOT NULL ORDER BY subject")
      #expect(figures == views[0])
      return figures
    }
  }

  private func dispositions(of subject: String, in material: Material) throws -> [String] {
    try material.read("\(material.data)/registry.sqlite") { db in
      try String.fetchAll(
        db,
        sql: """
          SELECT part || ' ' || state || ' ' || reason FROM disposition
          JOIN acquisition a ON a.id = acquisition_id JOIN session s ON s.id = session_id
          JOIN visit v ON v.id = visit_id WHERE subject = ? ORDER BY disposition.id
          """, arguments: [subject])
    }
  }

  private func subjectsInTables(_ material: Material) throws -> [String] {
    try String(contentsOfFile: "\(material.data)/tables/acquisitions.csv", encoding: .utf8)
      .split(whereSeparator: \.isNewline).dropFirst()
      .map { String($0.split(separator: ",")[1]) }
  }
}
