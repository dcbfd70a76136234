import ClinicalRecords
import Foundation
public import StageKit
import StageWire

extension ProcessStage.Options {
  /// How long opening and draining may take.
  var opening: Duration { max(.seconds(30), timeLimit ?? .zero) }
}

/// A child's way from its start to its first record (docs/stage-protocol.md §4 and §7).
extension ProcessStage {
  /// The secrets that settings name, and no others.
  static func secrets(
    of entry: StageEntry, _ settings: JSONValue, _ context: StageContext
  ) throws -> [String: [UInt8]] {
    var secrets: [String: [UInt8]] = [:]
    for declaration in entry.settings {
      guard case .secret = declaration.kind, case .string(let text) = settings[declaration.key],
        text.hasPrefix("secret:")
      else { continue }
      let name = String(text.dropFirst(7))
      secrets[name] = try context.host.secret(named: name)
    }
    return secrets
  }

  /// A folder of a child's own.
  static func makeScratch(in context: StageContext, name: String) throws -> String {
    let scratch = "\(context.folder.privatePath)/stages/\(name)"
    try FileManager.default.createDirectory(
      atPath: scratch, withIntermediateDirectories: true,
      attributes: [.posixPermissions: 0o700])
    return scratch
  }

  /// Removes the folders that the processes of a run that was killed left.
  public static func removeScratch(below folder: DataFolder) {
    remove("\(folder.privatePath)/stages")
  }

  /// Removes a child's folder; one that stays is removed before the next run makes its own.
  static func remove(_ scratch: String) {
    do { try FileManager.default.removeItem(atPath: scratch) } catch {}
  }

  /// What starts a child: the launcher, which confines itself and becomes the program.
  static func start(_ options: Options, scratch: String) throws -> Child.Start {
    let program = options.program
    guard let first = program.command.first else {
      throw StageError(
        .fatal, "no_program", subject: "the plugin names no program",
        hint: "add 'command' to its plugin.yaml")
    }
    var confinement = options.confinement
    confinement.writable.append(scratch)
    confinement.readable.append(program.folder)
    confinement.readable += Confinement.prefix(of: first)
    let json = try JSONEncoder().encode(confinement)
    return Child.Start(
      path: options.launcher,
      arguments: ["plugin", "exec", String(decoding: json, as: UTF8.self), "--"] + program.command,
      environment: [
        "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": scratch,
        "TMPDIR": scratch, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1",
        "SWIFT_BACKTRACE": "enable=no", "PYTHONDONTWRITEBYTECODE": "1",
      ], folder: program.folder, memoryBytes: confinement.memoryBytes)
  }

  /// Says hello, and looks whether the child is what the plan was made with.
  @discardableResult
  static func greet(_ child: Child, _ options: Options) async throws -> Message {
    let hello = try await child.request(
      Message("hello") {
        $0.protocols = [1]
        $0.host = "anagen"
        $0.capabilities = []
      }, limit: .seconds(5)
    ).message
    guard hello.protocol == 1 else {
      throw ChildDeath(
        code: "stage_broke_protocol", description: "it chose a protocol that was not offered")
    }
    if let required = hello.requires?.first {
      throw StageError(
        .fatal, "missing_capability", subject: "the plugin requires '\(required)'",
        hint: "use a version of Anagen that offers it")
    }
    if let digest = options.program.manifestSHA256, hello.manifestSHA256 != digest {
      throw StageError(
        .fatal, "manifest_changed",
        subject: "the plugin was made with another manifest than its plugin.yaml",
        hint: "make plugin.yaml anew with '--manifest', or install the plugin again")
    }
    return hello
  }

  /// Configures and opens a stage.
  ///
  /// - Returns: the destination's own id, for a sink.
  static func open(
    _ child: Child, _ entry: StageEntry, _ settings: JSONValue, _ context: StageContext,
    _ options: Options, _ place: (input: SharedSlot, output: SharedSlot, scratch: String),
    secrets: [String: [UInt8]]
  ) async throws -> String? {
    let configured = try await child.request(
      Message("configure") {
        $0.stage = entry.manifest.id
        $0.settings = settings
        $0.schema = entry.output?.schema
      }, limit: .seconds(5))
    if let problem = configured.message.problems?.first {
      throw StageError(
        .fatal, "bad_setting", subject: "'\(problem.setting)': \(problem.what)",
        hint: problem.hint)
    }
    let study = try CanonicalJSONEncoder().encode(context.study)
    let isLarge = study.count > BodyWriter.tailLimit
    // A large study lies in the input slot, which nothing else is in yet.
    var writer = BodyWriter(slot: place.input)
    let body = try isLarge ? writer.add(study) : WireBody(.tail, offset: 0, bytes: study.count)
    let opened = try await child.request(
      Message("open") {
        $0.stage = context.stage
        $0.study = body
        $0.slotBytes = options.slotBytes
        $0.heartbeat = options.heartbeat / .seconds(1)
        $0.scratch = place.scratch
        $0.secrets = secrets.mapValues { Data($0).base64EncodedString() }
      }, tail: isLarge ? [] : study, files: [place.input.file, place.output.file],
      limit: options.opening)
    try child.set(credits: opened.message.credits ?? 1)
    return opened.message.destination
  }
}
