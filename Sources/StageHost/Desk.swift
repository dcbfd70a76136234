import ClinicalRecords
import Foundation
import StageKit
import StageWire
import Synchronization

/// Answers what one child asks for, as far as its delivery gives it the right to
/// (docs/stage-protocol.md §6).
final class Desk: Sendable {
  private struct Open {
    let delivery: DeliveryContext
    var contents: [ContentDigest: StoredContent]
  }
  private struct State {
    var open: Open?
    var count = 0
  }

  let scratch: String
  let redaction: Redaction
  private let entry: StageEntry
  private let state = Mutex(State())

  init(entry: StageEntry, scratch: String, redaction: Redaction) {
    self.entry = entry
    self.scratch = scratch
    self.redaction = redaction
  }

  /// A delivery goes to the child.
  ///
  /// - Returns: its name on the channel, which says nothing of what it is.
  func begin(
    _ delivery: DeliveryContext, record: any Record, from sent: WireRecord, _ writer: BodyWriter,
    _ slot: SharedSlot
  ) -> String {
    do {
      let payload =
        switch sent.payload.place {
        case .tail: [UInt8](writer.tail[try sent.payload.range(within: writer.tail.count)])
        case .slot, .descriptor: [UInt8](try slot.bytes(of: sent.payload))
        }
      redaction.hold(payload, identity: record.identity)
    } catch {
      preconditionFailure("a payload lies where it was written")
    }
    var contents = (record as? any StoredRecord)?.contents ?? []
    if let image = record as? CalibratedImage { contents = image.captured.contents }
    return state.withLock { state in
      state.count += 1
      state.open = Open(
        delivery: delivery,
        contents: Dictionary(contents.map { ($0.sha256, $0) }, uniquingKeysWith: { $1 }))
      return "d\(state.count)"
    }
  }

  /// The delivery has ended.
  func end() { state.withLock { $0.open = nil } }

  func answer(_ question: Message) async -> Child.Answer {
    do {
      guard let open = state.withLock({ $0.open }) else {
        throw refusal("nothing_in_hand", "there is no delivery to ask about")
      }
      return try await answer(question, open)
    } catch let error as StageError {
      return (failed(error), [], [])
    } catch let error as RecordError {
      return (
        failed(StageError(.record, error.code.name, subject: error.subject, hint: error.hint)), [],
        []
      )
    } catch {
      return (
        failed(
          StageError(
            .transient, "not_answered", subject: "the host cannot answer now",
            hint: "run again")), [], []
      )
    }
  }

  private func answer(_ question: Message, _ open: Open) async throws -> Child.Answer {
    let host = open.delivery.stage.host
    switch question.what {
    case "record":
      guard let schema = question.schema, let origin = open.delivery.origin else {
        return (Message("answer"), [], [])
      }
      return try send(try await host.ancestor(of: origin, schema: schema))
    case "lookup":
      guard let schema = question.schema, let identity = question.identity else {
        throw refusal("bad_question", "a look-up without schema or identity")
      }
      return try send(try await host.lookup(identity, schema: schema))
    case "content":
      guard let digest = question.sha256, let content = open.contents[digest] else {
        throw refusal("not_given", "the content belongs to no record that was given")
      }
      let bytes = try content.bytes()
      let file = try SharedSlot.file(bytes)
      return (
        Message("answer") { $0.body = WireBody(.descriptor, offset: 0, bytes: bytes.count) }, [],
        [file]
      )
    case "now":
      guard entry.manifest.readsClock else {
        throw refusal("no_clock", "the stage's manifest does not say that it reads the clock")
      }
      return (Message("answer") { $0.seconds = host.now() }, [], [])
    case "approval":
      guard let document = question.finding else {
        throw refusal("bad_question", "an approval of no finding")
      }
      let finding = try RecordDecoder().decode(
        PictureFinding.self, from: document.serialised())
      let entry = try await host.approval(of: finding)
      return (Message("answer") { $0.entry = entry }, [], [])
    default: throw refusal("bad_question", "a question that this host does not know")
    }
  }

  /// A record as an answer: in a file of its own when it is large.
  private func send(_ record: (any StoredRecord)?) throws -> Child.Answer {
    guard let record else { return (Message("answer"), [], []) }
    state.withLock { state in
      for content in record.contents { state.open?.contents[content.sha256] = content }
    }
    let payload = try RecordCarrier.payload(of: record)
    redaction.hold(payload, identity: record.identity)
    let isLarge = payload.count > BodyWriter.tailLimit
    let sent = WireRecord(
      schema: record.schema, identity: record.identity, label: record.privacy,
      payload: WireBody(isLarge ? .descriptor : .tail, offset: 0, bytes: payload.count),
      contents: record.contents.isEmpty ? nil : record.contents.map { WireContent($0) })
    return (
      Message("answer") { $0.record = sent }, isLarge ? [] : payload,
      isLarge ? [try SharedSlot.file(payload)] : []
    )
  }

  private func refusal(_ code: String, _ subject: String) -> StageError {
    StageError(
      .record, code, subject: subject, hint: "docs/stage-protocol.md §6 says what can be asked")
  }

  private func failed(_ error: StageError) -> Message {
    Message("failed") {
      $0.failure = WireFailure(
        failureClass: error.failureClass.rawValue, code: error.code.name, subject: error.subject,
        hint: error.hint)
    }
  }
}
