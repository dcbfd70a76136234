import ClinicalRecords
import Crypto
import Deidentification
import Foundation
import ImageCodecs
import StageKit
import StageTesting
import Testing

@Suite struct ReleaseTests {
  private func photograph(text: String? = nil) throws -> [UInt8] {
    var scalp = DrawnScalp(seed: 11)
    if let text {
      scalp.draw(text, x: 30, y: 20, dot: 3, colour: [255, 255, 255], bar: [60, 60, 60])
    }
    let file = try JPEGEncoder(quality: 90).encode(scalp.image)
    return Array(file[..<2]) + CraftedJPEG.segment(0xE1, Array("Exif\0\0".utf8) + craftedExif())
      + Array(file[2...]) + Canary.both
  }

  private func linkingKey(_ host: ReleaseHost) throws -> (path: String, secret: [UInt8]) {
    let key = Curve25519.KeyAgreement.PrivateKey()
    let path = "\(host.folder.path)/linking.pub"
    let der =
      Data([0x30, 42, 0x30, 5, 6, 3, 0x2B, 0x65, 0x6E, 3, 33, 0]) + key.publicKey.rawRepresentation
    let pem = "-----BEGIN PUBLIC KEY-----\n\(der.base64EncodedString())\n-----END PUBLIC KEY-----\n"
    try pem.write(toFile: path, atomically: true, encoding: .utf8)
    try FileManager.default.createDirectory(
      atPath: host.folder.privatePath, withIntermediateDirectories: true)
    return (path, Array(key.rawRepresentation))
  }

  private func text(of record: Released) throws -> String {
    String(decoding: try CanonicalJSONEncoder().encode(record), as: UTF8.self)
  }

  @Test("The stages conform")
  func conformance() async throws {
    let acquired = Acquired(try photograph())
    let release = ReleaseHost(ancestor: acquired.captured)
    let rows = try await StageConformance.problems(
      of: DeidentifyMeasurements.self, settings: releaseSettings(.trial),
      samples: [(acquired.measurement, release.origin)], host: release.host,
      context: release.context(), planted: acquired.identifying)
    let pictures = try await StageConformance.problems(
      of: DeidentifyImages.self, settings: releaseSettings(.trial),
      samples: [(acquired.measurement, release.origin)], host: release.host,
      context: release.context(), planted: acquired.identifying)
    let acquisitions = try await StageConformance.problems(
      of: DeidentifyAcquisitions.self, settings: releaseSettings(.trial),
      samples: [(acquired.captured, release.origin)], host: release.host,
      context: release.context(), planted: acquired.identifying)
    #expect(acquisitions + rows + pictures == [])
  }

  @Test("An acquisition leaves under its row's reference, also when nothing could be measured")
  func acquisitionAlone() async throws {
    let acquired = Acquired([0, 1, 2])
    let host = ReleaseHost(ancestor: acquired.captured)
    let rows = try await DeidentifyMeasurements(
      settings: releaseSettings(.trial), context: host.context())
    let acquisitions = try await DeidentifyAcquisitions(
      settings: releaseSettings(.trial), context: host.context())
    let row = try await rows.process(acquired.measurement, in: host.delivery())
    let released = try await acquisitions.process(acquired.captured, in: host.delivery())
    #expect(released.acquisition == row.acquisition)
    #expect(released.body == .acquisition && released.identity != row.identity)
    for identifying in acquired.identifying {
      #expect(!(try text(of: released)).contains(identifying))
    }
  }

  @Test("A row for the trial keeps the subject number and nothing else that identifies")
  func trialRow() async throws {
    let acquired = Acquired(try photograph())
    let host = ReleaseHost(ancestor: acquired.captured)
    let stage = try await DeidentifyMeasurements(
      settings: releaseSettings(.trial), context: host.context())
    let released = try await stage.process(acquired.measurement, in: host.delivery())
    #expect(released.privacy == .pseudonymised)
    #expect(released.acquisition.subject == "01-001")
    for identifying in acquired.identifying {
      #expect(!(try text(of: released)).contains(identifying))
    }
    #expect(released.byteCount <= stage.outputByteCount(for: acquired.measurement))
  }

