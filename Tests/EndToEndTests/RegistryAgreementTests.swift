import Foundation
import GRDB
import Testing

/// What leaves says one thing: the registry's views are what the tables hold, and of who or what was
/// taken out there is no figure anywhere.
@Suite struct RegistryAgreementTests {
  @Test("views and tables agree, and nothing that leaves has a figure of what was withdrawn")
  func withdrawals() throws {
    let material = try Material(good: 5)
    func list(_ count: Int) throws {
      let rows = [
        "0,S1,V1", "1,S1,V1", "2,S1,V2", "3,S2,V1", "4,S2,V2",
      ].map { $0.split(separator: ",") }
      try material.writeManifest(
        [Material.header]
          + rows.prefix(count).map {
            "\(material.rows[Int($0[0]) ?? 0].file),\($0[1]),\($0[2]),2024-03-25,vertex,5"
          })
    }
    func withdraw(_ arguments: [String]) throws {
      let outcome = try material.command(
        ["withdraw"] + arguments + ["--reason", "consent withdrawn", "--data", material.data])
      #expect(outcome.status == 0, "\(outcome.talk)")
    }
    try list(5)
    #expect(try material.run().status == 0)
    try expectAgreement(material)
    let whole = try figures(material)
    // The quality gate finds nothing sharp in S2/V1: no hair of that scalp lies in the frame.
    let states = [
      "S1/V1 done -", "S1/V2 done -", "S2/V1 missing image_rejected", "S2/V2 done -",
    ]
    #expect(try visits(material) == states)

    try withdraw([material.rows[1].file])
    #expect(try material.run().status == 0)
    try expectAgreement(material)
    #expect(try figures(material, field: 2) == 0)
    #expect(try kept(material) == whole)

    try withdraw(["--subject", "S1"])
    for _ in 0..<2 {
      let outcome = try material.run()
      #expect(outcome.status == 0 && !outcome.talk.contains("registry"), "\(outcome.talk)")
      try expectAgreement(material)
      #expect(try figures(material, subject: "S1") == 0)
      #expect(try figures(material, subject: "S2") > 0)
      #expect(try kept(material) == whole, "the history stays below private/")
      #expect(
        try visits(material) == [
          "S1/V1 withdrawn withdrawn", "S1/V2 withdrawn withdrawn", states[2], states[3],
        ])
      #expect(try subjects(material) == ["S1 withdrawn", "S2 -"])
    }

