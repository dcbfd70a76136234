import ClinicalRecords
import ImageFiles
import StageKit
import StageTesting
import Testing

@Suite("A manifest is understood, or refused by name and place")
struct ManifestTests {
  /// Runs the source over a folder that holds `files`, and gives what it emitted.
  static func captured(
    manifest: String?, files: [String: String] = ["a.jpg": "1", "b.jpg": "2", "c.jpg": "3"],
    study: Study = .open(), dateOrder: String = "unambiguous"
  ) async throws -> [CapturedImage] {
    let folder = try TemporaryFolder()
    try folder.makeFolder("sub")
    if let manifest { try folder.write(manifest, to: "manifest.csv") }
    for (name, text) in files { try folder.write(text, to: name) }
    var settings = ImageFileSource.Settings()
    settings.folder = folder.path
    settings.dateOrder = dateOrder
    return try await run(settings, study: study)
  }

  static func run(
    _ settings: ImageFileSource.Settings, study: Study, host: TestHost = TestHost()
  ) async throws -> [CapturedImage] {
    var settings = settings
    // A list without a scale belongs to calibrations.
    let list = try TemporaryFolder.text(of: "\(settings.folder)/manifest.csv")
    if list?.contains("um_per_px") != true { settings.calibrations = "calibrations.yaml" }
    let context = StageContext(
      stage: "pictures", study: study, folder: DataFolder(path: settings.folder), host: host)
    let source = try await ImageFileSource(settings: settings, context: context)
    let collected = Collected()
    try await source.run(
      into: SourceOutput { record, _ in
        if let image = record as? CapturedImage { await collected.add(image) }
      })
    return await collected.images
  }

  actor Collected {
    var images: [CapturedImage] = []
    func add(_ image: CapturedImage) { images.append(image) }
  }

  @Test("an empty scale is no gap where the study takes its scale from a calibration")
  func emptyScale() async throws {
    var study = Study.open()
    study.imaging.scaleFromCalibration = true
    let manifest = "\(ManifestTests.header)a.jpg,S1,V1,2024-03-25,vertex,\n"
    let images = try await ManifestTests.captured(manifest: manifest, study: study)
    #expect(images.map(\.statedMicrometresPerPixel) == [nil])
    #expect(await problems(manifest).contains("the scale is missing"))
  }

