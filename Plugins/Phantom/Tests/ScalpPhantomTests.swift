import ClinicalRecords
import FoundationEssentials
import ImageCodecs
import Phantom
import StageKit
import StageTesting
import Synchronization
import Testing

@Suite struct ScalpPhantomTests {
  /// The schedule of the reference study.
  static var study: Study {
    var study = Study.open(id: "NCT06764329")
    study.subjectPattern = "0[12]-[0-9]{3}"
    study.visits = [
      Study.Visit(name: "BL", day: 1, window: -14...0, placements: 2),
      Study.Visit(name: "W12", day: 85, window: -7...7, primary: true),
    ]
    study.sessions = [Study.Session(name: "D0")]
    study.regions = [
      Study.Region(code: "VX", region: "vertex", side: "midline"),
      Study.Region(code: "OC", region: "occipital", side: "midline", role: "untreated_control"),
    ]
    return study
  }

  static var small: ScalpPhantomSettings {
    var settings = ScalpPhantomSettings()
    settings.width = 320
    settings.height = 240
    settings.umPerPx = 13
    return settings
  }

  private func run(
    _ settings: ScalpPhantomSettings, study: Study = ScalpPhantomTests.study,
    folder: String = "/nonexistent"
  ) async throws -> [CapturedImage] {
    let context = TestHost().context(study: study, folder: folder)
    let stage = try await ScalpPhantom(settings: settings, context: context)
    let records = Mutex<[CapturedImage]>([])
    try await stage.run(
      into: SourceOutput { record, _ in
        if let record = record as? CapturedImage { records.withLock { $0.append(record) } }
      })
    return records.withLock { $0 }
  }

  @Test func `it conforms as a stage`() {
    #expect(StageConformance.problems(of: StageEntry(ScalpPhantom.self)) == [])
  }

  @Test func `the defaults give the reference study its twelve pictures`() async throws {
    let records = try await run(Self.small)
    let keys = records.map(\.acquisition)
    #expect(keys.count == 12)
    #expect(Set(keys).count == 12)
    #expect(Set(records.map(\.fileName)).count == 12)
    for record in records {
      let key = record.acquisition
      let visit = try #require(Self.study.visit(key.visit))
      let region = try #require(Self.study.region(key.region))
      #expect(key.study == "NCT06764329" && key.session == "D0")
      #expect(key.side == region.side && key.field <= region.fields)
      #expect(key.placement <= visit.placements)
      #expect(record.date == CalendarDate(iso: visit.day == 1 ? "2026-01-05" : "2026-03-30"))
      #expect(record.statedMicrometresPerPixel == 13)
      #expect(record.original.mediaType == "image/jpeg")
    }
  }

  @Test(arguments: ScalpPhantomSettings.PictureFormat.allCases)
  func `the bytes are a picture of the size asked for`(
    format: ScalpPhantomSettings.PictureFormat
  ) async throws {
    var settings = Self.small
    settings.format = format
    settings.subjects = ["01-001"]
    let record = try #require(try await run(settings).first)
    let header = try ImageDecoder().inspect(record.original.bytes())
    #expect(header.width == 320 && header.height == 240)
    #expect(record.fileName.hasSuffix(format == .jpeg ? ".jpg" : ".png"))
  }

  @Test func `a second run makes the same bytes`() async throws {
    let first = try await run(Self.small).map(\.original.sha256)
    let second = try await run(Self.small).map(\.original.sha256)
    #expect(first == second)
    #expect(Set(first).count == 12)
  }

  private struct TruthLine: Decodable {
    let file: String
    let acquisition: AcquisitionKey
    let truth: PhantomTruth
  }

