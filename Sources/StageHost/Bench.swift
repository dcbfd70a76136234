import ClinicalRecords
import Foundation
import Imaging
import StageKit
import StageWire

/// One process on the tester's bench, spoken to by hand.
final class Bench: Sendable {
  struct Needs: Sendable {
    let entry: StageEntry
    let settings: JSONValue
    let context: StageContext
    let options: ProcessStage.Options
  }

  let child: Child
  private let needs: Needs
  private let input: SharedSlot
  private let output: SharedSlot
  private let desk: Desk

  /// Starts the process.
  ///
  /// - Parameters:
  ///   - refuses: whether every question is refused.
  ///   - said: takes what it says, as it says it.
  init(
    _ needs: Needs, refuses: Bool = false, said: @escaping @Sendable (String) -> Void = { _ in }
  ) async throws {
    self.needs = needs
    input = try SharedSlot.input(byteCount: needs.options.slotBytes)
    output = try SharedSlot.output(byteCount: needs.options.slotBytes)
    let desk = Desk(
      entry: needs.entry,
      scratch: try ProcessStage.makeScratch(in: needs.context, name: "bench-\(UUID().uuidString)"),
      redaction: Redaction(secrets: []))
    self.desk = desk
    child = try await Child(
      try ProcessStage.start(needs.options, scratch: desk.scratch),
      asked: { question in
        guard refuses else { return await desk.answer(question) }
        return (
          Message("failed") {
            $0.failure = WireFailure(
              failureClass: "record", code: "refused", subject: "the host does not answer",
              hint: "go on")
          }, [], []
        )
      }, said: { said($1) })
  }

  /// Says hello.
  func hello() async throws -> Message {
    try await ProcessStage.greet(child, needs.options)
  }

  /// Takes the process to where it waits for records.
  func open() async throws {
    _ = try await hello()
    _ = try await ProcessStage.open(
      child, needs.entry, needs.settings, needs.context, needs.options,
      (input, output, desk.scratch),
      secrets: try ProcessStage.secrets(of: needs.entry, needs.settings, needs.context))
  }

  /// A `process` of a sample, as the host sends it, or changed.
  func request(
    _ sample: PluginTester.Sample, delivery: String,
    _ change: (WireRecord) -> WireRecord = { $0 }
  ) throws -> (message: Message, tail: [UInt8]) {
    var writer = BodyWriter(slot: input)
    let sent = try RecordCarrier.send(sample.record, with: &writer, withBodies: false)
    _ = desk.begin(
      DeliveryContext(stage: needs.context, origin: sample.origin, attempt: 1),
      record: sample.record, from: sent, writer, input)
    let key =
      needs.entry.kind == .sink
      ? WireKey(
        token: needs.context.host.sha256(of: Array(delivery.utf8)).hexadecimal, version: 1) : nil
    return (
      Message("process") {
        $0.delivery = delivery
        $0.attempt = 1
        $0.record = change(sent)
        $0.key = key
      }, writer.tail
    )
  }

  /// Ends the process.
  func end() {
    child.end(ChildDeath(code: "stage_closed", description: "the test is over"))
    let (child, scratch) = (child, desk.scratch)
    Task {
      await child.close()
      ProcessStage.remove(scratch)
    }
  }

  /// Removes what belongs to a process that has ended.
  func remove() { ProcessStage.remove(desk.scratch) }

  /// What was made, as bytes that can be compared.
  static func payload(of record: any Record) throws -> [UInt8] {
    if let stored = record as? any StoredRecord { return try RecordCarrier.payload(of: stored) }
    guard let frames = record as? any FrameRecord else { return [] }
    var bytes = try frames.frameHeader()
    for frame in frames.frames {
      switch frame.samples {
      case .bytes(let plane): plane.withUnsafeSamples { bytes += $0 }
      case .numbers(let plane):
        plane.withUnsafeSamples { bytes += UnsafeRawBufferPointer($0) }
      }
    }
    return bytes
  }
}
