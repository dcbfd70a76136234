public import ClinicalRecords
import Foundation
public import StageKit
package import StageWire
import Synchronization

/// A transform, or a sink that can be asked, whose work is done by processes: one for each call at
/// once, started anew when it ends.
public final class ProcessStage: Sendable {
  /// How a stage is run in a process.
  public struct Options: Sendable {
    /// What is started.
    public var program: StageProgram
    /// The program that confines itself and becomes it: `anagen`.
    public var launcher: String
    /// What it may do.
    public var confinement: Confinement
    /// The most bytes of a record, and of what is made of it.
    public var slotBytes: Int
    /// The longest that a call may take, for who opens and drains.
    public var timeLimit: Duration?
    /// How much of the processor a record may take.
    public var processorLimit: Duration?
    /// The lowest label that the pipeline file lets its output have.
    public var declassify: PrivacyLabel?
    /// How often the child shows that it lives.
    public var heartbeat = Duration.seconds(5)

    /// Makes options.
    public init(
      program: StageProgram, launcher: String, confinement: Confinement, slotBytes: Int
    ) {
      self.program = program
      self.launcher = launcher
      self.confinement = confinement
      self.slotBytes = slotBytes
    }
  }

  /// A child with its memory.
  final class Worker: Sendable {
    let child: Child
    let input: SharedSlot
    let output: SharedSlot
    let desk: Desk
    init(child: Child, input: SharedSlot, output: SharedSlot, desk: Desk) {
      (self.child, self.input, self.output, self.desk) = (child, input, output, desk)
    }
  }

  private struct State {
    var idle: [Worker] = []
    var started = 0
    var deaths = 0
    /// Whether a record was handled since the last death.
    var hasWorked = false
    var isClosed = false
    /// When the next process may be started.
    var next = ContinuousClock.now
    /// The destination's own id, for a sink.
    var destination: String?

    mutating func died() {
      deaths += 1
      hasWorked = false
      guard deaths > 1 else { return }
      next = .now + min(.milliseconds(250) * (1 << min(deaths - 2, 7)), .seconds(30))
    }
  }

  let entry: StageEntry
  let settings: JSONValue
  let context: StageContext
  let options: Options
  private let secrets: [String: [UInt8]]
  private let rate = LineRate()
  private let state = Mutex(State())

  /// Starts the first process, so that a stage that cannot work stops the start.
  ///
  /// - Throws: ``StageError`` of class `fatal`.
  public init(
    _ entry: StageEntry, settings: JSONValue, context: StageContext, options: Options
  ) async throws {
    self.entry = entry
    self.settings = settings
    self.context = context
    self.options = options
    secrets = try ProcessStage.secrets(of: entry, settings, context)
    do {
      let (worker, destination) = try await start()
      state.withLock { state in
        state.destination = destination
        state.idle.append(worker)
      }
    } catch let error as ChildDeath {
      throw StageError(
        .fatal, error.code, subject: "the stage's process did not open: \(error)",
        hint: error.hint)
    }
  }

  /// The stage's calls, for the runner.
  public var running: RunningStage {
    let bytes = options.slotBytes
    guard entry.kind == .sink else {
      return .transform(
        outputByteCount: { _ in bytes },
        process: { [self] record, delivery in
          guard let output = try await work(on: record, in: delivery, key: nil) else {
            throw fault("it made nothing of a record")
          }
          return output
        })
    }
    return .queryableSink(
      destination: state.withLock { $0.destination } ?? "",
      send: { [self] record, key, delivery in
        _ = try await work(
          on: record, in: delivery,
          key: WireKey(token: key.token.hexadecimal, version: key.version))
      }, query: { [self] in try await has($0) }, finish: { [self] in try await drain($0) })
  }

  /// The memory from which the process that waits is given its next record; what is made there goes
  /// without a copy.
  package var inputSlot: SharedSlot? { state.withLock { $0.idle.last?.input } }

