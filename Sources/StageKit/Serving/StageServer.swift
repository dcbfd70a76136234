import ClinicalRecords
import Dispatch
import FoundationEssentials
import Glibc
import StageWire

/// Serves stages to Anagen from a program of one's own (docs/stage-protocol.md).
///
/// ```swift
/// await StageServer.serve(PluginDescription(name: "curl", version: "1.0.0"), [StageEntry(Curl.self)])
/// ```
public enum StageServer {
  /// Serves until the host closes, then ends the process.
  ///
  /// With `--manifest` as the only argument, prints the text of `plugin.yaml` instead.
  ///
  /// - Parameters:
  ///   - plugin: name, version and command.
  ///   - stages: transforms and sinks that can be asked.
  public static func serve(_ plugin: PluginDescription, _ stages: [StageEntry]) async -> Never {
    let manifest = plugin.manifestText(of: stages)
    if CommandLine.arguments.dropFirst() == ["--manifest"] {
      write(manifest, to: 1)
      exit(0)
    }
    var kind = stat()
    guard fstat(0, &kind) == 0, kind.st_mode & S_IFMT == S_IFSOCK else {
      write(
        """
        \(plugin.name) \(plugin.version) is a plugin of Anagen, which starts it:
          anagen plugin test FOLDER      checks it
          anagen plugin inspect FOLDER   shows what it can do
        With --manifest it prints its plugin.yaml.

        """, to: 1)
      exit(64)
    }
    let served = ServedStage(
      plugin: plugin, manifest: manifest, stages: stages,
      session: ServedSession(channel: Channel(OpenFile(0))))
    await served.run()
  }

  /// Writes to a descriptor as a program's main file does; a stage within one has its context.
  fileprivate static func write(_ text: String, to descriptor: Int32) {
    let bytes = Array(text.utf8)
    _ = Glibc.write(descriptor, bytes, bytes.count)
  }
}

/// What a plugin says of itself.
public struct PluginDescription: Sendable {
  /// Its name, a word of `a-z`, `0-9`, `-` and `_`.
  public let name: String
  /// Its version, such as `1.0.0`.
  public let version: String
  /// How it is started, relative to the folder of its `plugin.yaml`.
  public let command: [String]

  /// Describes a plugin.
  public init(name: String, version: String, command: [String]? = nil) {
    self.name = name
    self.version = version
    self.command = command ?? ["./\(name)"]
  }
}

// Sendable: what changes is touched by `answer` alone, and the session has one request answered at a
// time.
/// One child's work: from hello to close.
final class ServedStage: @unchecked Sendable {
  private let plugin: PluginDescription
  private let manifest: String
  private let stages: [StageEntry]
  private let session: ServedSession
  private var entry: StageEntry?
  private var settings = JSONValue.object([])
  private var opened: Opened?

  private struct Opened {
    let context: StageContext
    let host: ServedHost
    let running: RunningStage
    let input: SharedSlot
    let output: SharedSlot
    let heartbeat: any DispatchSourceTimer
  }

  init(
    plugin: PluginDescription, manifest: String, stages: [StageEntry], session: ServedSession
  ) {
    self.plugin = plugin
    self.manifest = manifest
    self.stages = stages
    self.session = session
  }

  func run() async -> Never {
    await session.serve { [self] request in
      do {
        try await answer(request)
      } catch let error as WireError where error.code == .closed {
        _exit(0)
      } catch let error as WireError {
        say("\(error)")
        _exit(65)
      } catch let error as DecodingError {
        say("the host sent what cannot be read: \(ServedStage.path(of: error))")
        _exit(65)
      } catch {
        say("the channel failed: \(type(of: error))")
        _exit(74)
      }
    }
  }

  /// Where in a document something was wrong; keys alone.
  private static func path(of error: DecodingError) -> String {
    let context: DecodingError.Context
    switch error {
    case .typeMismatch(_, let found), .valueNotFound(_, let found), .dataCorrupted(let found):
      context = found
    case .keyNotFound(let key, let found):
      return (found.codingPath + [key]).map(\.stringValue).joined(separator: ".")
    @unknown default: return "somewhere"
    }
    return context.codingPath.map(\.stringValue).joined(separator: ".")
  }

  /// A line of the child's log.
  private func say(_ text: String) {
    StageServer.write("\(text)\n", to: 2)
  }

  private func answer(_ request: Channel.Received) async throws {
    do {
      switch request.message.type {
      case "hello": try hello(request)
      case "manifest":
        try reply(request, "manifest", tail: Array(manifest.utf8)) {
          $0.text = WireBody(.tail, offset: 0, bytes: self.manifest.utf8.count)
        }
      case "configure": try configure(request)
      case "open": try await open(request)
      case "process": try await process(request)
      case "query": try await query(request)
      case "drain": try await drain(request)
      case "close": _exit(0)
      default: break
      }
    } catch let error as StageError {
      try reply(request, "failed") { $0.fill(error) }
    } catch let error as RecordError {
      try reply(request, "failed") { $0.fill(StageServer.stageError(of: error)) }
    } catch let error as SettingProblem {
      try reply(request, "failed") {
        $0.failure = WireFailure(
          failureClass: "fatal", code: "bad_setting", subject: "'\(error.key)': \(error.what)",
          hint: error.hint)
      }
    }
  }

  private func reply(
    _ request: Channel.Received, _ type: String, tail: [UInt8] = [],
    _ fill: (inout Message) -> Void = { _ in }
  ) throws {
    try session.channel.send(Message(type, fill), tail: tail, answering: request.number)
  }

