import ClinicalRecords
import FoundationEssentials
import StageWire
import Synchronization

/// The services of the host, asked for over the channel.
final class ServedHost: StageHost {
  private let session: ServedSession
  private let secrets: [String: [UInt8]]
  /// Schemas that a stage can ask for; a plugin's own are read as foreign ones.
  private let types: [SchemaID: RecordType]
  /// The contents fetched for the delivery in hand, so that one asked for twice is sent once.
  private let fetched = Mutex<[ContentDigest: [UInt8]]>([:])

  init(session: ServedSession, secrets: [String: [UInt8]]) {
    self.session = session
    self.secrets = secrets
    types = Dictionary(
      RecordType.known.map { ($0.schema, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// Forgets what was fetched for the delivery that ended.
  func forget() { fetched.withLock { $0 = [:] } }

  func sha256(of bytes: [UInt8]) -> ContentDigest { SHA256Digest.of(bytes) }

  func bytes(of content: StoredContent) throws -> [UInt8] {
    if let bytes = content.unstoredBytes { return bytes }
    if let bytes = fetched.withLock({ $0[content.sha256] }) { return bytes }
    let received = try session.ask(
      Message("ask") {
        $0.what = "content"
        $0.sha256 = content.sha256
      })
    guard let body = received.message.body else {
      throw WireError(.malformed, "an answer without the content")
    }
    let bytes = try ReceivedBodies(received, slot: nil).copy(body)
    fetched.withLock { $0[content.sha256] = bytes }
    return bytes
  }

  func secret(named name: String) throws -> [UInt8] {
    guard let bytes = secrets[name] else {
      throw StageError(
        .fatal, "secret_missing", subject: "there is no secret '\(name)'",
        hint: "name it in a setting of the stage")
    }
    return bytes
  }

  func now() -> Double {
    do {
      return try session.ask(Message("ask") { $0.what = "now" }).message.seconds ?? 0
    } catch {
      preconditionFailure("the clock is asked by a stage whose manifest does not say so")
    }
  }

  func log(
    _ level: LogLevel, stage: String, _ message: StaticString, _ values: [String: String]
  ) {
    let line = Message("tell") {
      $0.level = level.rawValue
      $0.message = "\(message)"
      $0.values = values
    }
    // A line that the host does not take is no reason to fail.
    do { try session.channel.send(line) } catch {}
  }

  func ancestor(
    of reference: LedgerReference, schema: SchemaID
  ) async throws -> (any StoredRecord)? {
    try record(
      Message("ask") {
        $0.what = "record"
        $0.schema = schema
      })
  }

  func lookup(
    _ identity: RecordIdentity, schema: SchemaID
  ) async throws -> (any StoredRecord)? {
    try record(
      Message("ask") {
        $0.what = "lookup"
        $0.schema = schema
        $0.identity = identity
      })
  }

  func approval(of finding: PictureFinding) async throws -> Int64? {
    let document = try CanonicalJSONEncoder().document(finding)
    return try session.ask(
      Message("ask") {
        $0.what = "approval"
        $0.finding = document
      }
    ).message.entry
  }

  private func record(_ question: Message) throws -> (any StoredRecord)? {
    let received = try session.ask(question)
    guard let record = received.message.record else { return nil }
    let bodies = try ReceivedBodies(received, slot: nil)
    return try read(record, bodies, as: types[record.schema]) as? any StoredRecord
  }

  /// Puts a record together.
  func read(
    _ record: WireRecord, _ bodies: ReceivedBodies, as type: RecordType?
  ) throws -> any Record {
    let payload = try bodies.copy(record.payload)
    guard let receive = type?.receive else {
      return ForeignRecord(
        schema: record.schema, identity: record.identity ?? RecordIdentity(""),
        privacy: record.label ?? .identified,
        value: try JSONValue(parsing: payload))
    }
    let frames = try (record.frames ?? []).map { frame in
      let (bytes, owner) = try bodies.find(frame.body)
      return try RecordCarrier.frame(frame, at: bytes, in: owner)
    }
    return try receive(payload, frames, RecordDecoder())
  }
}

/// The bodies of one message: in its tail, in the slot, in the file that came with it.
final class ReceivedBodies {
  private let tail: [UInt8]
  private let slot: SharedSlot?
  private let file: SharedSlot?

  init(_ received: Channel.Received, slot: SharedSlot?) throws {
    tail = received.tail
    self.slot = slot
    file = try received.files.first.map { try SharedSlot.received($0) }
  }

  /// The bytes of a body, copied.
  func copy(_ body: WireBody) throws -> [UInt8] {
    switch body.place {
    case .tail: [UInt8](tail[try body.range(within: tail.count)])
    case .slot, .descriptor: [UInt8](try find(body).bytes)
    }
  }

  /// The bytes of a body where they lie, with what keeps them there.
  func find(_ body: WireBody) throws -> (bytes: UnsafeRawBufferPointer, owner: SharedSlot) {
    guard let memory = body.place == .slot ? slot : body.place == .descriptor ? file : nil else {
      throw WireError(.malformed, "samples that lie in no shared memory")
    }
    return (try memory.bytes(of: body), memory)
  }
}

extension RecordType {
  /// Every record type of the house that can pass to another process.
  package static let known = [
    RecordType(CapturedImage.self), RecordType(CalibratedImage.self),
    RecordType(HairMeasurement.self), RecordType(RegionMeasurement.self),
    RecordType(Released.self),
  ]
}
