import BuiltInStages
import ClinicalRecords
import Foundation
import StageHost
import StageKit
import StageTesting
import Synchronization

/// Records of every kind of the house, to try stages with: a rendered scalp, what is made of it, and
/// names planted in it that belong to nobody.
struct SampleRecords {
  /// Texts that may stand in nothing that a stage says.
  static let planted = ["Plantedsubject", "plantedvisit", "Planted Patient Name"]

  /// The secret that a stage is given where a setting names one.
  static let secret = "test-secret"

  let context: StageContext
  private let records: [SchemaID: (record: any Record, origin: LedgerReference)]

  /// Renders and measures one picture.
  static func make(in folder: String) async throws -> SampleRecords {
    let host = TestHost(
      secrets: [secret: Array("of no use elsewhere, and long enough for a key".utf8)])
    let context = host.context(stage: "under_test", study: .open(), folder: folder)
    let captured = try await rendered(context)
    let origin = host.store(captured)
    var records: [SchemaID: (record: any Record, origin: LedgerReference)] = [
      CapturedImage.schema: (captured, origin)
    ]
    var last: any Record = captured
    for id in ["calibration.apply", "hair.analyse"] {
      guard case .transform(_, let process) = try await running(id, [:], context) else { continue }
      last = try await process(last, DeliveryContext(stage: context, origin: origin, attempt: 1))
      var reference = origin
      if let stored = last as? any StoredRecord { reference = host.store(stored, parent: origin) }
      records[last.schema] = (last, reference)
    }
    return SampleRecords(context: context, records: records)
  }

  /// What a stage that takes this is tried with.
  ///
  /// - Parameter folder: where an outside plugin has samples of its own.
  /// - Throws: ``CommandFailure`` when there is nothing to try it with.
  func records(for stage: StageEntry, folder: String?) throws -> [PluginTester.Sample] {
    guard let schema = stage.input?.schema else { return [] }
    if let found = records.first(where: { $0.key.name == schema.name }) {
      return [PluginTester.Sample(found.value.record, origin: found.value.origin)]
    }
    let names = folder.map { FileManager.default.subpaths(atPath: $0) ?? [] } ?? []
    let samples = try names.filter { $0.hasSuffix(".json") }.sorted().map { name in
      let text = try FileAccess.read("\(folder ?? "")/\(name)")
      let value = try JSONValue(parsing: text)
      return PluginTester.Sample(
        ForeignRecord(
          schema: schema,
          identity: RecordIdentity("\(schema.name):\(SampleRecords.planted[0])/\(name)"),
          privacy: .identified, value: value), origin: nil)
    }
    guard !samples.isEmpty else {
      throw CommandFailure(
        .badData, "there is no record of \(schema) to try '\(stage.manifest.id)' with",
        hint: "put JSON objects of that schema into the plugin's folder samples/")
    }
    return samples
  }

  private static func rendered(_ context: StageContext) async throws -> CapturedImage {
    let made = Mutex<[CapturedImage]>([])
    let settings: [String: JSONValue] = [
      "subjects": .array([.string(planted[0])]), "visits": .array([.string(planted[1])]),
      "regions": .array([.string("VX")]), "width": .integer(320), "height": .integer(240),
      "um_per_px": .number(10),
    ]
    guard case .source(let run) = try await running("phantom.scalp", settings, context) else {
      throw CommandFailure(.bug, "phantom.scalp is no source", hint: "report this")
    }
    try await run { record, _ in
      if let record = record as? CapturedImage { made.withLock { $0.append(record) } }
    }
    guard let image = made.withLock({ $0.first }) else {
      throw CommandFailure(.bug, "no picture was rendered", hint: "report this")
    }
    return CapturedImage(
      acquisition: image.acquisition, original: image.original, fileName: "\(planted[2]).jpg",
      date: image.date, statedMicrometresPerPixel: image.statedMicrometresPerPixel,
      operatorCode: image.operatorCode, device: image.device)
  }

  private static func running(
    _ id: String, _ given: [String: JSONValue], _ context: StageContext
  ) async throws -> RunningStage {
    guard let entry = BuiltInPlugin.catalogue.first(where: { $0.manifest.id == id }) else {
      throw CommandFailure(.bug, "there is no stage '\(id)'", hint: "report this")
    }
    guard case .object(let defaults) = entry.defaults else {
      return try await entry.make(.object([]), context)
    }
    let members =
      defaults.filter { given[$0.key] == nil }
      + given.sorted { $0.key < $1.key }.map { JSONValue.Member($0.key, $0.value) }
    return try await entry.make(.object(members), context)
  }
}
