public import ClinicalRecords
public import StageKit

/// Writes what outside plugins made: each record's acquisition, schema and value as a line of JSON.
///
/// Identified: it is written below `private/` and nowhere else.
public struct RecordList: Projection {
  /// Where the records go.
  public struct Settings: StageSettings {
    /// The file.
    public var path = "private/records.jsonl"

    /// Makes the defaults.
    public init() {}

    /// The one setting.
    public static var declarations: [SettingDeclaration] {
      [SettingDeclaration("path", .outputPath, "The file, below private/.")]
    }
  }

  /// Written from records of any schema of outside plugins.
  public typealias Input = ForeignRecord

  /// `report.records`.
  public static let manifest = StageManifest(
    id: "report.records",
    summary: "Writes records of outside plugins as JSON lines, under OUT/private.",
    resultVersion: "1.0.0", workingSetBytes: 1 << 20, effect: .projection)

  private let path: String

  /// Checks where the records go.
  ///
  /// - Throws: a fatal ``StageError`` with code `identified_outside_private`.
  public init(settings: Settings, context: StageContext) async throws {
    path = try context.privateOutput(settings.path)
  }

  /// Writes the file anew.
  public func project(_ records: ProjectedRecords<ForeignRecord>) async throws {
    var file = try OutputFile(path, mode: 0o600)
    for index in 0..<records.count {
      let record = try await records.record(at: index).record
      var members = [JSONValue.Member("schema", .string(record.schema.description))]
      if let key = AcquisitionKey(of: record.identity) {
        members += [
          .init("study", .string(key.study)), .init("subject", .string(key.subject)),
          .init("visit", .string(key.visit)), .init("session", .string(key.session)),
          .init("region", .string(key.region)), .init("side", .string(key.side)),
          .init("placement", .integer(Int64(key.placement))),
          .init("field", .integer(Int64(key.field))),
          .init("attempt", .integer(Int64(key.attempt))),
        ]
      } else {
        members.append(.init("identity", .string(record.identity.text)))
      }
      members.append(.init("value", record.value))
      try file.append(JSONValue.object(members).serialised() + [UInt8(ascii: "\n")])
    }
    try file.commit()
  }
}
