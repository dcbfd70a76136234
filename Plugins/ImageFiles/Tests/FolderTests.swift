import ClinicalRecords
import ImageFiles
import StageKit
import StageTesting
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

@Suite("Pictures of a folder become captured images")
struct FolderTests {
  @Test("The study's file pattern serves where there is no manifest")
  func filePattern() async throws {
    var study = Study.open()
    study.filePattern = "{visit}/{subject}_{region}_{field}.jpg"
    let images = try await patterned(["BL/01-001_VX_1.jpg", "BL/01-001_VX_2.JPG"], study)
    #expect(
      images.map(\.acquisition.path)
        == ["open/01-001/BL/D0/VX/unknown/1/1/1", "open/01-001/BL/D0/VX/unknown/1/2/1"])
    #expect(images.first?.fileName == "01-001_VX_1.jpg")
  }

  @Test("A pattern without an ending stands for files of every ending")
  func patternWithoutEnding() async throws {
    var study = Study.open()
    study.filePattern = "{visit}/{subject}_{region}_{field}"
    let images = try await patterned(["BL/01-001_VX_1.jpg", "BL/01-001_VX_2.png"], study)
    #expect(images.map(\.acquisition.field) == [1, 2])
  }

  @Test("A picture whose name does not match is never passed over")
  func unmatchedName() async throws {
    var study = Study.open()
    study.filePattern = "BL/{subject}_{visit}_{region}.jpg"
    do {
      _ = try await patterned(["BL/1_BL_VX.jpg", "BL/strange.png"], study)
      Issue.record("it was taken")
    } catch let error as StageError {
      #expect(error.subject.contains("BL/strange.png: error: the name does not match"))
    }
  }

  @Test(
    "A pattern that cannot work is refused",
    arguments: [
      ("{subject}_{visit}.jpg", "has no '{region}'"), ("{subject", "an open brace"),
      ("{subject}{visit}_{region}", "touch"), ("{subject}_{subject}_{visit}", "twice"),
      ("{name}_{visit}", "unknown placeholder '{name}'"),
    ])
  func badPattern(pattern: String, message: String) async throws {
    var study = Study.open()
    study.filePattern = pattern
    do {
      _ = try await patterned(["BL/x.jpg"], study)
      Issue.record("it was taken")
    } catch let error as StageError {
      #expect(error.description.contains(message))
    }
  }

  private func patterned(_ files: [String], _ study: Study) async throws -> [CapturedImage] {
    let folder = try TemporaryFolder()
    try folder.makeFolder("BL")
    for file in files { try folder.write("x", to: file) }
    var settings = ImageFileSource.Settings()
    settings.folder = folder.path
    return try await ManifestTests.run(settings, study: study)
  }

  @Test("Empty and undecodable files are taken, so that they are set aside with a reason")
  func badPicturesAreTaken() async throws {
    let images = try await ManifestTests.captured(
      manifest: "file,subject,visit,region\na.jpg,1,BL,VX\nb.jpg,1,BL,OC\n",
      files: ["a.jpg": "", "b.jpg": "not a picture"])
    #expect(images.map(\.original.byteCount) == [0, 13])
    #expect(
      images.map(\.original.mediaType) == Array(repeating: "application/octet-stream", count: 2))
  }

  @Test("A folder that is not there, or has no list, says what to do")
  func noFolder() async throws {
    var settings = ImageFileSource.Settings()
    settings.folder = "/nowhere/at/all"
    await #expect(throws: StageError.self) {
      try await ManifestTests.run(settings, study: .open())
    }
    do {
      _ = try await ManifestTests.captured(manifest: nil)
      Issue.record("it was taken")
    } catch let error as StageError {
      #expect(error.description.contains("file,subject,visit,date,region,um_per_px"))
    }
  }

  @Test("A link out of the folder and a file above the limit are refused")
  func linksAndSizes() async throws {
    let folder = try TemporaryFolder()
    let outside = try TemporaryFolder()
    try outside.write("x", to: "secret.jpg")
    #expect(symlink("\(outside.path)/secret.jpg", "\(folder.path)/link.jpg") == 0)
    try folder.write(Array(repeating: 0, count: 2 << 20), to: "big.jpg")
    try folder.write(
      "file,subject,visit,region\nlink.jpg,1,BL,VX\nbig.jpg,1,BL,VX\n", to: "manifest.csv")
    var settings = ImageFileSource.Settings()
    settings.folder = folder.path
    settings.maxFileMib = 1
    do {
      _ = try await ManifestTests.run(settings, study: .open())
      Issue.record("it was taken")
    } catch let error as StageError {
      #expect(error.subject.contains("2:1: error: the path leaves the folder by a link"))
      #expect(error.subject.contains("3:1: error: the file is above 1 MiB"))
    }
  }

  @Test(
    "An unreadable file is refused at its place", .enabled(if: geteuid() != 0, "root reads all"))
  func unreadable() async throws {
    let folder = try TemporaryFolder()
    try folder.write("x", to: "a.jpg")
    chmod("\(folder.path)/a.jpg", 0)
    try folder.write("file,subject,visit,region\na.jpg,1,BL,VX\n", to: "manifest.csv")
    var settings = ImageFileSource.Settings()
    settings.folder = folder.path
    do {
      _ = try await ManifestTests.run(settings, study: .open())
      Issue.record("it was taken")
    } catch let error as StageError {
      #expect(error.subject.contains("2:1: error: the file cannot be read"))
    }
  }

  @Test("Pictures that the manifest does not list are counted in the log")
  func unlisted() async throws {
    let folder = try TemporaryFolder()
    for name in ["a.jpg", "b.jpg", "c.png", "notes.txt"] { try folder.write("x", to: name) }
    try folder.write("file,subject,visit,region\na.jpg,1,BL,VX\n", to: "manifest.csv")
    var settings = ImageFileSource.Settings()
    settings.folder = folder.path
    let host = TestHost()
    _ = try await ManifestTests.run(settings, study: .open(), host: host)
    #expect(host.log.map(\.message) == ["the folder has pictures that the manifest does not list"])
    #expect(host.log.map(\.values) == [["pictures": "2"]])
  }

  @Test("Watching takes new rows once, when their files have stopped growing")
  func watching() async throws {
    let folder = try TemporaryFolder()
    for name in ["a.jpg", "b.jpg"] { try folder.write("x", to: name) }
    let rows = "file,subject,visit,region\na.jpg,1,BL,VX\n"
    try folder.write(rows, to: "manifest.csv")
    var settings = ImageFileSource.Settings()
    settings.folder = folder.path
    settings.calibrations = "calibrations.yaml"
    settings.watch = true
    settings.watchInterval = 0.05
    let context = StageContext(
      stage: "pictures", study: .open(), folder: DataFolder(path: folder.path), host: TestHost())
    let source = try await ImageFileSource(settings: settings, context: context)
    let collected = ManifestTests.Collected()
    let task = Task {
      try await source.run(
        into: SourceOutput { record, _ in
          if let image = record as? CapturedImage { await collected.add(image) }
        })
    }
    try await reaches(1, collected)
    try folder.write(rows + "b.jpg,1,BL,", to: "manifest.csv")
    try await Task.sleep(for: .milliseconds(200))
    #expect(await collected.images.count == 1)
    try folder.write(rows + "b.jpg,1,BL,OC\n", to: "manifest.csv")
    try await reaches(2, collected)
    try await Task.sleep(for: .milliseconds(200))
    #expect(await collected.images.map(\.fileName) == ["a.jpg", "b.jpg"])
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
  }

  private func reaches(_ count: Int, _ collected: ManifestTests.Collected) async throws {
    for _ in 0..<200 {
      if await collected.images.count >= count { return }
      try await Task.sleep(for: .milliseconds(50))
    }
    Issue.record("\(count) pictures were not taken in ten seconds")
  }

  @Test("Settings can be declared and read under their keys")
  func settings() throws {
    let entry = StageEntry(ImageFileSource.self)
    #expect(entry.manifest.id == "image.files")
    let given = JSONValue.object([
      JSONValue.Member("folder", .string("x")), JSONValue.Member("max_file_mib", .integer(4)),
      JSONValue.Member("date_order", .string("day_first")),
    ])
    let settings = try SettingsReader.read(ImageFileSource.Settings.self, from: given)
    #expect(settings.maxFileMib == 4)
    #expect(settings.dateOrder == "day_first")
    #expect(
      entry.settings.map(\.key)
        == [
          "folder", "manifest", "calibrations", "date_order", "max_file_mib", "watch",
          "watch_interval",
        ])
  }
}
