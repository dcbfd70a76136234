import ClinicalRecords
import Foundation
import Imaging
import StageHost
import StageKit
import StageTesting
import StageWire

/// A picture of 1280 x 960 pixels in three interleaved channels of bytes.
struct BenchmarkFrame: FrameRecord {
  static let schema = SchemaID("benchmark.frame", 1, 0)
  static let (width, height, channels) = (1280, 960, 3)
  let plane: Plane<UInt8>
  var identity: RecordIdentity { RecordIdentity("frame:1") }
  var privacy: PrivacyLabel { .identified }
  var byteCount: Int { plane.width * plane.height }

  init(_ plane: Plane<UInt8>) { self.plane = plane }
  init(frameHeader: [UInt8], frames: [RecordFrame], decoder: RecordDecoder) throws {
    guard case .bytes(let plane)? = frames.first?.samples else {
      throw CopyJob.Failure(what: "a frame without samples")
    }
    self.plane = plane
  }
  func frameHeader() throws -> [UInt8] { Array("{}".utf8) }
  var frames: [RecordFrame] { [RecordFrame("rgb", channels: Self.channels, .bytes(plane))] }
}

/// Reads a byte of every cache line of a frame: the least that a stage does with one.
struct BenchmarkTouch: Transform {
  static let manifest = StageManifest(
    id: "benchmark.touch", summary: "Touches frames.", resultVersion: "1", workingSetBytes: 0)
  init(settings: NoSettings, context: StageContext) {}
  func process(_ input: BenchmarkFrame, in delivery: DeliveryContext) async throws
    -> BenchmarkNumber
  {
    BenchmarkNumber(
      key: 1, value: input.plane.withUnsafeSamples { Self.sum(UnsafeRawBufferPointer($0)) })
  }
  func outputByteCount(for input: BenchmarkFrame) -> Int { 64 }

  static func sum(_ bytes: UnsafeRawBufferPointer) -> Int {
    var sum = 0
    for index in stride(from: 0, to: bytes.count, by: 64) { sum &+= Int(bytes[index]) }
    return sum
  }
}

/// What it costs to have a frame looked at by another process: through a pipe, through the stage
/// protocol with a copy into shared memory, and with a frame that was made there; in turns.
struct FramesBenchmark {
  private enum Way: String, CaseIterable {
    case read = "each line read, no process"
    case memory = "a copy in memory, no process"
    case pipe = "pipe"
    case copied = "stage protocol, copied once"
    case inPlace = "stage protocol, made in place"
  }
  private let frames: Int
  private let scratch: Scratch

  init(_ options: Options) throws {
    frames = options.number("frames", 1000)
    scratch = try options.scratch()
  }

  /// The other end of each way; the program is its own child.
  static func serve(_ arguments: [String]) async throws {
    switch arguments.first {
    case "stage":
      await StageServer.serve(
        PluginDescription(name: "benchmark", version: "1"), [StageEntry(BenchmarkTouch.self)])
    case "pipe": try servePipe()
    default: RunnerBenchmark.usage()
    }
  }

