import ClinicalRecords
import Crypto
import Foundation
import Ledger
import PipelineFiles
import StageKit

/// A fixture that cannot be fed.
struct FixtureError: Error {
  /// What is wrong and what to do, on one line.
  let text: String
}

/// A test's record in its canonical encoding, with the bodies that lie beside it.
struct TestFixture {
  /// The longest record that is read: a measurement of 10,000 hairs takes some 8 MiB.
  private static let recordLimit = 64 << 20

  /// The record.
  let record: any StoredRecord
  /// What kind of record it is.
  let type: RecordType

  /// Reads a record and lays its bodies into the content folder of the test's data folder.
  ///
  /// - Parameters:
  ///   - path: the record's file; every other file of its folder may be a body.
  ///   - type: what the fed stage takes.
  ///   - folder: the test's data folder.
  /// - Throws: ``FixtureError``.
  init(path: String, as type: RecordType, into folder: DataFolder) throws {
    guard let decode = type.decode else {
      preconditionFailure("the plan feeds stored records alone")
    }
    let content = "\(folder.privatePath)/content"
    let bytes = try TestFixture.read(path, limit: TestFixture.recordLimit)
    try TestFixture.checkSchema(of: bytes, is: type.schema)
    do {
      record = try decode(bytes, content)
    } catch {
      throw FixtureError(
        text: "the record is no \(type.schema): \(TestFixture.words(of: error)); "
          + "'private/ledger.sqlite' of a run and 'anagen measure --format json' hold such")
    }
    self.type = type
    try TestFixture.lay(record.contents, from: path, into: content)
  }

  /// The stage that gives the record: a transform of the pictures when there are some.
  func feeder(after pictures: RecordType?) -> StageEntry {
    let record = record
    let manifest = StageManifest(
      id: "test.record", summary: "Gives a test's record.", resultVersion: "1", workingSetBytes: 0)
    return StageEntry(
      manifest: manifest, kind: pictures == nil ? .source : .transform, input: pictures,
      output: type
    ) { _ in
      guard pictures == nil else {
        return .transform(outputByteCount: { _ in record.byteCount }, process: { _, _ in record })
      }
      return .source(run: { put in try await put(record, false) })
    }
  }

  // MARK: - Files

  /// A record that names its schema is of the wrong kind when it names another.
  private static func checkSchema(of bytes: [UInt8], is schema: SchemaID) throws {
    struct Named: Decodable { let schema: String? }
    let named: Named
    do {
      named = try JSONDecoder().decode(Named.self, from: Data(bytes))
    } catch {
      throw FixtureError(text: "the record is no JSON object; write one in its canonical encoding")
    }
    guard let text = named.schema, let found = SchemaID(parsing: text), !schema.accepts(found)
    else { return }
    throw FixtureError(text: "the record is \(text), and the stage takes \(schema); feed another")
  }

  private static func lay(
    _ contents: [StoredContent], from path: String, into folder: String
  ) throws {
    guard !contents.isEmpty else { return }
    let beside = URL(filePath: path).deletingLastPathComponent().path
    var files: [ContentDigest: [UInt8]] = [:]
    do {
      for name in try FileManager.default.contentsOfDirectory(atPath: beside).sorted() {
        let size = FileManager.default.contents(atPath: "\(beside)/\(name)")
        guard let bytes = size.map({ [UInt8]($0) }) else { continue }
        files[ContentDigest(bytes: SHA256.hash(data: bytes))] = bytes
      }
      let store = try ContentStore(folder: folder, durable: false)
      for content in contents {
        guard let bytes = files[content.sha256] else {
          throw FixtureError(
            text: "no file beside the record has the SHA-256 \(content.sha256) that it names; "
              + "copy it there")
        }
        try store.store([(content.sha256, bytes)])
      }
    } catch let error as LedgerError {
      throw FixtureError(text: "\(error.subject); \(error.hint)")
    }
  }

  private static func read(_ path: String, limit: Int) throws -> [UInt8] {
    let data: Data
    do {
      data = try Data(contentsOf: URL(filePath: path))
    } catch {
      throw FixtureError(text: "the record cannot be read; check that the file is there")
    }
    guard data.count <= limit else {
      throw FixtureError(text: "the record has \(data.count >> 20) MiB; give a smaller one")
    }
    return [UInt8](data)
  }

  /// Where a decoder stopped; keys alone, no values.
  private static func words(of error: any Error) -> String {
    func path(_ context: DecodingError.Context, _ last: (any CodingKey)? = nil) -> String {
      (context.codingPath + [last].compactMap { $0 }).map(\.stringValue).joined(separator: ".")
    }
    return switch error {
    case DecodingError.keyNotFound(let key, let context): "'\(path(context, key))' is missing"
    case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context),
      DecodingError.dataCorrupted(let context):
      "'\(path(context))' is of the wrong type"
    default: "it cannot be decoded"
    }
  }
}
