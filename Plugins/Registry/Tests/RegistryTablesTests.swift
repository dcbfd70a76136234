import ClinicalRecords
import Foundation
import Registry
import StageKit
import StageTesting
import Testing

@Suite struct RegistryTablesTests {
  private let folder: TemporaryFolder
  private let host = TestHost()

  init() throws { folder = try TemporaryFolder() }

  @Test("the same records give the same bytes, in whatever order they came")
  func deterministic() async throws {
    let records = [
      Release().measurement, Release(visit: "W12", studyDay: 85, terminal: 60).measurement,
      Release(subject: "02-001").measurement, Release().image([1, 2], host: host),
    ]
    try await project(records, hairs: true, host: host, into: folder)
    let other = try TemporaryFolder()
    try await project(records.reversed(), hairs: true, host: host, into: other)
    for name in ["acquisitions", "measurements", "results", "hairs", "data-dictionary"] {
      #expect(try folder.text("tables/\(name).csv") == other.text("tables/\(name).csv"))
    }
    #expect(try folder.text("manifest.json") == other.text("manifest.json"))
  }

  @Test("rows follow subject, then the schedule's visits")
  func order() async throws {
    let releases = [("02-001", "W12"), ("02-001", "BL"), ("01-009", "W12"), ("01-009", "BL")]
    try await project(
      releases.map { Release(subject: $0.0, visit: $0.1).measurement }, host: host, into: folder)
    let rows = try folder.table("acquisitions").map {
      "\($0["subject"] ?? "")/\($0["visit"] ?? "")"
    }
    #expect(rows == ["01-009/BL", "01-009/W12", "02-001/BL", "02-001/W12"])
  }

  @Test("a figure has value, unit and interval, or the reason why not, and never NaN")
  func results() async throws {
    try await project(
      [Release().measurement, Release(subject: "01-002", terminal: 0, vellus: 0).measurement],
      host: host, into: folder)
    let rows = try folder.table("results")
    #expect(rows.count > 60)
    for row in rows {
      #expect(row["unit"] != "")
      #expect((row["value"] == "") != (row["missing_reason"] == ""))
    }
    #expect(try !folder.text("tables/results.csv").lowercased().contains("nan"))
    let density = rows.first {
      $0["level"] == "region_visit" && $0["quantity"] == "density" && $0["hairs"] == "all"
    }
    #expect(density?["value"] == "100")
    #expect(density?["interval_kind"] == "sampling+scale")
    #expect(density?["level_of_confidence"] == "0.95")
    #expect(density?["placement"] == "")
  }