  private static func servePipe() throws {
    let size = BenchmarkFrame.width * BenchmarkFrame.height * BenchmarkFrame.channels
    let room = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 64)
    while true {
      var filled = 0
      while filled < size {
        let count = read(0, room + filled, size - filled)
        if count <= 0 { return }
        filled += count
      }
      var sum = Int64(BenchmarkTouch.sum(UnsafeRawBufferPointer(start: room, count: size)))
      guard write(1, &sum, 8) == 8 else { return }
    }
  }

  func run() async throws {
    let host = TestHost()
    let context = host.context(folder: scratch.path)
    let program = CommandLine.arguments[0]
    let path =
      program.hasPrefix("/") ? program : "\(FileManager.default.currentDirectoryPath)/\(program)"
    let stage = try await ProcessStage(
      StageEntry(BenchmarkTouch.self), settings: .object([]), context: context,
      options: ProcessStage.Options(
        program: StageProgram(
          command: [path, "serve", "stage"],
          folder: URL(filePath: path).deletingLastPathComponent().path, manifestSHA256: nil),
        launcher: path, confinement: Confinement(memoryBytes: 256 << 20), slotBytes: 16 << 20))
    guard case .transform(_, let process) = stage.running, let slot = stage.inputSlot else {
      throw CopyJob.Failure(what: "the stage did not open")
    }
    let pipe = try PipedChild(path)
    let delivery = host.delivery(context)
    let size = (BenchmarkFrame.width * BenchmarkFrame.channels, BenchmarkFrame.height)
    let apart = PixelMemory(byteCount: size.0 * size.1)
    let copy = PixelMemory(byteCount: size.0 * size.1)
    let shared = PixelMemory(borrowing: slot.baseAddress, byteCount: size.0 * size.1, from: slot)
    var times: [Way: [Double]] = [:]
    for number in 0..<frames {
      for way in Way.allCases {
        let memory = way == .inPlace ? shared : apart
        // The picture itself: whoever makes it writes it, wherever it lies.
        memset(memory.baseAddress, Int32(number % 251), size.0 * size.1)
        let frame = BenchmarkFrame(Plane(width: size.0, height: size.1, memory: memory))
        let start = ContinuousClock.now
        switch way {
        case .read:
          let sum = BenchmarkTouch.sum(
            UnsafeRawBufferPointer(start: memory.baseAddress, count: size.0 * size.1))
          guard sum == size.0 * size.1 / 64 * (number % 251) else {
            throw CopyJob.Failure(what: "the frame is another one")
          }
        case .memory:
          memcpy(copy.baseAddress, memory.baseAddress, size.0 * size.1)
        case .pipe: try pipe.pass(memory.baseAddress, size.0 * size.1)
        case .copied, .inPlace:
          let made = try await process(frame, delivery) as? BenchmarkNumber
          guard made?.value == size.0 * size.1 / 64 * (number % 251) else {
            throw CopyJob.Failure(what: "the stage saw another frame")
          }
        }
        times[way, default: []].append((ContinuousClock.now - start).seconds * 1e6)
      }
    }
    await stage.close()
    show(times)
  }

  private func show(_ times: [Way: [Double]]) {
    say(
      "a frame of \(BenchmarkFrame.width) x \(BenchmarkFrame.height) in 3 channels to a process that "
        + "reads each cache line, and its answer; \(frames) each way, in turns")
    let peer = times[.pipe, default: []].sorted()
    for way in Way.allCases {
      let sorted = times[way, default: []].sorted()
      guard !sorted.isEmpty, !peer.isEmpty else { continue }
      let median = sorted[sorted.count / 2]
      say(
        "\(way.rawValue.padding(toLength: 30, withPad: " ", startingAt: 0)) p50 \(median.text(0)) us, "
          + "p99 \(sorted[sorted.count * 99 / 100].text(0)) us, least \(sorted[0].text(0)) us, "
          + "\((median / peer[peer.count / 2]).text(2)) x the pipe")
    }
  }
}

/// A child that reads frames from a pipe and answers each with eight bytes.
private final class PipedChild {
  private let child = Process()
  private let frames = Pipe()
  private let answers = Pipe()

  init(_ path: String) throws {
    child.executableURL = URL(filePath: path)
    child.arguments = ["serve", "pipe"]
    child.standardInput = frames
    child.standardOutput = answers
    try child.run()
    // As much as a user may have (pipe(7)): fewer turns of reader and writer.
    _ = fcntl(frames.fileHandleForWriting.fileDescriptor, 1031 /* F_SETPIPE_SZ */, 1 << 20)
  }

  deinit { child.terminate() }

  func pass(_ bytes: UnsafeMutableRawPointer, _ count: Int) throws {
    var sent = 0
    while sent < count {
      let written = write(frames.fileHandleForWriting.fileDescriptor, bytes + sent, count - sent)
      guard written > 0 else { throw CopyJob.Failure(what: "the pipe takes nothing") }
      sent += written
    }
    var answer = Int64(0)
    guard read(answers.fileHandleForReading.fileDescriptor, &answer, 8) == 8 else {
      throw CopyJob.Failure(what: "the pipe gives nothing")
    }
  }
}
