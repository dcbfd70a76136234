import FoundationEssentials
import ImageCodecs
import Imaging
import StageKit
import Testing
import VideoDevices

/// Frames damaged in every way, against the glance at each frame and the proof of each that is kept.
///
/// `ANAGEN_DAMAGED_FRAMES` sets how many of each kind; 100 when it is not set.
@Suite("damaged frames", .timeLimit(.minutes(30))) struct DamageCampaignTests {
  private static let count =
    ProcessInfo.processInfo.environment["ANAGEN_DAMAGED_FRAMES"].flatMap { Int($0) } ?? 100
  private static let format = FrameFormat(
    layout: .mjpeg, width: DamagedFrames.width, height: DamagedFrames.height, framesPerSecond: 30)
  private static let plain = Result { try (1...6).map { try DamagedFrames.plain(seed: $0) } }
  private static let restarting = Result {
    try (1...6).map { try DamagedFrames.restarting(seed: $0) }
  }

  /// Whether a frame would be kept: what the glance lets pass is decoded to its end.
  private func isKept(_ frame: [UInt8]) -> Bool {
    guard frame.withUnsafeBytes({ FrameDamage.find(in: $0, of: Self.format) }) == nil else {
      return false
    }
    do {
      _ = try ImageDecoder().decode(frame)
      return true
    } catch {
      return false
    }
  }

  @Test func `that are whole are all kept, with what cameras put in and behind them`() throws {
    let frames = try Self.plain.get() + Self.restarting.get()
    let comment: [UInt8] = [0xFF, 0xFE, 0, 6, 1, 2, 3, 4]
    for frame in frames {
      let commented: [UInt8] = Array(frame.prefix(2)) + comment + Array(frame.dropFirst(2))
      let filled: [UInt8] = [0xFF, 0xD8, 0xFF] + Array(frame.dropFirst(2))
      let padded: [UInt8] = frame + [UInt8](repeating: 0, count: 5000)
      for kept in [frame, commented, filled, padded] {
        #expect(isKept(kept))
      }
    }
    // Decoding is what decides: the lines that were put together are the picture.
    let whole = try ImageDecoder().decode(frames[0])
    let lines = try ImageDecoder().decode(frames[6])
    #expect((whole.width, whole.height) == (lines.width, lines.height))
  }

  @Test(arguments: FrameFault.allCases.filter { !$0.mayLeaveAPicture })
  func `are all refused`(fault: FrameFault) throws {
    let (made, kept) = try play(fault)
    #expect(made == Self.count && kept == 0)
  }

  // A JPEG has no checksum: bits that are values and not lengths can be others, and two frames of one
  // camera may meet at the same block. A bus finds the first (CRC of each USB packet), and the kernel
  // the second (its frame bit): what comes here so is the camera's own doing.
  @Test(arguments: [(FrameFault.bitsFlipped, 0.1), (.spliced, 0.8)])
  func `that are valid pictures are kept, and only those`(fault: FrameFault, least: Double) throws {
    let (made, kept) = try play(fault)
    #expect(Double(made - kept) >= least * Double(made))
  }

  private func play(_ fault: FrameFault) throws -> (made: Int, kept: Int) {
    let (plain, restarting) = (try Self.plain.get(), try Self.restarting.get())
    var random = SeededGenerator(seed: 42)
    var (made, kept) = (0, 0)
    while made < Self.count {
      let frames = fault.needsRestarts || made.isMultiple(of: 2) ? restarting : plain
      let index = made % frames.count
      guard
        let damaged = fault.damaged(
          frames[index], other: frames[(index + 1) % frames.count], &random)
      else { continue }
      made += 1
      if isKept(damaged) { kept += 1 }
    }
    print("damaged frames: \(fault): \(made - kept) of \(made) refused")
    return (made, kept)
  }
}
