package import ClinicalRecords
import Imaging
package import StageWire

/// Takes records over the border between two processes (docs/stage-protocol.md §3).
package enum RecordCarrier {
  /// Writes a record.
  ///
  /// - Parameter withBodies: whether contents that are in memory go with it; else they are asked for.
  /// - Throws: ``StageError`` for a record that cannot leave the process or is too large for a slot.
  package static func send(
    _ record: any Record, with writer: inout BodyWriter, withBodies: Bool
  ) throws -> WireRecord {
    do {
      return try write(record, &writer, withBodies)
    } catch let error as WireError where error.code == .tooLong {
      throw StageError(
        .record, "record_too_large", subject: "the record does not fit in a slot: \(error.what)",
        hint: "raise 'limits: {record}' of the stage")
    }
  }

  private static func write(
    _ record: any Record, _ writer: inout BodyWriter, _ withBodies: Bool
  ) throws -> WireRecord {
    switch record {
    case let record as ForeignRecord:
      return WireRecord(
        schema: record.schema, identity: record.identity, label: record.privacy,
        payload: try writer.add(record.value.serialised()))
    case let record as any StoredRecord:
      var sent = WireRecord(
        schema: record.schema, identity: record.identity, label: record.privacy,
        payload: try writer.add(try payload(of: record)))
      if !record.contents.isEmpty {
        sent.contents = try record.contents.map { content in
          guard withBodies, let bytes = content.unstoredBytes else { return WireContent(content) }
          return WireContent(content, body: try writer.add(bytes))
        }
      }
      return sent
    case let record as any FrameRecord:
      return WireRecord(
        schema: record.schema, identity: record.identity, label: record.privacy,
        payload: try writer.add(try record.frameHeader()),
        frames: try record.frames.map { try send($0, &writer) })
    default:
      throw StageError(
        .fatal, "record_stays", subject: "\(record.schema) cannot leave its process",
        hint: "run the stage without 'isolation'")
    }
  }

  /// The JSON of a stored record as it passes: of a plugin's own, the object alone.
  package static func payload(of record: any StoredRecord) throws -> [UInt8] {
    func encode(_ record: some StoredRecord) throws -> [UInt8] {
      try CanonicalJSONEncoder().encode(record)
    }
    if let record = record as? ForeignRecord { return record.value.serialised() }
    return try encode(record)
  }

  private static func send(
    _ frame: RecordFrame, _ writer: inout BodyWriter
  ) throws -> WireRecord.Frame {
    func shape(_ width: Int, _ height: Int) -> [Int] {
      frame.channels == 1 ? [height, width] : [height, width / frame.channels, frame.channels]
    }
    switch frame.samples {
    case .bytes(let plane):
      return WireRecord.Frame(
        name: frame.name, type: .u8, shape: shape(plane.width, plane.height),
        body: try plane.withUnsafeSamples { try writer.add(UnsafeRawBufferPointer($0)) })
    case .numbers(let plane):
      return WireRecord.Frame(
        name: frame.name, type: .f32, shape: shape(plane.width, plane.height),
        body: try plane.withUnsafeSamples { try writer.add(UnsafeRawBufferPointer($0)) })
    }
  }

  /// The samples of a frame.
  ///
  /// - Parameters:
  ///   - bytes: where they lie.
  ///   - owner: what keeps them there, for who reads them in place; `nil` to copy them.
  package static func frame(
    _ frame: WireRecord.Frame, at bytes: UnsafeRawBufferPointer,
    in owner: (any AnyObject & Sendable)?
  ) throws -> RecordFrame {
    guard let expected = frame.byteCount, expected == bytes.count, let start = bytes.baseAddress
    else {
      throw WireError(.malformed, "a frame of \(bytes.count) bytes and the shape \(frame.shape)")
    }
    let channels = frame.shape.count == 3 ? frame.shape[2] : 1
    let (height, width) = (frame.shape[0], frame.shape[1] * channels)
    let isAligned = Int(bitPattern: start) % 4 == 0
    func memory() -> PixelMemory {
      if let owner, frame.type == .u8 || isAligned {
        return PixelMemory(
          borrowing: UnsafeMutableRawPointer(mutating: start), byteCount: expected, from: owner)
      }
      let memory = PixelMemory(byteCount: expected)
      memory.baseAddress.copyMemory(from: start, byteCount: expected)
      return memory
    }
    switch frame.type {
    case .u8:
      return RecordFrame(
        frame.name, channels: channels,
        .bytes(Plane(width: width, height: height, memory: memory())))
    case .f32:
      return RecordFrame(
        frame.name, channels: channels,
        .numbers(Plane(width: width, height: height, memory: memory())))
    }
  }
}
