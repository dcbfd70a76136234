public import ClinicalRecords
import Foundation
public import StageKit
import StageWire
import Synchronization

/// What the processes of a test said.
private final class SaidLines: Sendable {
  private let lines = Mutex<[String]>([])
  func add(_ line: String) { lines.withLock { $0.append(line) } }
  func forget() { lines.withLock { $0 = [] } }
  var last: String? { lines.withLock { $0.isEmpty ? nil : $0.suffix(3).joined(separator: " | ") } }
  func contain(_ text: String) -> Bool {
    lines.withLock { $0.contains { $0.localizedCaseInsensitiveContains(text) } }
  }
}

/// Tries a stage's program from outside, as any host may treat it (docs/stage-protocol.md).
///
/// Nothing of how the program is made matters: it is started, spoken to, misused and ended.
public struct PluginTester: Sendable {
  /// One thing that was tried.
  public struct Result: Sendable {
    /// Which stage.
    public let stage: String
    /// What was tried, in words.
    public let name: String
    /// The sentences of the protocol that ask for it.
    public let clauses: String
    /// What was wrong; `nil` when it was as it must be.
    public let problem: String?
  }

  /// A record that the stage must handle.
  public struct Sample: Sendable {
    let record: any Record
    let origin: LedgerReference?

    /// Wraps a record with the reference of its stored origin.
    public init(_ record: any Record, origin: LedgerReference?) {
      self.record = record
      self.origin = origin
    }
  }

  private let entry: StageEntry
  private let settings: JSONValue
  private let context: StageContext
  private let options: ProcessStage.Options
  private let samples: [Sample]
  private let planted: [String]
  private let lines = SaidLines()

  /// Prepares the tests of one stage.
  ///
  /// - Parameters:
  ///   - settings: for the stage, with its defaults.
  ///   - samples: records that it must handle.
  ///   - planted: texts in the samples that may stand in nothing that the stage says.
  public init(
    _ entry: StageEntry, settings: JSONValue, context: StageContext,
    options: ProcessStage.Options, samples: [Sample], planted: [String]
  ) {
    self.entry = entry
    self.settings = settings
    self.context = context
    self.options = options
    self.samples = samples
    self.planted = planted
  }

  /// Tries everything; each thing with processes of its own.
  public func run() async -> [Result] {
    var results: [Result] = []
    func test(
      _ name: String, _ clauses: String, _ body: () async throws -> String?
    ) async {
      lines.forget()
      var problem: String?
      do {
        problem = try await body()
      } catch {
        problem = "\(error)"
      }
      if problem != nil, let said = lines.last { problem = "\(problem ?? ""); it said: \(said)" }
      results.append(
        Result(stage: entry.manifest.id, name: name, clauses: clauses, problem: problem))
    }
    await test("opens with its defaults and closes", "4.1 to 4.4, 4.6", opensAndCloses)
    guard results.last?.problem == nil else { return results }
    await test("gives its manifest as it stands in plugin.yaml", "4.2", givesManifest)
    await test("refuses protocols that it does not speak", "4.1", refusesOtherProtocols)
    await test("ignores messages and members that it does not know", "1.5", ignoresUnknown)
    await test("ends when its host is gone", "1.6", endsWithItsHost)
    await test("ends at a packet that is none", "1.4", endsAtGarbage)
    for sample in samples.indices {
      let number = sample + 1
      let memory = options.confinement.memoryBytes >> 20
      await test("handles sample \(number) within \(memory) MiB", "5.1, 7.2") {
        try await handles(samples[sample])
      }
      await test("gives sample \(number) the same result again, and in another process", "5.3") {
        try await repeats(samples[sample])
      }
    }
    guard let sample = samples.first else { return results }
    await test("answers a cancel, and works on", "5.5") { try await answersCancel(sample) }
    await test("holds to a body that lies outside of its slot", "2.5") {
      try await survivesWrongBody(sample)
    }
    await test("goes on after an answer that it did not want", "6.5") {
      try await survivesRefusals(sample)
    }
    await test("is replaced after a kill at each message", "5.8") {
      try await survivesKills(sample)
    }
    await test("says nothing of a subject", "3.4, 4.8, 6.6") { try await saysNothing(sample) }
    return results
  }
}

// MARK: - What is tried