    try withdraw(["--undo", "--subject", "S1"])
    #expect(try material.run().status == 0)
    try expectAgreement(material)
    #expect(try figures(material, subject: "S1") > 0)
    #expect(try visits(material) == states)
    #expect(try subjects(material) == ["S1 -", "S2 -"])
  }

  @Test("a visit that a corrected list emptied, and one whose pictures all failed, are not done")
  func emptied() throws {
    let material = try Material(good: 2)
    try material.add(Array(Photographs.jpeg(0).prefix(900)), named: "half.jpg", subject: "S3")
    let files = material.rows.map(\.file)
    func list(_ visit: String) throws -> AnagenProcess.Outcome {
      try material.writeManifest([
        Material.header, "\(files[0]),S1,\(visit),2024-03-25,vertex,5",
        "\(files[1]),S1,V2,2024-04-25,vertex,5", "\(files[2]),S3,V1,2024-03-25,vertex,5",
      ])
      return try material.run()
    }
    #expect(try list("V1").status == 1)
    #expect(
      try visits(material) == ["S1/V1 done -", "S1/V2 done -", "S3/V1 missing technical"])
    #expect(try list("V0").status == 1)
    try expectAgreement(material)
    #expect(
      try visits(material) == [
        "S1/V0 done -", "S1/V1 missing not_done", "S1/V2 done -", "S3/V1 missing technical",
      ])
    #expect(
      try corrections(material, of: "visit") == [
        "status done missing", "missing_reason - not_done",
      ])
  }

  @Test("a figure that another scale corrected has a correction that says so")
  func rescaled() throws {
    let material = try Material(good: 1)
    #expect(try material.run().status == 0)
    #expect(try corrections(material, of: "measurement").isEmpty)
    try material.writeManifest([
      Material.header, "\(material.rows[0].file),S1,V1,2024-03-25,vertex,5.2",
    ])
    #expect(try material.run().status == 0)
    #expect(
      try corrections(material, of: "measurement", "reason") == ["another scale or calibration"])
    try expectAgreement(material)
  }

  // MARK: Reading what leaves

  private func published<Value>(_ material: Material, _ body: (Database) throws -> Value) throws
    -> Value
  { try material.read("\(material.data)/registry.sqlite", body) }

  private func visits(_ material: Material) throws -> [String] {
    try published(material) { db in
      try String.fetchAll(
        db,
        sql: """
          SELECT subject || '/' || visit || ' ' || status || ' ' || ifnull(missing_reason, '-')
          FROM visit ORDER BY 1
          """)
    }
  }

  private func subjects(_ material: Material) throws -> [String] {
    try published(material) { db in
      try String.fetchAll(
        db, sql: "SELECT subject || ' ' || ifnull(status, '-') FROM subject ORDER BY 1")
    }
  }

  private func corrections(
    _ material: Material, of table: String,
    _ words: String = "column_name || ' ' || ifnull(old, '-') || ' ' || ifnull(new, '-')"
  ) throws -> [String] {
    try published(material) { db in
      try String.fetchAll(
        db,
        sql: """
          SELECT \(words) FROM correction WHERE table_name = ?
            AND (table_name <> 'visit' OR row_id = (SELECT id FROM visit
              WHERE subject = 'S1' AND visit = 'V1')) ORDER BY id
          """, arguments: [table])
    }
  }

  /// How many figures, hairs and pictures a registry has of somebody or some field.
  private static func count(_ subject: String?, _ field: Int?) -> String {
    let place = """
      JOIN acquisition a ON a.id = acquisition_id JOIN session s ON s.id = a.session_id
      JOIN visit v ON v.id = s.visit_id
      WHERE (\(subject.map { "v.subject = '\($0)'" } ?? "1")) AND \(field.map { "a.field = \($0)" } ?? "1")
      """
    let combined = """
      SELECT count(value) + count(area_cm2) FROM result JOIN session s ON s.id = session_id
      JOIN visit v ON v.id = s.visit_id WHERE level = 'region_visit'
        AND \(subject.map { "v.subject = '\($0)'" } ?? (field == nil ? "1" : "n_fields > 1"))
      """
    return """
      SELECT (SELECT count(*) FROM measurement \(place)) + (SELECT count(*) FROM image \(place))
        + (SELECT count(*) FROM hair JOIN measurement m ON m.id = measurement_id \(place))
        + (SELECT count(*) FROM result r JOIN measurement m ON m.id = r.measurement_id \(place))
        + (\(combined))
      """
  }

  private func figures(_ material: Material, subject: String? = nil, field: Int? = nil) throws
    -> Int
  {
    try published(material) { db in
      #expect(try Row.fetchAll(db, sql: "PRAGMA foreign_key_check").isEmpty)
      return try Int.fetchOne(db, sql: RegistryAgreementTests.count(subject, field)) ?? -1
    }
  }

  /// How many of the first run the file below `private/` still has.
  private func kept(_ material: Material) throws -> Int {
    try material.read("\(material.data)/private/registry/registry.sqlite") { db in
      // Figures that were combined anew since are more; what there was is superseded, and stands.
      let more = "(SELECT count(value) + count(area_cm2) FROM result WHERE inputs IN ('1', ''))"
      let all = try Int.fetchOne(db, sql: RegistryAgreementTests.count(nil, nil)) ?? -1
      return try all - (Int.fetchOne(db, sql: "SELECT \(more)") ?? 0)
    }
  }

  /// Holds each view to its table, row by row.
  private func expectAgreement(_ material: Material, _ place: SourceLocation = #_sourceLocation)
    throws
  {
    let key = "subject || '/' || visit || '/' || session || '/' || region || '/' || side"
    let fields = "a.placement || '/' || a.field || '/' || a.attempt"
    let joins = """
      JOIN acquisition a ON a.id = acquisition_id JOIN session s ON s.id = a.session_id
      JOIN visit v ON v.id = s.visit_id
      """
    let place9 = ["subject", "visit", "session", "region", "side"]
    func names(_ row: [String: String], _ more: [String]) -> String {
      (place9 + more).map { row[$0] ?? "" }.joined(separator: "/")
    }
    let spot = ["placement", "field", "attempt"]
    let (acquisitions, measurements, results) = try (
      table("acquisitions", material), table("measurements", material), table("results", material)
    )
    try published(material) { db in
      func rows(_ sql: String) throws -> [String] { try String.fetchAll(db, sql: sql).sorted() }
      #expect(
        try rows("SELECT \(key) || '/' || \(fields) FROM current_measurement \(joins)")
          == measurements.map { names($0, spot) }.sorted(), sourceLocation: place)
      #expect(
        try rows("SELECT \(key) || '/' || \(fields) || '/' || name FROM current_image \(joins)")
          == acquisitions.filter { $0["picture"] != "" }.map { names($0, spot + ["picture"]) }
          .sorted(), sourceLocation: place)
      #expect(
        try rows(
          """
          SELECT \(key) || '/' || \(fields) || '/' || state || '/' || reason
          FROM current_disposition \(joins)
          WHERE part = 'measurement' AND reason <> 'filed_under_another_acquisition'
          """)
          == acquisitions.map { names($0, spot + ["state", "reason"]) }.sorted(),
        sourceLocation: place)
      let figure = """
        level || '/' || quantity || '/' || hairs || '/' || ifnull(placement, '') || '/'
          || ifnull(field, '') || '/' || ifnull(attempt, '') || '/' || ifnull(missing_reason, '')
          || '/' || ifnull(caution, '') || '/' || ifnull(picture_use, '')
        """
      let words =
        ["level", "quantity", "hairs"] + spot + ["missing_reason", "caution", "picture_use"]
      #expect(
        try rows("SELECT \(key) || '/' || \(figure) FROM current_result")
          == results.map { names($0, words) }.sorted(), sourceLocation: place)
      for column in ["value", "low", "high", "n_hairs", "n_unresolved", "area_cm2"] {
        let filed = try Double.fetchAll(
          db, sql: "SELECT \(column) FROM current_result WHERE \(column) IS NOT NULL ORDER BY 1")
        let written = results.compactMap { Double($0[column] ?? "") }.sorted()
        #expect(filed.count == written.count, sourceLocation: place)
        #expect(
          zip(filed, written).allSatisfy { abs($0 - $1) <= 1e-9 * max(1, abs($0)) },
          "\(column)", sourceLocation: place)
      }
    }
  }

  private func table(_ name: String, _ material: Material) throws -> [[String: String]] {
    let text = try String(contentsOfFile: "\(material.data)/tables/\(name).csv", encoding: .utf8)
    let lines = text.split(whereSeparator: \.isNewline).map(cells)
    guard let header = lines.first else { return [] }
    return lines.dropFirst().map {
      Dictionary(zip(header, $0), uniquingKeysWith: { first, _ in first })
    }
  }

  private func cells(_ line: Substring) -> [String] {
    var (cells, quoted) = ([""], false)
    for character in line {
      switch character {
      case "\"": quoted.toggle()
      case "," where !quoted: cells.append("")
      default: cells[cells.count - 1].append(character)
      }
    }
    return cells
  }
}