  @Test("A public row has a code for its subject that only the linking table's owner can trace")
  func publicRow() async throws {
    let acquired = Acquired(try photograph())
    let host = ReleaseHost(ancestor: acquired.captured)
    let (path, secret) = try linkingKey(host)
    var codes: Set<String> = []
    for _ in 0..<2 {
      let stage = try await DeidentifyMeasurements(
        settings: releaseSettings(.public, linkingKey: path), context: host.context())
      let released = try await stage.process(acquired.measurement, in: host.delivery())
      #expect(released.privacy == .deidentified)
      #expect(!(try text(of: released)).contains("01-001"))
      codes.insert(released.acquisition.subject)
    }
    #expect(codes.count == 1, "the code stays the same in one data folder")
    let table = try String(
      contentsOfFile: "\(host.folder.privatePath)/linking/table", encoding: .utf8)
    let lines = table.split(separator: "\n").map(String.init)
    #expect(lines.count == 1 && !table.contains("01-001"))
    let entry = try LinkingEntry(opening: lines[0], privateKey: secret)
    #expect(entry.subject == "01-001" && codes.contains(entry.code))
    #expect(throws: LinkingEntry.NotOpened.self) {
      try LinkingEntry(opening: lines[0], privateKey: Array(repeating: 9, count: 32))
    }
    #expect(throws: LinkingEntry.NotOpened.self) {
      try LinkingEntry(opening: "x" + lines[0].dropFirst(), privateKey: secret)
    }
  }

  @Test("Codes of two data folders have nothing in common")
  func foldersAreUnlinkable() async throws {
    let acquired = Acquired(try photograph())
    var references: Set<String> = []
    for _ in 0..<2 {
      let host = ReleaseHost(ancestor: acquired.captured)
      let stage = try await DeidentifyMeasurements(
        settings: releaseSettings(.public, linkingKey: try linkingKey(host).path),
        context: host.context())
      let acquisition = try await stage.process(acquired.measurement, in: host.delivery())
        .acquisition
      references.formUnion([acquisition.subject, acquisition.reference])
    }
    #expect(references.count == 4)
  }

  @Test("Half a line that a power cut left in the linking table spoils no later line")
  func tornTable() async throws {
    let acquired = Acquired(try photograph())
    let host = ReleaseHost(ancestor: acquired.captured)
    let (path, secret) = try linkingKey(host)
    let folder = "\(host.folder.privatePath)/linking"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try "0123456789abcdef AAAA".write(
      toFile: "\(folder)/table", atomically: true, encoding: .utf8)
    let stage = try await DeidentifyMeasurements(
      settings: releaseSettings(.public, linkingKey: path), context: host.context())
    _ = try await stage.process(acquired.measurement, in: host.delivery())
    let lines = try String(contentsOfFile: "\(folder)/table", encoding: .utf8).split(
      separator: "\n")
    #expect(try LinkingEntry(opening: String(lines[1]), privateKey: secret).subject == "01-001")
  }

  @Test("A picture leaves with its pixels, a name that tells nothing, and its row's reference")
  func releasedPicture() async throws {
    let acquired = Acquired(try photograph())
    let host = ReleaseHost(ancestor: acquired.captured)
    let rows = try await DeidentifyMeasurements(
      settings: releaseSettings(.trial), context: host.context())
    let pictures = try await DeidentifyImages(
      settings: releaseSettings(.trial), context: host.context())
    let row = try await rows.process(acquired.measurement, in: host.delivery())
    let released = try await pictures.process(acquired.measurement, in: host.delivery())
    guard case .image(let image) = released.body else {
      Issue.record("no picture")
      return
    }
    #expect(released.acquisition.reference == row.acquisition.reference)
    #expect(!image.name.contains(row.acquisition.reference) && image.name.hasSuffix(".jpg"))
    let bytes = try image.picture.bytes()
    #expect(!Canary.isIn(bytes))
    #expect(image.picture.sha256 != acquired.captured.original.sha256)
    #expect(image.width == 400 && image.height == 640, "as displayed, after EXIF orientation 6")
    for identifying in acquired.identifying {
      #expect(!(try text(of: released)).contains(identifying))
    }
    #expect(released.removals.contains { $0.carrier == "exif.gps" && $0.action == "removed" })
    #expect(released.byteCount <= pictures.outputByteCount(for: acquired.measurement))
    let again = try await pictures.process(acquired.measurement, in: host.delivery())
    #expect(again == released)
  }

  @Test("A picture with text in its pixels is held, and its row is not")
  func textIsHeld() async throws {
    let acquired = Acquired(try photograph(text: "A095 2022/01/05"))
    let host = ReleaseHost(ancestor: acquired.captured)
    let pictures = try await DeidentifyImages(
      settings: releaseSettings(.trial), context: host.context())
    let failure = await #expect(throws: StageError.self) {
      try await pictures.process(acquired.measurement, in: host.delivery())
    }
    #expect(failure?.code.name == "burned_in_text" && failure?.failureClass == .record)
    #expect(failure?.subject.contains("at (") == true)
    let rows = try await DeidentifyMeasurements(
      settings: releaseSettings(.trial), context: host.context())
    _ = try await rows.process(acquired.measurement, in: host.delivery())
  }

  @Test("What a person approved passes, and says so; another picture or place does not")
  func approvedTextPasses() async throws {
    var scalp = DrawnScalp(seed: 2)
    scalp.draw("A095 2022/01/05", x: 40, y: 30, dot: 3, colour: [255, 255, 255], bar: nil)
    let acquired = Acquired(try JPEGEncoder(quality: 90).encode(scalp.image))
    let host = ReleaseHost(ancestor: acquired.captured)
    let pictures = try await DeidentifyImages(
      settings: releaseSettings(.trial), context: host.context())
    func failure() async -> StageError? {
      await #expect(throws: StageError.self) {
        try await pictures.process(acquired.measurement, in: host.delivery())
      }
    }
    let finding = try #require(await failure()?.finding)
    #expect(finding.gate == "burned_in_text")
    #expect(finding.content == acquired.captured.original.sha256)
    for other in [
      PictureFinding(
        gate: finding.gate, version: "1", content: finding.content, subject: finding.subject ?? "",
        regions: finding.regions),
      PictureFinding(
        gate: finding.gate, version: finding.version, content: finding.content,
        subject: finding.subject ?? "", regions: []),
      PictureFinding(
        gate: finding.gate, version: finding.version, content: finding.content,
        subject: "the one that it was filed under first", regions: finding.regions),
    ] { host.host.approve(other) }
    #expect(await failure()?.finding == finding)
    host.host.approve(finding, audit: 12)
    let released = try await pictures.process(acquired.measurement, in: host.delivery())
    #expect(
      released.removals.contains(
        Removal(
          carrier: "text in the pixels", action: "kept",
          rule: "approved by a person, audit entry 12")))
  }

  @Test("A file that is not understood is held by name")
  func unknownIsHeld() async throws {
    let acquired = Acquired([0, 0, 0, 24] + Array("ftypheic and more".utf8))
    let host = ReleaseHost(ancestor: acquired.captured)
    let pictures = try await DeidentifyImages(
      settings: releaseSettings(.trial), context: host.context())
    let failure = await #expect(throws: StageError.self) {
      try await pictures.process(acquired.measurement, in: host.delivery())
    }
    #expect(failure?.code.name == "unsupported_format" && failure?.subject == "HEIC file")
  }

  @Test(
    "In an open study a name, a date or a number of its own leaves as a code",
    arguments: [
      "Surname", "Given Surname", "Surname1975", "Li-1", "MUE-1958", "JD01", "19581203", "120358",
      "12-03-58", "3.12.58", "1958-12", "0171-5551234", "555-12345", "A-B-C-1", "M\u{fc}l1", "Kim7",
    ])
  func namesAreRecoded(name: String) async throws {
    let released = try await release(subject: name, visit: name, region: name)
    let key = released.acquisition
    #expect(!(try text(of: released)).contains(name))
    #expect(key.subject.count == 16)
    #expect(key.visit.hasPrefix("visit-") && key.region.hasPrefix("region-"))
    #expect(try await release(subject: name, visit: name, region: name).acquisition == key)
    #expect(try await release(subject: name + "0", visit: "V1").acquisition.subject != key.subject)
    #expect(
      Set(released.removals.filter { $0.rule == "may-identify" }.map(\.carrier))
        == ["subject", "visit", "region"])
  }

  @Test(
    "Subject numbers, and the words of schedules and of the scalp, leave as they are",
    arguments: [
      ("A095", "V1", "unknown"), ("01-001", "BL", "VX"), ("S1", "W12", "vertex"),
      ("P-0042", "follow-up 2", "left temporal"), ("subject 7", "Baseline", "mid_scalp"),
      ("01-0123", "D-14", "frontal-2"), ("1001", "month 6", "OC"),
    ])
  func plainNamesAreKept(subject: String, visit: String, region: String) async throws {
    let key = try await release(subject: subject, visit: visit, region: region).acquisition
    #expect([key.subject, key.visit, key.region] == [subject, visit, region])
  }

  @Test("What a code stands for lies below private, once for all stages, and the run tells of it")
  func recodedNamesAreKept() async throws {
    let acquired = Acquired(try photograph(), subject: "Surname", visit: "Given \"G\"")
    let host = ReleaseHost(ancestor: acquired.captured)
    var codes: Set<[String]> = []
    for _ in 0..<2 {
      let stage = try await DeidentifyMeasurements(
        settings: releaseSettings(.trial), context: host.context())
      let key = try await stage.process(acquired.measurement, in: host.delivery()).acquisition
      codes.insert([key.subject, key.visit])
    }
    let code = try #require(codes.first)
    #expect(codes.count == 1)
    #expect(
      try String(contentsOfFile: "\(host.folder.privatePath)/recoded.csv", encoding: .utf8)
        == "code,column,name\n\(code[0]),subject,\"Surname\"\n\(code[1]),visit,\"Given \"\"G\"\"\"\n"
    )
    let told = host.host.notices.map { "\($0.code) \($0.what)" }
    #expect(Set(told).count == 1 && told[0].hasPrefix("names_recoded"), "\(told)")
    #expect(!told[0].contains("Surname"))
  }

  @Test("What a study file names leaves as it is")
  func statedNamesAreKept() async throws {
    var study = Study.open(id: "T1")
    study.subjectPattern = "[A-Z]{2}[0-9]{4}"
    study.visits = [.init(name: "Schulz", day: 1, window: -14...0)]
    study.regions = [.init(code: "crown", region: "vertex")]
    let acquired = Acquired([2], subject: "JD1958", visit: "Schulz", region: "crown")
    let host = ReleaseHost(ancestor: acquired.captured)
    let stage = try await DeidentifyMeasurements(
      settings: releaseSettings(.trial), context: host.context(study))
    let key = try await stage.process(acquired.measurement, in: host.delivery(study)).acquisition
    #expect([key.subject, key.visit, key.region] == ["JD1958", "Schulz", "crown"])
    #expect(host.host.notices.isEmpty)
  }

  private func release(
    subject: String, visit: String, region: String = "VX"
  ) async throws -> Released {
    let acquired = Acquired([2], subject: subject, visit: visit, region: region)
    let host = ReleaseHost(ancestor: acquired.captured)
    let stage = try await DeidentifyMeasurements(
      settings: releaseSettings(.trial), context: host.context())
    return try await stage.process(acquired.measurement, in: host.delivery())
  }

  @Test(
    "A date leaves as days from the anchor visit, and not at all when that is not known",
    arguments: [
      ("2026-03-01", "BL", 1), ("2026-05-24", "W12", 85), ("2026-02-28", "SCR", -1),
      ("2026-02-20", "SCR", -9),
    ])
  func studyDays(date: String, visit: String, day: Int) async throws {
    var study = Study.open(id: "T1")
    study.visits = [
      .init(name: "BL", day: 1, window: -14...0), .init(name: "W12", day: 85, window: -7...7),
      .init(name: "SCR", day: -7, window: -14...0),
    ]
    let baseline = Acquired([1])
    let acquired = Acquired([2], visit: visit, date: date)
    let host = ReleaseHost(ancestor: acquired.captured, others: [baseline.captured])
    let stage = try await DeidentifyMeasurements(
      settings: releaseSettings(.trial), context: host.context(study))
    let released = try await stage.process(acquired.measurement, in: host.delivery(study))
    #expect(released.acquisition.studyDay == day)
    let alone = ReleaseHost(ancestor: acquired.captured)
    let unknown = try await DeidentifyMeasurements(
      settings: releaseSettings(.trial), context: alone.context(study))
    let without = try await unknown.process(acquired.measurement, in: alone.delivery(study))
    #expect(without.acquisition.studyDay == (visit == "BL" ? 1 : nil))
    let undated = Acquired([3], visit: visit, date: "")
    let planned = ReleaseHost(ancestor: undated.captured, others: [baseline.captured])
    let dayOfUndated = try await DeidentifyMeasurements(
      settings: releaseSettings(.trial), context: planned.context(study)
    ).process(undated.measurement, in: planned.delivery(study)).acquisition.studyDay
    #expect(dayOfUndated == nil, "a planned day would pass for a real one")
  }

  @Test(
    "Days count from the first picture of the anchor visit, also for its other pictures",
    arguments: [
      ("2026-03-07", "BL", "VX", 2, 7), ("2026-05-24", "W12", "VX", 2, 85),
      ("2026-05-24", "W12", "OC", 1, 85), ("2026-02-20", "BL", "VX", 2, -9),
    ])
  func studyDaysOfOthers(
    date: String, visit: String, region: String, placement: Int, day: Int
  ) async throws {
    var study = Study.open(id: "T1")
    study.visits = [
      .init(name: "BL", day: 1, window: -14...0), .init(name: "W12", day: 85, window: -7...7),
    ]
    study.regions = [.init(code: "VX", region: "vertex"), .init(code: "OC", region: "occipital")]
    let acquired = Acquired([2], visit: visit, date: date, region: region, placement: placement)
    let host = ReleaseHost(
      ancestor: acquired.captured, others: [Acquired([1]).captured, acquired.captured])
    let stage = try await DeidentifyMeasurements(
      settings: releaseSettings(.trial), context: host.context(study))
    let released = try await stage.process(acquired.measurement, in: host.delivery(study))
    #expect(released.acquisition.studyDay == day)
  }

  @Test("A key that is missing, short or no key stops the start")
  func keysAreChecked() async throws {
    let host = ReleaseHost(ancestor: nil)
    var short = releaseSettings(.trial)
    short.key = SecretReference(name: "short")
    #expect(releaseSettings(.public).problems().map(\.key) == ["linking_key"])
    #expect(releaseSettings(.trial).problems().isEmpty)
    let wrong = "\(host.folder.path)/wrong.pub"
    try "no key".write(toFile: wrong, atomically: true, encoding: .utf8)
    for settings in [
      short, ReleaseSettings(), releaseSettings(.public, linkingKey: "/nonexistent"),
      releaseSettings(.public, linkingKey: wrong),
    ] {
      let failure = await #expect(throws: StageError.self) {
        _ = try await DeidentifyMeasurements(settings: settings, context: host.context())
      }
      #expect(failure?.failureClass == .fatal)
    }
  }
}