  @Test("what has no figures or no picture says why")
  func setAside() async throws {
    let (held, failed, rejected) = (
      Release(), Release(field: 2), Release(field: 3, accepted: false)
    )
    try await project(
      [
        held.acquisition, held.measurement, failed.acquisition, rejected.acquisition,
        rejected.measurement, rejected.image([1], host: host),
      ],
      setAside: [
        held.setAside(by: "pictures", isHeld: true, "burned_in_text"),
        held.setAside(by: "pictures", isHeld: true, "burned_in_text", beside: .measurement),
        failed.setAside(by: "calibrate", isHeld: false, "truncated"),
      ], host: host, into: folder)
    let rows = try folder.table("acquisitions")
    #expect(rows.map { $0["state"] } == ["selected", "failed", "rejected"])
    #expect(
      rows.map { $0["reason"] } == [
        "first_attempt_that_passed", "truncated", "blurred",
      ])
    #expect(rows.map { $0["picture_state"] } == ["held", "failed", "released"])
    #expect(
      rows.map { $0["picture_reason"] } == [
        "burned_in_text", "truncated", "no_axis_aligned_text_found",
      ])
    #expect(rows.map { $0["picture"] == "" } == [true, true, false])
  }

  @Test("what no stage made and none refused is not called held")
  func notMade() async throws {
    try await project([Release().acquisition], host: host, into: folder)
    let row = try #require(try folder.table("acquisitions").first)
    #expect(row["state"] == "not_measured" && row["picture_state"] == "not_released")
    #expect(row["reason"] == "" && row["picture_reason"] == "")
  }

  @Test("a figure of a rejected picture carries that it was rejected")
  func rejectedFigures() async throws {
    try await project(
      [Release(accepted: false).measurement, Release(attempt: 2).measurement], host: host,
      into: folder)
    let rows = try folder.table("results")
    let images = rows.filter { $0["level"] == "image" }
    #expect(!images.isEmpty)
    for row in images {
      #expect(row["picture_use"] == (row["attempt"] == "1" ? "rejected" : "selected"))
    }
    #expect(rows.filter { $0["level"] == "region_visit" }.allSatisfy { $0["picture_use"] == "" })
  }

  @Test("a cell cannot become a formula, and quotes and line ends stay inside it")
  func hostileCells() async throws {
    try await project(
      [
        Release(subject: "=cmd|' /C calc'!A0").measurement,
        Release(subject: "a,\"b\"").measurement,
        Release(field: 2, accepted: false, reasons: ["line\r\nbreak"]).measurement,
      ], host: host, into: folder)
    let text = try folder.text("tables/acquisitions.csv")
    #expect(text.contains("'=cmd|' /C calc'!A0"))
    #expect(!text.contains(",=") && !text.contains("\n="))
    #expect(text.contains("\"a,\"\"b\"\"\""))
    #expect(text.contains("\"line\r\nbreak\""))
  }

  @Test("every column of every table has its line in the dictionary")
  func dictionary() async throws {
    try await project([Release().measurement], hairs: true, host: host, into: folder)
    let lines = try folder.table("data-dictionary")
    for name in ["acquisitions", "measurements", "results", "hairs"] {
      let header = try #require(
        try folder.text("tables/\(name).csv").components(separatedBy: "\r\n").first)
      let described = lines.filter { $0["table"] == name }.compactMap { $0["column"] }
      #expect(described == header.components(separatedBy: ","))
    }
    for line in lines {
      #expect(line["meaning"]?.hasSuffix(".") == true)
      #expect(["text", "integer", "number", "boolean"].contains(line["type"] ?? ""))
      #expect(line["type"] != "number" || line["unit"] != "")
    }
  }

  @Test("hairs are written when asked for")
  func hairs() async throws {
    try await project([Release().measurement], host: host, into: folder)
    #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/tables/hairs.csv"))
    try await project([Release().measurement], hairs: true, host: host, into: folder)
    let rows = try folder.table("hairs")
    #expect(rows.count == 50)
    #expect(rows[0]["length_censored"] == "true" && rows[1]["length_censored"] == "false")
  }

  @Test("the manifest lists the files that stages named with their digests, and nothing private")
  func manifest() async throws {
    try OutputFile.write(Array("secret".utf8), to: "\(folder.path)/private/ledger.sqlite")
    try OutputFile.write(Array("abc".utf8), to: "\(folder.path)/pictures/x.jpg")
    // SHA-256 of "abc", FIPS 180-2, appendix B.1.
    host.release(
      ReleasedFile(
        path: "pictures/x.jpg", byteCount: 3, sha256: host.sha256(of: Array("abc".utf8))))
    try await project([Release().measurement], host: host, into: folder)
    let manifest = try folder.text("manifest.json")
    #expect(manifest.contains("\"tables/results.csv\""))
    #expect(manifest.contains("\"pictures/x.jpg\""))
    #expect(!manifest.contains("private"))
    #expect(
      manifest.contains("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"))
    #expect(host.notices.isEmpty)
  }

  @Test("what no stage named is not certified, and is told: a file, a hidden one, a link")
  func foreignFiles() async throws {
    for name in ["original.jpg", "pictures/note.txt", ".hidden.jpg"] {
      try OutputFile.write(Array("abc".utf8), to: "\(folder.path)/\(name)")
    }
    try FileManager.default.createSymbolicLink(
      atPath: "\(folder.path)/link", withDestinationPath: "/usr")
    // What a crash leaves beside a file that was not yet whole.
    try Data().write(to: URL(filePath: "\(folder.path)/.results.csv.incoming"))
    try await project([Release().measurement], host: host, into: folder)
    let manifest = try folder.text("manifest.json")
    for name in ["original", "note", "hidden", "link"] { #expect(!manifest.contains(name)) }
    let notice = try #require(host.notices.first)
    #expect(notice.code == "foreign_files" && !notice.isNegative && host.notices.count == 1)
    #expect(notice.what.hasPrefix("4 of the files in \(folder.path) were not written by this run"))
    #expect(
      notice.what.hasSuffix(#"".hidden.jpg", "link", "original.jpg", "pictures/note.txt""#))
  }

  @Test("the manifest carries the head of the audit chain that its host gives")
  func auditHead() async throws {
    try await project([Release().measurement], host: host, into: folder)
    #expect(try !folder.text("manifest.json").contains("auditHead"))
    try await project(
      [Release().measurement], audit: AuditStatement(head: "7:ab:c:d"), host: host, into: folder)
    #expect(try folder.text("manifest.json").contains("\"auditHead\": \"7:ab:c:d\""))
    #expect(try !folder.text("manifest.json").contains("auditProblem"))
    try await project(
      [Release().measurement], audit: AuditStatement(head: "7:ab:c:d", problem: "it was cut"),
      host: host, into: folder)
    #expect(try folder.text("manifest.json").contains("\"auditProblem\": \"it was cut\""))
  }

  @Test("no file's name or digest of an original is in what may leave")
  func nothingOfTheOriginal() async throws {
    try await project([Release().measurement], hairs: true, host: host, into: folder)
    for name in ["acquisitions", "measurements", "results", "hairs"] {
      let text = try folder.text("tables/\(name).csv")
      #expect(!text.contains("surname") && !text.contains("0707070707"))
    }
  }

  @Test("no records give empty tables, not an error")
  func empty() async throws {
    try await project([], host: host, into: folder)
    #expect(try folder.table("results").isEmpty)
  }
}
