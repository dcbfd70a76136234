import ClinicalRecords
import Imaging
import StageKit

/// A derived record that holds a frame of pooled memory.
struct Frame: Record {
  static let schema = SchemaID("test.frame", 1, 0)
  let key: Int
  let plane: Plane<UInt8>
  var identity: RecordIdentity { RecordIdentity("frame:\(key)") }
  var privacy: PrivacyLabel { .identified }
  var byteCount: Int { plane.byteCount }
}

/// 4 MB a frame: 2048 by 2048 grey pixels.
private let side = 2048

struct FramePainter: Source {
  static let manifest = StageManifest(
    id: "test.paint", summary: "Makes frames of 4 MB.", resultVersion: "1",
    workingSetBytes: 4 << 20)
  let settings: BoardSettings
  let pool = FramePool(byteLimit: 8 << 20)
  init(settings: BoardSettings, context: StageContext) { self.settings = settings }
  func run(into output: SourceOutput<Frame>) async throws {
    for key in 0..<settings.count {
      let plane = Plane<UInt8>(
        width: side, height: side, repeating: UInt8(truncatingIfNeeded: key), pool: pool)
      try await output.emit(Frame(key: key, plane: plane))
    }
  }
}

struct FrameCopier: Transform {
  static let manifest = StageManifest(
    id: "test.copy", summary: "Copies a frame.", resultVersion: "1", workingSetBytes: 4 << 20)
  let pool = FramePool(byteLimit: 8 << 20)
  init(settings: NoSettings, context: StageContext) {}
  func outputByteCount(for input: Frame) -> Int { input.byteCount }
  func process(_ input: Frame, in delivery: DeliveryContext) async throws -> Frame {
    let plane = Plane<UInt8>(width: side, height: side, pool: pool) { target in
      input.plane.withUnsafeSamples { source in
        _ = target.update(fromContentsOf: source)
      }
    }
    return Frame(key: input.key, plane: plane)
  }
}

struct FrameChecker: Sink {
  static let manifest = StageManifest(
    id: "test.check", summary: "Checks a frame.", resultVersion: "1", workingSetBytes: 0,
    effect: .idempotent)
  init(settings: NoSettings, context: StageContext) {}
  var destination: String { "checker" }
  func accept(_ input: Frame, in delivery: DeliveryContext) async throws {
    guard input.plane[side - 1, side - 1] == UInt8(truncatingIfNeeded: input.key) else {
      throw StageError(.fatal, "bad_frame", subject: "a frame came out wrong", hint: "report it")
    }
  }
}
