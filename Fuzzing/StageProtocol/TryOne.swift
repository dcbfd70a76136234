import ClinicalRecords
import Foundation
import PipelineFiles
import StageKit
import StageWire

/// Reads bytes that a stage's process or a plugin's folder may hold.
///
/// Whatever they are, it ends with a value or an error. The first byte says how they are read.
/// Under the name that libFuzzer's own entry asks the linker for
/// (https://llvm.org/docs/LibFuzzer.html#fuzz-target).
@c(LLVMFuzzerTestOneInput)
public func tryOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = UnsafeRawBufferPointer(start: start, count: count)
  guard let first = bytes.first else { return 0 }
  let rest = Array(bytes.dropFirst())
  do {
    switch first {
    case UInt8(ascii: "p"): try Reading.packet(rest)
    case UInt8(ascii: "r"): try Reading.record(rest)
    case UInt8(ascii: "y"): try Reading.manifest(rest)
    default: break
    }
  } catch {
    // An error is an answer.
  }
  return 0
}

/// What reads bytes from outside.
enum Reading {
  /// A packet as it comes from a child, and what its message names.
  static func packet(_ bytes: [UInt8]) throws {
    let packet = try bytes.withUnsafeBytes { try Packet($0) }
    precondition(packet.bytes == bytes, "a packet reads back as it was written")
    let message = try Message(header: packet.header)
    let messageAgain = try Message(header: message.header)
    precondition(messageAgain == message, "a message reads back as it was written")
    for body in [message.text, message.study, message.body, message.record?.payload] {
      guard let body, body.place == .tail else { continue }
      _ = packet.tail[try body.range(within: packet.tail.count)]
    }
    for frame in message.record?.frames ?? [] {
      let range = try frame.body.range(within: packet.tail.count)
      try packet.tail.withUnsafeBytes {
        _ = try RecordCarrier.frame(frame, at: UnsafeRawBufferPointer(rebasing: $0[range]), in: nil)
      }
    }
    if let finding = message.finding {
      _ = try RecordDecoder().decode(PictureFinding.self, from: finding.serialised())
    }
  }

  /// The payload of what a child made.
  static func record(_ bytes: [UInt8]) throws {
    for type in RecordType.known where type.isStored {
      do { _ = try type.receive?(bytes, [], RecordDecoder()) } catch {}
    }
    do { _ = try UpstreamAccount(serialised: bytes) } catch {}
    do { try compare(HairMeasurement.self, bytes) } catch {}
    do { try compare(CapturedImage.self, bytes) } catch {}
    do { try compare(Released.self, bytes) } catch {}
    let value = try JSONValue(parsing: bytes)
    guard case .object = value, value.depth <= 64 else { return }
    let again = try JSONValue(parsing: value.serialised())
    precondition(again == value, "a value reads back as it was written")
  }

  /// What is decoded from bytes is what Foundation decodes.
  private static func compare<Value: StoredRecord>(
    _ type: Value.Type, _ bytes: [UInt8]
  ) throws {
    let own = try CanonicalJSONEncoder().encode(RecordDecoder().decode(type, from: bytes))
    let peer = try CanonicalJSONEncoder().encode(
      JSONDecoder().decode(type, from: Data(bytes)))
    precondition(own == peer, "both readers see the same")
  }

  /// A `plugin.yaml`.
  static func manifest(_ bytes: [UInt8]) throws {
    struct Folder: InputFiles {
      let bytes: [UInt8]
      func kind(of path: String) -> InputFileKind? { .file }
      func read(_ path: String, limit: Int) throws(InputFileError) -> [UInt8] {
        Array(bytes.prefix(limit))
      }
      func digest(of path: String) throws(InputFileError) -> ContentDigest {
        ContentDigest(bytes: [UInt8](repeating: 0, count: 32))
      }
    }
    _ = try PluginReader(
      surroundings: PlanSurroundings(
        workingDirectory: "/", environment: [:], memoryBytes: 1 << 30, files: Folder(bytes: bytes))
    ).read("/plugin")
  }
}