extension PluginTester {
  private func opensAndCloses() async throws -> String? {
    let bench = try await Bench(self.bench) { lines.add($0) }
    try await bench.open()
    await bench.child.close()
    let death = bench.child.death
    bench.remove()
    guard let death, death.code != "stage_closed" else { return nil }
    return "after 'close': \(death)"
  }

  private func givesManifest() async throws -> String? {
    guard let expected = options.program.manifestSHA256 else { return nil }
    let bench = try await Bench(self.bench) { lines.add($0) }
    defer { bench.end() }
    _ = try await bench.hello()
    let answer = try await bench.child.request(Message("manifest"), limit: .seconds(5))
    guard let body = answer.message.text, body.place == .tail else {
      return "no text in the tail of 'manifest'"
    }
    let text = Array(answer.tail[try body.range(within: answer.tail.count)])
    let digest = context.host.sha256(of: text).hexadecimal
    return digest == expected ? nil : "another text than plugin.yaml's"
  }

  private func refusesOtherProtocols() async throws -> String? {
    let bench = try await Bench(self.bench) { lines.add($0) }
    defer { bench.end() }
    do {
      let answer = try await bench.child.request(
        Message("hello") {
          $0.protocols = [999]
          $0.host = "anagen"
          $0.capabilities = []
        }, limit: .seconds(5))
      return "it chose protocol \(answer.message.protocol ?? 0), only 999 was offered"
    } catch is WireFailure {
      return nil
    }
  }

  private func ignoresUnknown() async throws -> String? {
    let bench = try await Bench(self.bench) { lines.add($0) }
    defer { bench.end() }
    try bench.child.tell(Message("from_a_later_version"))
    try await bench.open()
    return nil
  }

  private func endsWithItsHost() async throws -> String? {
    let bench = try await Bench(self.bench) { lines.add($0) }
    defer { bench.end() }
    try await bench.open()
    bench.child.hangUp()
    return await bench.child.ends(within: .seconds(3)) ? nil : "it lives on 3 s later"
  }

  private func endsAtGarbage() async throws -> String? {
    let bench = try await Bench(self.bench) { lines.add($0) }
    defer { bench.end() }
    try await bench.open()
    bench.child.sendRaw([UInt8]("this is no packet of the protocol, whatever else".utf8))
    return await bench.child.ends(within: .seconds(3)) ? nil : "it lives on 3 s later"
  }

  private func handles(_ sample: Sample) async throws -> String? {
    let stage = try await ProcessStage(
      entry, settings: settings, context: context, options: options)
    // The next test's process has a scratch folder of the same name.
    do {
      _ = try await result(of: sample, from: stage)
    } catch {
      await stage.close()
      throw error
    }
    await stage.close()
    return nil
  }

  private func repeats(_ sample: Sample) async throws -> String? {
    guard !entry.manifest.readsClock else { return nil }
    let first = try await ProcessStage(
      entry, settings: settings, context: context, options: options)
    let second = try await ProcessStage(
      entry, settings: settings, context: context, options: options)
    let results = [
      try await result(of: sample, from: first),
      try await result(of: sample, from: first, attempt: 2),
      try await result(of: sample, from: second),
    ]
    await first.close()
    await second.close()
    return Set(results).count == 1 ? nil : "the results differ"
  }

  /// What tells one result from another: the payload of what was made.
  private func result(
    of sample: Sample, from stage: ProcessStage, attempt: Int = 1
  ) async throws -> [UInt8] {
    let delivery = DeliveryContext(stage: context, origin: sample.origin, attempt: attempt)
    switch stage.running {
    case .transform(_, let process):
      let output = try await process(sample.record, delivery)
      return try Bench.payload(of: output)
    case .queryableSink(let destination, let send, let query, _):
      let key = EffectKey(
        destination: destination, identity: sample.record.identity, version: 1,
        token: context.host.sha256(of: Array(sample.record.identity.text.utf8)))
      if try await query(key) { return [1] }
      try await send(sample.record, key, delivery)
      guard try await query(key) else {
        throw StageError(
          .record, "key_lost", subject: "it took an effect and does not know its key",
          hint: "keep key.token with what is done")
      }
      return [1]
    case .source, .sink, .projection: return []
    }
  }

