import ImageCodecs
import Imaging
import StageKit

/// JPEG frames as cameras make them, and what can happen to them on the way.
enum DamagedFrames {
  static let width = 320
  static let height = 240

  /// Strokes on grained skin, as the hardware's simulator shows them.
  static func picture(
    seed: UInt64, width: Int = DamagedFrames.width, height: Int = DamagedFrames.height
  ) -> InterleavedImage<UInt8> {
    var grain = SeededGenerator(seed: seed)
    let lean = 3 + Int(seed % 5)
    return InterleavedImage<UInt8>(width: width, height: height, channels: 3) { target in
      for row in 0..<height {
        for column in 0..<width {
          let distance = Double(abs((column + row / lean) % 40 - 20))
          let shade = max(0, min(1, (distance - 2.5) / 2 + 0.5))
          let noise = Double(grain.next() % 9)
          for channel in 0..<3 {
            target[(row * width + column) * 3 + channel] = UInt8(
              50 + noise + (140 - 20 * Double(channel)) * shade)
          }
        }
      }
    }
  }

  /// A frame as most cameras send it: 4:2:2, one scan.
  static func plain(seed: UInt64) throws -> [UInt8] {
    try encoder.encode(picture(seed: seed))
  }

  private static let encoder = JPEGEncoder(quality: 90, subsampling: .horizontal)
  /// The rows of one line of blocks.
  private static let lineRows = 8

  /// The same with a restart marker after each line of blocks, as many cameras have them: lines that
  /// were encoded each for itself, put together under one header (ITU-T T.81, B.2.1 and E.1.4).
  static func restarting(seed: UInt64) throws -> [UInt8] {
    let whole = picture(seed: seed)
    let rowBytes = width * 3
    var frame: [UInt8] = []
    for line in 0..<(height / lineRows) {
      let strip = InterleavedImage<UInt8>(width: width, height: lineRows, channels: 3) { target in
        whole.samples.withUnsafeSamples { samples in
          for index in 0..<(lineRows * rowBytes) {
            target[index] = samples[line * lineRows * rowBytes + index]
          }
        }
      }
      let encoded = try encoder.encode(strip)
      let scan = scanStart(of: encoded)
      if frame.isEmpty {
        frame = claiming(height: height, Array(encoded[..<scan]))
        let blocks = width / 16
        let restart: [UInt8] = [0xFF, 0xDD, 0, 4, UInt8(blocks >> 8), UInt8(blocks & 255)]
        frame.insert(contentsOf: restart, at: 2)
      } else {
        frame += [0xFF, 0xD0 + UInt8((line - 1) % 8)]
      }
      frame += encoded[scan..<(encoded.count - 2)]
    }
    return frame + [0xFF, 0xD9]
  }

  /// Where the entropy-coded data begin.
  static func scanStart(of frame: [UInt8]) -> Int {
    var position = 2
    while frame[position + 1] != 0xDA { position += 2 + length(at: position, of: frame) }
    return position + 2 + length(at: position, of: frame)
  }

  static func length(at position: Int, of frame: [UInt8]) -> Int {
    let (high, low) = (Int(frame[position + 2]), Int(frame[position + 3]))
    return high << 8 + low
  }

  private static func claiming(height: Int, _ header: [UInt8]) -> [UInt8] {
    var header = header
    var position = 2
    while header[position + 1] != 0xC0 { position += 2 + length(at: position, of: header) }
    header[position + 5] = UInt8(height >> 8)
    header[position + 6] = UInt8(height & 255)
    return header
  }

  /// Places of restart markers.
  static func restarts(in frame: [UInt8]) -> [Int] {
    (scanStart(of: frame)..<(frame.count - 1)).filter {
      frame[$0] == 0xFF && (0xD0...0xD7).contains(frame[$0 + 1])
    }
  }
}

/// One way in which a frame is damaged.
enum FrameFault: String, CaseIterable, Sendable {
  case cutOff, endMissing, endMissingAndPadded, spliced, packetLost, packetZeroed, packetTwice
  case markerInScan, startWrong, otherSize, headerCut
  case restartLost, restartTwice, restartsSwapped, restartNumberWrong, lineLost
  case bitsFlipped