  @Test("an empty cell of an optional column says the usual")
  func emptyOptionalCells() async throws {
    let header = "file,subject,visit,region,um_per_px,session,side,placement,field,attempt\n"
    let images = try await ManifestTests.captured(
      manifest: header + "a.jpg,S1,V1,vertex,5,,,,,\nb.jpg,S1,V1,vertex,5,D0,left,2,,3\n"
        + "c.jpg,S1,V1,vertex,5,,,,,\n")
    #expect(
      images.map(\.acquisition.path) == [
        "open/S1/V1/D0/vertex/unknown/1/1/1", "open/S1/V1/D0/vertex/left/2/1/3",
        "open/S1/V1/D0/vertex/unknown/1/2/1",
      ])
    let half = await problems(header + "a.jpg,S1,V1,vertex,5,,,,1,\nb.jpg,S1,V1,vertex,5,,,,,\n")
    #expect(half.contains("the field is missing"))
    #expect(half.contains("number every picture, or leave the whole column empty"))
  }

  /// The problems of a manifest, as text.
  private func problems(
    _ manifest: String?, files: [String: String] = ["a.jpg": "1", "b.jpg": "2"],
    study: Study = .open()
  ) async -> String {
    do {
      let images = try await ManifestTests.captured(manifest: manifest, files: files, study: study)
      return "\(images.count) pictures were taken"
    } catch {
      return "\(error)"
    }
  }

  @Test(
    "Spreadsheets' habits are understood",
    arguments: [
      "file,subject,visit,date,region,um_per_px\na.jpg,007,BL,2024-03-25,VX,2.78\n",
      "\u{FEFF}file;subject;visit;date;region;um_per_px\r\na.jpg;007;BL;25.03.2024;VX;2,78\r\n",
      "sep=;\nFile; Subject ;visit;date;region;um_per_px\na.jpg;007;BL;25/03/2024;VX;2.78",
      "file\tsubject\tvisit\tdate\tregion\tum_per_px\ra.jpg\t007\tBL\t2024/3/25\tVX\t2,78\r",
      "\"um_per_px\",region,date,visit,subject,file\n\n2.78,VX,2024-03-25,BL,\"007\",\"a.jpg\"\n,,,,,\n",
    ])
  func habits(manifest: String) async throws {
    let images = try await ManifestTests.captured(manifest: manifest)
    #expect(images.count == 1)
    let image = try #require(images.first)
    #expect(image.acquisition.path == "open/007/BL/D0/VX/unknown/1/1/1")
    #expect(image.date == CalendarDate(year: 2024, month: 3, day: 25))
    #expect(image.statedMicrometresPerPixel == 2.78)
    #expect(image.fileName == "a.jpg")
    #expect(try image.original.bytes() == Array("1".utf8))
  }

  @Test("Several files of a region without a field column are fields 1, 2, …")
  func fieldsAreCounted() async throws {
    let images = try await ManifestTests.captured(
      manifest: """
        file,subject,visit,region,placement
        a.jpg,1,BL,VX,1
        b.jpg,1,BL,VX,1
        c.jpg,1,BL,VX,2
        """)
    #expect(images.map(\.acquisition.field) == [1, 2, 1])
    #expect(images.map(\.acquisition.placement) == [1, 1, 2])
    #expect(images.map(\.statedMicrometresPerPixel) == [nil, nil, nil])
  }

  @Test("All optional columns reach the key")
  func optionalColumns() async throws {
    let images = try await ManifestTests.captured(
      manifest: """
        file,subject,visit,region,session,side,placement,field,attempt
        a.jpg,1,BL,VX,D2,left,2,3,4
        """)
    #expect(images.map(\.acquisition.path) == ["open/1/BL/D2/VX/left/2/3/4"])
  }

  static let header = "file,subject,visit,date,region,um_per_px\n"

  @Test(
    "Each mistake has its place and its remedy",
    arguments: [
      ("no.jpg,1,BL,2024-03-25,VX,5", "2:1: error: there is no such file; copy it here"),
      ("A.JPG,1,BL,2024-03-25,VX,5", "2:1: error: there is no such file, but one in other case"),
      ("sub\\a.jpg,1,BL,2024-03-25,VX,5", "2:1: error: there is no such file; write '/'"),
      ("../a.jpg,1,BL,2024-03-25,VX,5", "2:1: error: the path leaves the folder"),
      ("/etc/passwd,1,BL,2024-03-25,VX,5", "2:1: error: the path leaves the folder"),
      ("sub,1,BL,2024-03-25,VX,5", "2:1: error: the path is not a file"),
      (",1,BL,2024-03-25,VX,5", "2:1: error: the file's name is missing"),
      ("a.jpg,,BL,2024-03-25,VX,5", "2:7: error: the subject is missing"),
      ("a.jpg,x/y,BL,2024-03-25,VX,5", "2:7: error: the subject has a slash"),
      ("a.jpg,1,BL,2024-02-30,VX,5", "2:12: error: there is no such day"),
      ("a.jpg,1,BL,29.02.2023,VX,5", "2:12: error: there is no such day"),
      ("a.jpg,1,BL,05/03/2024,VX,5", "2:12: error: the date could be day first or month first"),
      ("a.jpg,1,BL,03/25/2024,VX,5", "2:12: error: the date is written month first"),
      ("a.jpg,1,BL,25/03/24,VX,5", "2:12: error: the date has a year of two digits"),
      ("a.jpg,1,BL,45376,VX,5", "2:12: error: the date is a spreadsheet's day number"),
      ("a.jpg,1,BL,25 March,VX,5", "2:12: error: the date is of no known form"),
      ("a.jpg,1,BL,,VX,5", "2:12: error: the date is missing"),
      ("a.jpg,1,BL,2024-03-25,VX,", "2:26: error: the scale is missing"),
      ("a.jpg,1,BL,2024-03-25,VX,0", "2:26: error: the scale is 0"),
      ("a.jpg,1,BL,2024-03-25,VX,-2.78", "2:26: error: the scale is negative"),
      ("a.jpg,1,BL,2024-03-25,VX,360", "2:26: error: the scale is outside 0.1 to 100"),
      ("a.jpg,1,BL,2024-03-25,VX,\"2,78\"", "2:26: error: the scale has a comma"),
      ("a.jpg,1,BL,2024-03-25,VX,nan", "2:26: error: the scale is not a number"),
      ("a.jpg,1,BL,2024-03-25,VX", "2:1: error: the row has 5 fields and the header 6"),
      ("a.jpg,1,BL,2024-03-25,VX,\"5", "2:26: error: a quote is opened and never closed"),
      ("a.jpg,1,BL,2024-03-25,VX,5\"", "2:27: error: a quote stands inside a field"),
      ("a.jpg,1,BL,2024-03-25,VX,\"5\"x", "2:29: error: text follows a closing quote"),
      ("", "1:1: error: the manifest lists no picture"),
    ])
  func mistakes(row: String, message: String) async {
    let text = await problems(ManifestTests.header + row)
    #expect(text.contains("manifest.csv:" + message))
  }

  @Test("All problems come at once, in order of place")
  func allAtOnce() async {
    let text = await problems(
      ManifestTests.header + "no.jpg,1,BL,2024-02-30,VX,0\na.jpg,1,,2024-03-25,VX,5\n")
    let lines = text.split(separator: "\n").dropFirst()
    #expect(lines.count == 4)
    let places = ["2:1", "2:13", "2:27", "3:9"]
    for (line, place) in zip(lines, places) {
      #expect(line.hasPrefix("manifest.csv:\(place): error: "), "\(line)")
    }
    #expect(text.contains("4 problems"))
  }

  @Test("A subject, a date or a file name is never part of a message")
  func nothingTold() async {
    let text = await problems(
      ManifestTests.header + "Surname.jpg,Surname/Given,BL,1961-02-30,VX,5\n")
    #expect(!text.contains("Surname"))
    #expect(!text.contains("1961"))
  }

  @Test("The same file or acquisition twice is refused, with both places")
  func duplicates() async {
    let files = await problems(
      ManifestTests.header + "a.jpg,1,BL,2024-03-25,VX,5\na.jpg,2,BL,2024-03-25,VX,5\n")
    #expect(files.contains("manifest.csv:3:1: error: the same file is listed at manifest.csv:2:1"))
    let keys = await problems(
      "file,subject,visit,region,field\na.jpg,1,BL,VX,1\nb.jpg,1,BL,VX,1\n")
    #expect(keys.contains("manifest.csv:3:1: error: the same acquisition is listed at"))
  }

  @Test("Columns are known by name; a misspelt one gets the nearest")
  func columns() async {
    let text = await problems("file,subjet,visit,region,um_per_pixel,visit\na.jpg,1,BL,VX,5,BL\n")
    #expect(
      text.contains(
        "manifest.csv:1:6: error: the column 'subjet' is unknown; did you mean 'subject'"))
    #expect(text.contains("manifest.csv:1:26: error: the column 'um_per_pixel' is unknown"))
    #expect(text.contains("the column 'visit' stands twice"))
    #expect(text.contains("the column 'subject' is missing"))
  }

  @Test("Other encodings are refused by name")
  func encodings() async throws {
    let folder = try TemporaryFolder()
    var settings = ImageFileSource.Settings()
    settings.folder = folder.path
    for (bytes, word) in [([0xFF, 0xFE, 0x66, 0], "UTF-16"), ([0x66, 0x0A, 0xE9], "not UTF-8")]
      as [([UInt8], String)]
    {
      try folder.write(bytes, to: "manifest.csv")
      do {
        _ = try await ManifestTests.run(settings, study: .open())
        Issue.record("it was read")
      } catch let error as StageError {
        #expect(error.description.contains(word))
        #expect(error.failureClass == .record)
      }
    }
  }

  @Test("Dates follow the order that the setting states")
  func dateOrder() async throws {
    let manifest = ManifestTests.header + "a.jpg,1,BL,05/03/2024,VX,5"
    let dayFirst = try await ManifestTests.captured(manifest: manifest, dateOrder: "day_first")
    #expect(dayFirst.first?.date == CalendarDate(year: 2024, month: 3, day: 5))
    let monthFirst = try await ManifestTests.captured(manifest: manifest, dateOrder: "month_first")
    #expect(monthFirst.first?.date == CalendarDate(year: 2024, month: 5, day: 3))
  }

  @Test("A list without a scale is refused once where no calibration gives one")
  func noScale() async throws {
    let folder = try TemporaryFolder()
    try folder.write(
      "file,subject,visit,region\na.jpg,1,BL,VX\nb.jpg,1,BL,VX\n", to: "manifest.csv")
    for file in ["a.jpg", "b.jpg"] { try folder.write("x", to: file) }
    var settings = ImageFileSource.Settings()
    settings.folder = folder.path
    let context = StageContext(
      stage: "pictures", study: .open(), folder: DataFolder(path: folder.path), host: TestHost())
    let error = await #expect(throws: StageError.self) {
      _ = try await ImageFileSource(settings: settings, context: context)
    }
    #expect(error?.description.contains("the list of pictures has a problem") == true)
    #expect(error?.description.contains("add the column um_per_px") == true)
  }

  @Test("What is wrong with the form, with values and between rows is told at once")
  func everythingAtOnce() async {
    let text = await problems(
      ManifestTests.header.replacing("um_per_px", with: "um_per_px,field")
        + "a.jpg,1,BL,2024-03-25,VX,5,1\nb.jpg,1,BL,2024-02-30,VX,5,1\na.jpg,1,BL\n"
        + "a.jpg,1,BL,2024-03-25,VX,5,3\n")
    #expect(text.contains("manifest.csv:3:1: error: the same acquisition is listed at"))
    #expect(text.contains("manifest.csv:3:12: error: there is no such day"))
    #expect(text.contains("manifest.csv:4:1: error: the row has 3 fields"))
    #expect(text.contains("manifest.csv:5:1: error: the same file is listed at"))
  }

  @Test("A study's subjects, visits, regions and sides are held to")
  func studyRules() async throws {
    var study = Study.open(id: "trial")
    study.subjectPattern = "0[12]-[0-9]{3}"
    study.visits = [Study.Visit(name: "BL", day: 1, window: -14...0)]
    study.regions = [Study.Region(code: "VX", region: "vertex", side: "midline")]
    let good = try await ManifestTests.captured(
      manifest: "file,subject,visit,region\na.jpg,01-001,BL,VX", study: study)
    #expect(good.map(\.acquisition.path) == ["trial/01-001/BL/D0/VX/midline/1/1/1"])
    let text = await problems(
      "file,subject,visit,region,side\na.jpg,1-1,W99,OC,top\n", study: study)
    #expect(text.contains("2:7: error: the subject is unknown"))
    #expect(text.contains("leading zeros"))
    #expect(text.contains("2:11: error: the visit is unknown; visits are BL"))
    #expect(text.contains("2:15: error: the region is unknown; regions are VX"))
    #expect(text.contains("2:18: error: the side is unknown"))
  }
}