  private func hello(_ request: Channel.Received) throws {
    guard request.message.protocols?.contains(1) ?? false else {
      throw StageError(
        .fatal, "no_common_protocol", subject: "\(plugin.name) speaks stage protocol 1",
        hint: "use a version of Anagen that offers it")
    }
    let digest = SHA256Digest.of(Array(manifest.utf8))
    try reply(request, "hello") {
      $0.protocol = 1
      $0.name = self.plugin.name
      $0.version = self.plugin.version
      $0.requires = []
      $0.manifestSHA256 = digest.hexadecimal
    }
  }

  private func configure(_ request: Channel.Received) throws {
    guard let entry = stages.first(where: { $0.manifest.id == request.message.stage }) else {
      throw StageError(
        .fatal, "unknown_stage", subject: "\(plugin.name) has no stage of this id",
        hint: "make plugin.yaml anew with --manifest")
    }
    self.entry = entry
    settings = request.message.settings ?? .object([])
    let problem = entry.checkSettings(settings, nil)
    try reply(request, "configured") {
      $0.problems =
        problem.map {
          [Message.Problem(setting: $0.key, what: $0.what, hint: $0.hint)]
        } ?? []
    }
  }

  private func open(_ request: Channel.Received) async throws {
    let message = request.message
    guard let entry, let name = message.stage, let slotBytes = message.slotBytes,
      let body = message.study, request.files.count == 2
    else { throw WireError(.malformed, "an open without stage, study or slots") }
    let input = try SharedSlot.received(request.files[0], byteCount: slotBytes, writable: false)
    let study = try RecordDecoder().decode(
      Study.self, from: try ReceivedBodies(request, slot: input).copy(body))
    let host = ServedHost(
      session: session,
      secrets: (message.secrets ?? [:]).compactMapValues { Data(base64Encoded: $0).map(Array.init) }
    )
    let context = StageContext(
      stage: name, study: study,
      folder: DataFolder(path: message.scratch ?? "/nonexistent"), host: host)
    let running = try await entry.make(settings, context)
    opened = Opened(
      context: context, host: host, running: running,
      input: input,
      output: try SharedSlot.received(request.files[1], byteCount: slotBytes, writable: true),
      heartbeat: session.beat(every: message.heartbeat ?? 5))
    try reply(request, "opened") {
      $0.credits = 1
      $0.destination = running.destination
    }
  }

  private func process(_ request: Channel.Received) async throws {
    guard let opened, let entry, let record = request.message.record else {
      throw WireError(.malformed, "a process before open, or without a record")
    }
    let delivery = DeliveryContext(
      stage: opened.context, origin: LedgerReference(number: 0),
      attempt: request.message.attempt ?? 1)
    var result = Message("result") {
      $0.delivery = request.message.delivery
      $0.attempt = request.message.attempt
      $0.credits = 1
    }
    var writer = BodyWriter(slot: opened.output)
    do {
      let input = try opened.host.read(
        record, try ReceivedBodies(request, slot: opened.input), as: entry.input)
      switch opened.running {
      case .transform(_, let process):
        let output = try await process(input, delivery)
        result.record = try RecordCarrier.send(output, with: &writer, withBodies: true)
      case .queryableSink(let destination, let send, _, _):
        guard let key = request.message.key, let token = ContentDigest(hexadecimal: key.token)
        else { throw WireError(.malformed, "a process of a sink without a key") }
        try await send(
          input,
          EffectKey(
            destination: destination, identity: input.identity, version: key.version,
            token: token), delivery)
      case .source, .sink, .projection:
        preconditionFailure("a manifest holds transforms, and sinks that can be asked")
      }
      result.outcome = .done
    } catch is CancellationError {
      result.outcome = .cancelled
    } catch {
      result.outcome = .failed
      result.fill(StageServer.stageError(of: error))
    }
    opened.host.forget()
    do {
      try session.channel.send(result, tail: writer.tail, answering: request.number)
    } catch {
      _exit(65)  // A result that cannot be sent leaves the host waiting: end, and be replaced.
    }
  }

  private func query(_ request: Channel.Received) async throws {
    guard let opened, let key = request.message.key,
      let token = ContentDigest(hexadecimal: key.token),
      case .queryableSink(let destination, _, let query, _) = opened.running
    else { throw WireError(.malformed, "a query of what is no sink that can be asked") }
    let has = try await query(
      EffectKey(
        destination: destination, identity: request.message.identity ?? RecordIdentity(""),
        version: key.version, token: token))
    try reply(request, "answer") { $0.has = has }
  }

  private func drain(_ request: Channel.Received) async throws {
    if let opened, case .queryableSink(_, _, _, let finish) = opened.running,
      let body = request.message.account
    {
      try await finish(
        UpstreamAccount(serialised: ReceivedBodies(request, slot: opened.input).copy(body)))
    }
    try reply(request, "drained")
  }
}

extension StageServer {
  /// Only a stage's own errors have words that are known to tell nothing of a subject.
  fileprivate static func stageError(of error: any Error) -> StageError {
    switch error {
    case let error as StageError: error
    case let error as RecordError:
      StageError(.record, error.code.name, subject: error.subject, hint: error.hint)
    default:
      StageError(
        .record, "unexpected_error", subject: "the stage threw \(type(of: error))",
        hint: "this is a fault of the stage: report it to its author")
    }
  }
}

extension Message {
  /// Puts a stage's error in.
  fileprivate mutating func fill(_ error: StageError) {
    failure = WireFailure(
      failureClass: error.failureClass.rawValue, code: error.code.name, subject: error.subject,
      hint: error.hint)
    guard let found = error.finding else { return }
    do { finding = try CanonicalJSONEncoder().document(found) } catch {
      preconditionFailure("a finding is encoded: its confidences are finite")
    }
  }
}