  /// Ends every process; returns when all are gone.
  public func close() async {
    let idle = state.withLock { state in
      state.isClosed = true
      defer { state.idle = [] }
      return state.idle
    }
    for worker in idle {
      await worker.child.close()
      ProcessStage.remove(worker.desk.scratch)
    }
  }
}

// MARK: - Work

extension ProcessStage {
  private func work(
    on record: any Record, in delivery: DeliveryContext, key: WireKey?
  ) async throws -> (any Record)? {
    let worker = try await borrow()
    do {
      let output = try await work(worker, record, delivery, key)
      giveBack(worker)
      return output
    } catch let error as ChildDeath {
      // Who ends a process that works well tells nothing of the record that was in it.
      let isInnocent = error.isFromOutside && state.withLock { $0.hasWorked }
      await lose(worker)
      var failure = StageError(
        .transient, error.code, subject: "\(error)", hint: error.hint)
      failure.blamesRecord = !isInnocent
      throw failure
    } catch let error as WireError {
      worker.child.end(
        ChildDeath(code: "stage_broke_protocol", description: "it sent \(error)"))
      await lose(worker)
      throw StageError(
        .transient, "stage_broke_protocol", subject: "the stage's process sent \(error)",
        hint: "'anagen plugin test' tells its author more")
    } catch {
      giveBack(worker)
      throw error
    }
  }

  private func work(
    _ worker: Worker, _ record: any Record, _ delivery: DeliveryContext, _ key: WireKey?
  ) async throws -> (any Record)? {
    try Task.checkCancellation()
    try await worker.child.credit()
    var writer = BodyWriter(slot: worker.input)
    let sent = try RecordCarrier.send(record, with: &writer, withBodies: false)
    let number = worker.desk.begin(delivery, record: record, from: sent, writer, worker.input)
    defer { worker.desk.end() }
    let attempt = delivery.attempt
    let request = Message("process") {
      $0.delivery = number
      $0.attempt = attempt
      $0.record = sent
      $0.key = key
      $0.deadline = options.timeLimit.map { $0 / .seconds(1) }
    }
    try worker.child.set(credits: 0)
    let tail = writer.tail
    let answer = try await withTaskCancellationHandler {
      try await worker.child.request(
        request, tail: tail, limit: nil, silence: options.heartbeat * 3,
        processor: options.processorLimit)
    } onCancel: {
      worker.child.cancel(
        Message("cancel") {
          $0.delivery = number
          $0.attempt = attempt
        }, grace: .seconds(2))
    }
    let result = answer.message
    guard result.type == "result", result.delivery == number, result.attempt == attempt else {
      throw WireError(.malformed, "a result of another delivery")
    }
    try worker.child.set(credits: result.credits ?? 1)
    switch result.outcome {
    case .cancelled: throw CancellationError()
    case .failed: throw stageError(result, worker.desk.redaction)
    case .done:
      guard let output = entry.output else { return nil }
      guard let made = result.record else { throw fault("it made nothing of a record") }
      return try read(made, answer, worker, input: record, as: output)
    case nil: throw WireError(.malformed, "a result without an outcome")
    }
  }

  private func stageError(_ result: Message, _ redaction: Redaction) -> StageError {
    guard let failure = result.failure else { return fault("it failed without saying how") }
    return stageError(failure, redaction, finding: finding(result.finding))
  }

  private func stageError(
    _ failure: WireFailure, _ redaction: Redaction, finding: PictureFinding?
  ) -> StageError {
    guard let failureClass = StageError.FailureClass(rawValue: failure.failureClass) else {
      return fault("it failed without saying how")
    }
    // What an outside stage says may hold what it was given; a linked one's words are the project's.
    func shown(_ text: String) -> String {
      options.program.manifestSHA256 == nil ? text : redaction.redacted(text)
    }
    // A reason stands in tables and metrics, where nobody looks for names.
    let isWord = failure.code.wholeMatch(of: /[a-z][a-z0-9_]{0,63}/) != nil
    let code = isWord && !redaction.names(failure.code) ? failure.code : "stage_fault"
    return StageError(
      failureClass, code, subject: shown(failure.subject), hint: shown(failure.hint),
      finding: finding)
  }

