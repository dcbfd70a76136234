public import ClinicalRecords
import Crypto
import Glibc
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

extension PipelineRun {
  /// Refuses a data folder in which no run worked yet, but something lies where the plan's last
  /// stages would write: it is somebody else's, and would be overwritten.
  ///
  /// - Throws: ``RunError`` with code `badData`.
  public static func checkPlaces(of plan: Plan) throws {
    // A folder whose ledger alone is gone has contents; the ledger says what to do.
    let kept = ["ledger.sqlite", "content"].map { "\(plan.folder.privatePath)/\($0)" }
    if kept.contains(where: isThere) { return }
    if access(plan.folder.privatePath, R_OK | X_OK) != 0, errno == EACCES {
      throw RunError(
        code: .fatal, stage: nil, reason: "no_permission",
        subject: "\(plan.folder.privatePath) cannot be read: Permission denied",
        hint: "work as the user whose runs filled the data folder, or name another one")
    }
    let paths = plan.stages.flatMap { stage in
      stage.entry.settings.compactMap { setting -> String? in
        guard case .outputPath = setting.kind, case .string(let path)? = stage.settings[setting.key]
        else { return nil }
        return plan.folder.resolve(path)
      }
    }
    // `registry.csv` lists there what may leave.
    for path in paths + [plan.folder.resolve("manifest.json")] where isThere(path) {
      throw RunError(
        code: .badData, stage: nil, reason: "foreign_file",
        subject: "\(path) is there already, and no run in this data folder made it",
        hint:
          "move it away, or name another data folder with --var data=; if an earlier run made it, "
          + "put 'private' back beside it from the backup")
    }
  }

  /// Whether a file, or a folder that is not empty, is there; a link counts as what it is.
  private static func isThere(_ path: String) -> Bool {
    var status = stat()
    guard lstat(path, &status) == 0 else { return false }
    guard status.st_mode & S_IFMT == S_IFDIR else { return true }
    guard let handle = opendir(path) else { return true }
    defer { closedir(handle) }
    var names = 0
    while readdir(handle) != nil { names += 1 }
    return names > 2  // `.` and `..`
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