  private func answersCancel(_ sample: Sample) async throws -> String? {
    let bench = try await Bench(self.bench) { lines.add($0) }
    defer { bench.end() }
    try await bench.open()
    let request = try bench.request(sample, delivery: "a")
    let child = bench.child
    let answer = Task {
      try await child.request(request.message, tail: request.tail, limit: .seconds(60))
    }
    try await Task.sleep(for: .milliseconds(20))
    try child.tell(
      Message("cancel") {
        $0.delivery = "a"
        $0.attempt = 1
      })
    let start = ContinuousClock.now
    let result = try await answer.value.message
    guard result.delivery == "a", result.outcome != nil else { return "an answer without outcome" }
    guard ContinuousClock.now - start < .seconds(2) else {
      return "it took \(ContinuousClock.now - start) to answer"
    }
    let again = try bench.request(sample, delivery: "b")
    let next = try await child.request(again.message, tail: again.tail, limit: .seconds(60))
    return next.message.outcome == .cancelled ? "the next record was cancelled too" : nil
  }

  private func survivesWrongBody(_ sample: Sample) async throws -> String? {
    let bench = try await Bench(self.bench) { lines.add($0) }
    defer { bench.end() }
    try await bench.open()
    let request = try bench.request(sample, delivery: "a") { record in
      WireRecord(
        schema: record.schema, identity: record.identity, label: record.label,
        payload: WireBody(.slot, offset: 1 << 40, bytes: 1 << 40), contents: record.contents,
        frames: record.frames)
    }
    do {
      let answer = try await bench.child.request(
        request.message, tail: request.tail, limit: .seconds(10))
      return answer.message.outcome == .done ? "it made something of a body outside its slot" : nil
    } catch let death as ChildDeath where death.code == "stage_died" {
      return nil  // It may end itself (1.4).
    }
  }

  private func survivesRefusals(_ sample: Sample) async throws -> String? {
    let bench = try await Bench(self.bench, refuses: true)
    defer { bench.end() }
    try await bench.open()
    let request = try bench.request(sample, delivery: "a")
    let answer = try await bench.child.request(
      request.message, tail: request.tail, limit: .seconds(60))
    return answer.message.outcome == nil ? "a result without an outcome" : nil
  }

  private func survivesKills(_ sample: Sample) async throws -> String? {
    for step in 0..<4 {
      let bench = try await Bench(self.bench) { lines.add($0) }
      let death = ChildDeath(code: "stage_died", description: "it was killed")
      switch step {
      case 0: bench.child.end(death)
      case 1:
        _ = try await bench.hello()
        bench.child.end(death)
      case 2:
        try await bench.open()
        bench.child.end(death)
      default:
        try await bench.open()
        let request = try bench.request(sample, delivery: "a")
        let child = bench.child
        let answer = Task {
          try await child.request(request.message, tail: request.tail, limit: .seconds(60))
        }
        child.end(death)
        _ = await answer.result
      }
      guard await bench.child.ends(within: .seconds(3)) else { return "it outlived a kill" }
      bench.remove()
      if let problem = try await handles(sample) { return problem }
    }
    return nil
  }

  private func saysNothing(_ sample: Sample) async throws -> String? {
    let bench = try await Bench(self.bench) { lines.add($0) }
    try await bench.open()
    for (delivery, spoils) in [("a", false), ("b", true)] {
      let request = try bench.request(sample, delivery: delivery) { record in
        guard spoils else { return record }
        return WireRecord(
          schema: record.schema, identity: record.identity, label: record.label,
          payload: record.payload, contents: record.contents, frames: nil)
      }
      do {
        let answer = try await bench.child.request(
          request.message, tail: request.tail, limit: .seconds(60))
        // All that comes with a result but what was made: errors, names, types, numbers. Identity
        // and label are the host's to say, whatever stands there (3.4).
        var message = answer.message
        message.record?.identity = nil
        message.record?.label = nil
        lines.add(String(decoding: message.header, as: UTF8.self))
      } catch is ChildDeath {}
    }
    await bench.child.close()
    bench.remove()
    // What a reader of log lines would not see: the lines that a failing test shows are the author's.
    defer { lines.forget() }
    for text in planted where lines.contain(text) {
      return "a log line, an error or what comes with a result holds a text that was planted in "
        + "the sample"
    }
    return nil
  }

  private var bench: Bench.Needs {
    Bench.Needs(entry: entry, settings: settings, context: context, options: options)
  }
}
