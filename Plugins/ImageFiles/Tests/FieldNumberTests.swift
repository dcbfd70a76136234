import ClinicalRecords
import ImageFiles
import StageKit
import StageTesting
import Testing

@Suite("Without a column field a picture keeps the number that it has in the data folder")
struct FieldNumberTests {
  /// The pictures of one region, by name, bytes and the field that they were filed as.
  private func fields(
    _ list: [String], bytes: [String: String] = [:], filed: [(String, String, Int)]
  ) async throws -> [Int] {
    let folder = try TemporaryFolder()
    for name in ["day1", "day2"] { try folder.makeFolder(name) }
    for name in list { try folder.write(bytes[name] ?? name, to: name) }
    try folder.write(
      "file,subject,visit,region\n" + list.map { "\($0),S1,BL,VX\n" }.joined(),
      to: "manifest.csv")
    let host = TestHost()
    let context = StageContext(
      stage: "pictures", study: .open(), folder: DataFolder(path: folder.path), host: host)
    for (file, bytes, field) in filed {
      _ = host.store(
        CapturedImage(
          acquisition: AcquisitionKey(
            study: "open", subject: "S1", visit: "BL", region: "VX", field: field),
          original: context.content(Array(bytes.utf8), mediaType: "image/jpeg"), fileName: file))
    }
    var settings = ImageFileSource.Settings()
    settings.folder = folder.path
    return try await ManifestTests.run(settings, study: .open(), host: host)
      .map(\.acquisition.field)
  }

  private let two = [("a.jpg", "a.jpg", 1), ("b.jpg", "b.jpg", 2)]

  @Test("rows that go, come and move leave the others as they are")
  func rows() async throws {
    #expect(try await fields(["b.jpg"], filed: two) == [2])
    #expect(try await fields(["b.jpg", "a.jpg"], filed: two) == [2, 1])
    #expect(try await fields(["0.jpg", "b.jpg", "c.jpg"], filed: two) == [3, 2, 4])
    let middle = [("a.jpg", "a.jpg", 1), ("c.jpg", "c.jpg", 3)]
    #expect(try await fields(["b.jpg", "c.jpg", "d.jpg"], filed: middle) == [2, 3, 4])
  }

  @Test("a picture is known by its name, and where that is new by its bytes")
  func names() async throws {
    #expect(try await fields(["z.jpg"], bytes: ["z.jpg": "b.jpg"], filed: two) == [2])
    #expect(try await fields(["b.jpg"], bytes: ["b.jpg": "corrected"], filed: two) == [2])
  }

  @Test("one place with several versions of a file is one place, for a third version too")
  func versions() async throws {
    let versions = [("a.jpg", "first", 1), ("a.jpg", "second", 1)]
    #expect(try await fields(["a.jpg"], bytes: ["a.jpg": "third"], filed: versions) == [1])
    let names = ["x.jpg": "first", "y.jpg": "second"]
    #expect(try await fields(["x.jpg", "y.jpg"], bytes: names, filed: versions) == [1, 2])
  }

  @Test("pictures of one name in two folders are told apart by their bytes, or nothing is taken")
  func sameName() async throws {
    let both = [("1.jpg", "first", 1), ("1.jpg", "second", 2)]
    let list = ["day2/1.jpg", "day1/1.jpg"]
    #expect(
      try await fields(list, bytes: [list[0]: "second", list[1]: "first"], filed: both) == [2, 1])
    do {
      _ = try await fields(list, bytes: [list[0]: "second", list[1]: "third"], filed: both)
      Issue.record("it was taken")
    } catch let error as StageError {
      #expect(error.description.contains("manifest.csv:3:1: error: several pictures"))
      #expect(error.description.contains("write a column 'field'"))
    }
  }
}