  /// What a bus, a driver or a camera moves at once: isochronous packets of 512 to 3072 bytes, bulk
  /// transfers of 16 KiB are lost whole.
  private static let packets = [512, 944, 1024, 2048, 3060]

  /// Damages a frame; `other` is a frame that came before it.
  ///
  /// - Returns: `nil` where chance changed nothing.
  func damaged(
    _ frame: [UInt8], other: [UInt8], _ random: inout SeededGenerator
  ) -> [UInt8]? {
    let scan = DamagedFrames.scanStart(of: frame)
    let end = frame.count - 2
    let place = Int.random(in: scan..<end, using: &random)
    let packet = min(
      FrameFault.packets.randomElement(using: &random) ?? 512, max(1, end - place))
    var damaged = frame
    switch self {
    case .cutOff: damaged = Array(frame[..<Int.random(in: 0..<end, using: &random)])
    case .endMissing: damaged.removeLast(2)
    case .endMissingAndPadded:
      damaged.removeLast(2)
      damaged += [UInt8](repeating: 0, count: Int.random(in: 1...2000, using: &random))
    case .spliced:
      let cut = min(place, other.count - 2)
      damaged = Array(other.prefix(cut)) + Array(frame.dropFirst(place))
    case .packetLost: damaged.removeSubrange(place..<(place + packet))
    case .packetZeroed:
      for index in place..<(place + packet) { damaged[index] = 0 }
    case .packetTwice: damaged.insert(contentsOf: frame[place..<(place + packet)], at: place)
    case .markerInScan:
      damaged[place] = 0xFF
      damaged[place + 1] = UInt8.random(in: 1...0xFE, using: &random)
    case .startWrong: damaged[Int.random(in: 0...1, using: &random)] ^= 1 << UInt8(place % 8)
    case .otherSize:
      var position = 2
      while damaged[position + 1] != 0xC0 {
        position += 2 + DamagedFrames.length(at: position, of: damaged)
      }
      damaged[position + Int.random(in: 5...8, using: &random)] ^= 1 << UInt8(place % 8)
    case .headerCut:
      // Behind what says nothing of the picture: without that it is another file, and whole.
      let from = Int.random(in: 26..<scan, using: &random)
      damaged.removeSubrange(from..<min(scan, from + 1 + place % 64))
    case .bitsFlipped:
      for _ in 0...(place % 4) {
        damaged[Int.random(in: scan..<end, using: &random)] ^=
          1 << UInt8.random(in: 0...7, using: &random)
      }
    case .restartLost, .restartTwice, .restartsSwapped, .restartNumberWrong, .lineLost:
      damaged = restartDamage(frame, &random)
    }
    return damaged == frame ? nil : damaged
  }

  /// Whether chance may leave a valid picture, which nothing tells from a whole one.
  var mayLeaveAPicture: Bool { self == .bitsFlipped || self == .spliced }

  /// Whether it is damage to restart markers, of which a frame must have some.
  var needsRestarts: Bool {
    [.restartLost, .restartTwice, .restartsSwapped, .restartNumberWrong, .lineLost].contains(self)
  }

  private func restartDamage(_ frame: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
    var damaged = frame
    let restarts = DamagedFrames.restarts(in: frame)
    let index = Int.random(in: 0..<(restarts.count - 1), using: &random)
    let place = restarts[index]
    switch self {
    case .restartLost: damaged.removeSubrange(place..<(place + 2))
    case .restartTwice: damaged.insert(contentsOf: frame[place..<(place + 2)], at: place)
    case .restartsSwapped: damaged.swapAt(place + 1, restarts[index + 1] + 1)
    case .restartNumberWrong:
      damaged[place + 1] = 0xD0 + (frame[place + 1] + UInt8.random(in: 1...7, using: &random)) % 8
    default: damaged.removeSubrange(place..<restarts[index + 1])
    }
    return damaged
  }
}