  private func finding(_ document: JSONValue?) -> PictureFinding? {
    guard let document else { return nil }
    do {
      return try RecordDecoder().decode(PictureFinding.self, from: document.serialised())
    } catch { return nil }  // Nothing to approve: the record stays set aside.
  }

  private func fault(_ what: String) -> StageError {
    StageError(
      .record, "stage_fault", subject: "the stage's process broke its contract: \(what)",
      hint: "this is a fault of the stage: report it to its author")
  }

  /// Copies what the child made and puts a record together.
  private func read(
    _ made: WireRecord, _ answer: Channel.Received, _ worker: Worker, input: any Record,
    as type: RecordType
  ) throws -> any Record {
    guard made.schema.name == type.schema.name, made.schema.major == type.schema.major else {
      throw fault("it made \(made.schema), its manifest says \(type.schema)")
    }
    func bytes(_ body: WireBody) throws -> UnsafeRawBufferPointer {
      guard body.place == .slot else { throw WireError(.malformed, "samples outside its slot") }
      return try worker.output.bytes(of: body)
    }
    func copy(_ body: WireBody) throws -> [UInt8] {
      guard body.place == .tail else { return [UInt8](try bytes(body)) }
      return [UInt8](answer.tail[try body.range(within: answer.tail.count)])
    }
    let payload = try copy(made.payload)
    guard let receive = type.receive else {
      return try foreign(payload, of: type.schema, from: input)
    }
    var bodies: [ContentDigest: [UInt8]] = [:]
    for content in made.contents ?? [] {
      guard let body = content.body else { continue }
      let bytes = try copy(body)
      guard context.host.sha256(of: bytes) == content.sha256 else {
        throw fault("a content is not what its digest says")
      }
      bodies[content.sha256] = bytes
    }
    let frames = try (made.frames ?? []).map {
      try RecordCarrier.frame($0, at: try bytes($0.body), in: nil)
    }
    do {
      return try receive(
        payload, frames,
        RecordDecoder(contentFolder: "\(context.folder.privatePath)/content", bodies: bodies))
    } catch is DecodingError {
      throw fault("what it made is no \(type.schema)")
    }
  }

  private func foreign(
    _ payload: [UInt8], of schema: SchemaID, from input: any Record
  ) throws -> ForeignRecord {
    guard payload.count <= 16 << 20 else { throw fault("a payload above 16 MiB") }
    let value: JSONValue
    do {
      value = try JSONValue(parsing: payload)
    } catch { throw fault("a payload that is no JSON") }
    guard case .object = value, value.depth <= 64 else {
      throw fault("a payload that is no object, or nested more than 64 deep")
    }
    var label = input.privacy
    if let lower = options.declassify, entry.manifest.declassifiesTo.map({ $0 <= lower }) ?? false {
      label = min(label, lower)
    }
    return ForeignRecord(
      schema: schema, identity: ForeignRecord.identity(of: schema, from: input.identity),
      privacy: label, value: value)
  }

  private func has(_ key: EffectKey) async throws -> Bool {
    let worker = try await borrow()
    do {
      let answer = try await worker.child.request(
        Message("query") {
          $0.key = WireKey(token: key.token.hexadecimal, version: key.version)
          $0.identity = key.identity
        }, limit: .seconds(30))
      guard let has = answer.message.has else {
        throw ChildDeath(code: "stage_broke_protocol", description: "it gave no answer to a query")
      }
      giveBack(worker)
      return has
    } catch let failure as WireFailure {
      giveBack(worker)
      throw StageError(
        .unavailable, failure.code, subject: failure.subject, hint: failure.hint)
    } catch {
      await lose(worker)
      throw StageError(
        .unavailable, "stage_died", subject: "the stage's process ended while it was asked",
        hint: "'anagen plugin test' tells more")
    }
  }

