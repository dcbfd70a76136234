public import ClinicalRecords
import Crypto
public import PipelineFiles
public import StageKit

extension PipelineRun {
  /// Makes each source of a plan once and lets it go, before anything of a run is made: a list of
  /// pictures with a problem then leaves no data folder behind.
  ///
  /// A live source is left alone, since making it may open its device.
  ///
  /// - Throws: ``RunError`` as ``run()`` does for a stage that cannot be made.
  public static func checkSources(of plan: Plan) async throws {
    for stage in plan.stages where stage.entry.kind == .source && stage.intake == nil {
      let context = StageContext(
        stage: stage.name, study: plan.study, folder: plan.folder, host: BareHost())
      _ = try await RunSession.make(stage, context)
    }
  }
}

/// What a stage needs of its host when there is no run: digests.
public struct BareHost: StageHost {
  /// Makes a host.
  public init() {}

  /// The SHA-256 of some bytes.
  public func sha256(of bytes: [UInt8]) -> ContentDigest {
    ContentDigest(bytes: SHA256.hash(data: bytes))
  }

  /// There are none.
  public func secret(named name: String) throws -> [UInt8] {
    throw StageError(
      .fatal, "no_secret", subject: "there is no run, and so no secret", hint: "use 'anagen run'")
  }

  /// The beginning of 1970.
  public func now() -> Double { 0 }

  /// Nobody reads it.
  public func log(
    _ level: LogLevel, stage: String, _ message: StaticString, _ values: [String: String]
  ) {}

  /// There are no records.
  public func ancestor(
    of reference: LedgerReference, schema: SchemaID
  ) async throws -> (any StoredRecord)? { nil }

  /// There are no records.
  public func lookup(
    _ identity: RecordIdentity, schema: SchemaID
  ) async throws -> (any StoredRecord)? { nil }
}