  private func truth(_ settings: ScalpPhantomSettings) async throws -> (
    rows: [String], lines: [TruthLine]
  ) {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "phantom-\(UUID().uuidString)", directoryHint: .isDirectory)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer {
      do {
        try FileManager.default.removeItem(at: folder)
      } catch {
        Issue.record("cannot remove the test's folder: \(error)")
      }
    }
    var settings = settings
    settings.truth = "private/truth.csv"
    settings.truthHairs = "private/truth.jsonl"
    _ = try await run(settings, folder: folder.path)
    let csv = try String(contentsOfFile: "\(folder.path)/private/truth.csv", encoding: .utf8)
    let json = try String(contentsOfFile: "\(folder.path)/private/truth.jsonl", encoding: .utf8)
    let lines = try json.split(separator: "\n").map {
      try RecordDecoder().decode(TruthLine.self, from: Array($0.utf8))
    }
    return (csv.split(separator: "\n").map(String.init), lines)
  }

  @Test func `the truth lies beside the pictures, a row and a line each`() async throws {
    let (rows, lines) = try await truth(Self.small)
    #expect(rows.count == 13)
    #expect(lines.count == 12)
    let columns = rows[0].split(separator: ",").map(String.init)
    let place = try #require(columns.firstIndex(of: "hair_count"))
    for (row, line) in zip(rows.dropFirst(), lines) {
      let cells = row.split(separator: ",", omittingEmptySubsequences: false)
      #expect(cells.count == columns.count)
      #expect(String(cells[0]) == line.file)
      #expect(Int(cells[place]) == line.truth.summary.hairCount)
    }
  }

  @Test func `a responder gains and thickens where the region is no control`() async throws {
    var settings = Self.small
    settings.width = 960
    settings.height = 720
    settings.responders = ["01-001"]
    settings.gainPerCm2 = 60
    settings.thickening = 0.2
    settings.shedShare = 0
    let (_, lines) = try await truth(settings)
    func diameters(_ subject: String, _ region: String, _ visit: String) -> [Int: Double] {
      let line = lines.first {
        $0.acquisition.subject == subject && $0.acquisition.region == region
          && $0.acquisition.visit == visit
      }
      return Dictionary(
        uniqueKeysWithValues: line?.truth.hairs.map { ($0.id, $0.diameterMicrometres) } ?? [])
    }
    for subject in ["01-001", "01-002"] {
      for region in ["VX", "OC"] {
        let before = diameters(subject, region, "BL")
        let after = diameters(subject, region, "W12")
        let responds = subject == "01-001" && region == "VX"
        let ratios = before.compactMap { id, old in after[id].map { $0 / old } }
        let mean = ratios.reduce(0, +) / Double(ratios.count)
        #expect(abs(mean - (responds ? 1.2 : 1)) < 0.02)
        let gained = Set(after.keys).subtracting(before.keys).count
        #expect(responds == (gained > 60), "\(gained) new in the picture")
      }
    }
  }

  @Test func `placements show the same hairs`() async throws {
    var settings = Self.small
    settings.subjects = ["01-001"]
    let (_, lines) = try await truth(settings)
    let base = lines.filter { $0.acquisition.region == "VX" && $0.acquisition.visit == "BL" }
    #expect(base.map(\.acquisition.placement) == [1, 2])
    let first = Set(base[0].truth.hairs.map(\.id))
    let second = Set(base[1].truth.hairs.map(\.id))
    #expect(first.intersection(second).count > first.count * 3 / 4)
  }

  @Test func `burned-in text stands on the pictures named`() async throws {
    var settings = Self.small
    settings.burnedIn = [.header, .scaleBar]
    settings.burnedInOn = [2, 5]
    settings.headerText = "A Name"
    let (_, lines) = try await truth(settings)
    let marked = lines.indices.filter { !lines[$0].truth.overlayBoxes.isEmpty }
    #expect(marked == [1, 4])
  }

  @Test(arguments: ["visit", "region", "subject"])
  func `what the study does not know stops the start`(what: String) async throws {
    var settings = Self.small
    switch what {
    case "visit": settings.visits = ["W99"]
    case "region": settings.regions = ["ZZ"]
    default: settings.subjects = ["99-001"]
    }
    let error = await #expect(throws: StageError.self) { _ = try await run(settings) }
    #expect(error?.failureClass == .fatal)
    #expect(error?.code.name == "not_in_study")
    #expect(error?.description.contains("99-001") == false)
  }

  struct Mistake: CustomTestStringConvertible {
    let testDescription: String
    let change: @Sendable (inout ScalpPhantomSettings) -> Void
  }

  @Test(arguments: [
    Mistake(testDescription: "nobody") { $0.subjects = [] },
    Mistake(testDescription: "a subject twice") { $0.subjects = ["01-001", "01-001"] },
    Mistake(testDescription: "a name with a slash") { $0.subjects = ["01/001"] },
    Mistake(testDescription: "no such day") { $0.firstDay = "2026-02-30" },
    Mistake(testDescription: "a stranger responds") { $0.responders = ["02-009"] },
    Mistake(testDescription: "too many pixels") {
      $0.width = 8000
      $0.height = 8000
    },
    Mistake(testDescription: "too dense") { $0.density = 700 },
  ])
  func `settings that do not go together are refused`(mistake: Mistake) {
    var settings = ScalpPhantomSettings()
    mistake.change(&settings)
    #expect(!settings.problems().isEmpty)
  }

  @Test func `an open study takes any subject and places two visits twelve weeks apart`()
    async throws
  {
    var settings = Self.small
    settings.subjects = ["A"]
    settings.fields = 2
    let records = try await run(settings, study: .open())
    #expect(records.map(\.acquisition.visit) == ["BL", "BL", "W12", "W12"])
    #expect(records.map(\.acquisition.field) == [1, 2, 1, 2])
    #expect(
      records.map { $0.date?.description } == [
        "2026-01-05", "2026-01-05", "2026-03-30", "2026-03-30",
      ])
  }
}