  private func drain(_ account: UpstreamAccount) async throws {
    let worker = try await borrow()
    do {
      var writer = BodyWriter(slot: worker.input)
      let body = try writer.add(account.serialised())
      _ = try await worker.child.request(
        Message("drain") { $0.account = body }, tail: writer.tail, limit: options.opening)
      giveBack(worker)
    } catch let failure as WireFailure {
      giveBack(worker)
      throw stageError(failure, worker.desk.redaction, finding: nil)
    } catch {
      await lose(worker)
      throw StageError(
        .fatal, "stage_died", subject: "the stage's process did not drain",
        hint: "run again to go on")
    }
  }
}

// MARK: - Processes

extension ProcessStage {
  private func borrow() async throws -> Worker {
    var dead: [Worker] = []
    let (worker, deaths, next) = state.withLock { state in
      while let worker = state.idle.popLast() {
        if worker.child.isAlive { return (worker as Worker?, 0, state.next) }
        dead.append(worker)
        state.died()
      }
      return (nil, state.deaths, state.next)
    }
    for worker in dead { ProcessStage.remove(worker.desk.scratch) }
    if let worker { return worker }
    // The first is replaced at once; from then on the wait doubles, until one works again. Nobody's
    // attempts are used up meanwhile.
    guard ContinuousClock.now >= next else {
      throw StageError(
        .unavailable, "stage_restarts",
        subject: "the stage's process died \(deaths) times in a row",
        hint: "'anagen plugin test' tells more")
    }
    do {
      return try await start().worker
    } catch let error as ChildDeath {
      state.withLock { $0.died() }
      throw StageError(
        .unavailable, error.code, subject: "the stage's process cannot be started: \(error)",
        hint: error.hint)
    }
  }

  private func giveBack(_ worker: Worker) {
    let isClosed = state.withLock { state in
      state.deaths = 0
      state.hasWorked = true
      if !state.isClosed { state.idle.append(worker) }
      return state.isClosed
    }
    if isClosed {
      worker.child.end(ChildDeath(code: "stage_died", description: "it was closed"))
      ProcessStage.remove(worker.desk.scratch)
    }
  }

  private func lose(_ worker: Worker) async {
    state.withLock { $0.died() }
    await worker.child.close()
    ProcessStage.remove(worker.desk.scratch)
  }

  private func start() async throws -> (worker: Worker, destination: String?) {
    let number = state.withLock { state in
      state.started += 1
      return state.started
    }
    let scratch = try ProcessStage.makeScratch(in: context, name: "\(context.stage)-\(number)")
    let desk = Desk(
      entry: entry, scratch: scratch,
      redaction: Redaction(
        secrets: secrets.values.map { String(decoding: $0, as: UTF8.self) }))
    let child = try await Child(
      try ProcessStage.start(options, scratch: scratch),
      asked: { await desk.answer($0) }, said: { [weak self] in self?.say($0, $1, desk) })
    do {
      try await ProcessStage.greet(child, options)
      let input = try SharedSlot.input(byteCount: options.slotBytes)
      let output = try SharedSlot.output(byteCount: options.slotBytes)
      let destination = try await ProcessStage.open(
        child, entry, settings, context, options, (input, output, scratch), secrets: secrets)
      return (Worker(child: child, input: input, output: output, desk: desk), destination)
    } catch {
      child.end(ChildDeath(code: "stage_died", description: "it did not open"))
      await child.close()
      ProcessStage.remove(scratch)
      if let failure = error as? WireFailure {
        throw StageError(
          StageError.FailureClass(rawValue: failure.failureClass) ?? .fatal, failure.code,
          subject: failure.subject, hint: failure.hint)
      }
      throw error
    }
  }

  private func say(_ level: LogLevel, _ line: String, _ desk: Desk) {
    let (isAllowed, withheld) = rate.pass()
    if withheld > 0 {
      context.host.log(
        .warning, stage: context.stage, "the stage's process said more than is let through",
        ["lines": "\(withheld)"])
    }
    guard isAllowed else { return }
    context.host.log(
      level, stage: context.stage, "the stage's process says",
      ["line": desk.redaction.redacted(line)])
  }
}
