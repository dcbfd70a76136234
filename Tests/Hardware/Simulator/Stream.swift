import Glibc

/// The picture stream: what was negotiated, the frame that is being sent, and its damage.
///
/// Every MJPEG frame carries a comment `simulator NUMBER NANOSECONDS` behind its start marker, every
/// YUYV frame both numbers in its first 16 bytes: number and time of sending (CLOCK_MONOTONIC), so
/// that order, loss and latency are proven from the picture.
struct Stream {
  private let isBulk: Bool
  private let sendsClock: Bool
  private let framesPerSecond: Double
  private let pictures: [[UInt8]]
  private var testPicture = TestPicture()

  private var probed = [UInt8](repeating: 0, count: 34)
  private var committed = [UInt8](repeating: 0, count: 34)
  /// Damage still to be done, by its command.
  var pending: [String: Int] = [:]
  /// What was sent and damaged so far.
  private(set) var counts: [String: Int] = [:]
  private(set) var isOn = false
  var frozenUntil = 0.0

  private var frameNumber = 0
  private(set) var nextFrameAt = 0.0
  private var current: [UInt8] = []
  private var position = 0
  private var frameIdentifier: UInt8 = 0
  private var isMarkedBad = false
  private var frameTime = 0

  init(_ options: Options) {
    isBulk = options.transfer == .bulk
    sendsClock = options.sendsClock
    framesPerSecond = options.framesPerSecond
    pictures = options.frames.map(Stream.pictures(in:)) ?? []
  }

  /// Whether nothing of a frame waits to be sent.
  var isBetweenFrames: Bool { current.isEmpty }

  mutating func set(on: Bool) {
    guard on != isOn else { return }
    isOn = on
    current = []
    position = 0
    nextFrameAt = now()
  }

  mutating func count(_ what: String) { counts[what, default: 0] += 1 }

  /// Whether one of the damages of a kind is due now.
  mutating func take(_ what: String) -> Bool {
    guard let left = pending[what], left > 0 else { return false }
    pending[what] = left - 1
    count(what)
    return true
  }

  // MARK: Probe and commit

  /// Answers a request to the streaming interface; `nil` stalls.
  mutating func answer(_ request: UInt8, _ selector: Int, _ data: [UInt8]) -> [UInt8]? {
    switch (request, selector) {
    case (0x01, 1):
      probed = negotiate(data)
      return []
    case (0x01, 2):
      committed = negotiate(data)
      if isBulk { set(on: true) }
      return []
    case (0x81, 1), (0x82, 1), (0x83, 1), (0x87, 1):
      return probed[2] == 0 ? negotiate(probed) : probed
    case (0x81, 2): return committed
    case (0x85, 1), (0x85, 2): return [34]
    case (0x86, 1), (0x86, 2): return [3]
    default: return nil
    }
  }

  private func negotiate(_ asked: [UInt8]) -> [UInt8] {
    var given = Array((asked + [UInt8](repeating: 0, count: 34)).prefix(34))
    given[2] = given[2] == 2 ? 2 : 1
    let sizes = given[2] == 2 ? Descriptors.plainSizes : Descriptors.compressedSizes
    given[3] = UInt8(max(1, min(Int(given[3]), sizes.count)))
    let size = sizes[Int(given[3]) - 1]
    let wanted = number(given[4..<8])
    let interval = Descriptors.intervals.first { $0 >= wanted } ?? Descriptors.intervals[0]
    given.replaceSubrange(4..<8, with: littleEndian(interval, 4))
    given.replaceSubrange(18..<22, with: littleEndian(size.width * size.height * 2, 4))
    let payload = isBulk ? Descriptors.bulkPayload : Descriptors.isochronousPacket
    given.replaceSubrange(22..<26, with: littleEndian(payload, 4))
    given.replaceSubrange(26..<30, with: littleEndian(1_000_000, 4))
    given[30] = 1
    given[32] = 1
    given[33] = 1
    return given
  }

  private var chosen: (isCompressed: Bool, size: Descriptors.Size) {
    let isCompressed = committed[2] != 2
    let sizes = isCompressed ? Descriptors.compressedSizes : Descriptors.plainSizes
    return (isCompressed, sizes[max(0, min(Int(committed[3]) - 1, sizes.count - 1))])
  }

  // MARK: Payloads

  /// Appends one payload, its header and as much picture as fits; returns its length.
  mutating func appendPayload(limit: Int, at time: Double, to out: inout [UInt8]) -> Int {
    if current.isEmpty {
      guard time >= nextFrameAt, time >= frozenUntil else { return 0 }
      beginFrame(at: time)
      if current.isEmpty { return 0 }
    }
    let head = sendsClock ? 12 : 2
    let count = min(limit - head, current.count - position)
    let isLast = position + count == current.count
    let flags =
      0x80 | frameIdentifier | (isLast ? 2 : 0) | (isMarkedBad ? 0x40 : 0)
      | (sendsClock ? 0x0c : 0)
    out += [UInt8(head), flags]
    if sendsClock {
      out += littleEndian(frameTime, 4) + littleEndian(Int(time * 1e6) & 0xffff_ffff, 4)
      out += littleEndian(Int(time * 1000) & 0x7ff, 2)
    }
    out += current[position..<position + count]
    position += count
    if isLast { current.removeAll(keepingCapacity: true) }
    return head + count
  }

  private mutating func beginFrame(at time: Double) {
    let interval = max(Double(number(committed[4..<8])) * 1e-7, 1 / framesPerSecond)
    nextFrameAt = max(nextFrameAt + interval, time - 0.2)
    frameNumber += 1
    if take("drop") { return }
    let (isCompressed, size) = chosen
    if isCompressed { loadCompressed(size, time) } else { loadPlain(size, time) }
    if take("cut") { current.removeLast(current.count / 2) }
    isMarkedBad = take("error")
    position = 0
    frameIdentifier ^= 1
    frameTime = Int(time * 1e6) & 0xffff_ffff
    count("frames")
  }

  private mutating func loadCompressed(_ size: Descriptors.Size, _ time: Double) {
    let picture =
      pictures.isEmpty
      ? testPicture.jpeg(size, number: frameNumber) : pictures[frameNumber % pictures.count]
    let text = Array("simulator \(frameNumber) \(Int(time * 1e9))".utf8)
    current = picture[0..<2] + [0xff, 0xfe, 0, UInt8(text.count + 2)] + text + picture[2...]
    if take("corrupt") {
      for index in stride(from: current.count / 2, to: current.count - 8, by: 97) {
        current[index] ^= 0x5a
      }
    }
    if take("endless") { current.removeLast(min(2000, current.count / 4)) }
  }

  private mutating func loadPlain(_ size: Descriptors.Size, _ time: Double) {
    current = [UInt8](repeating: 0x80, count: size.width * size.height * 2)
    let row = frameNumber * 4 % size.height * size.width * 2
    for index in stride(from: row, to: row + size.width * 2, by: 2) { current[index] = 235 }
    current.replaceSubrange(
      0..<16, with: littleEndian(frameNumber, 8) + littleEndian(Int(time * 1e9), 8))
  }

  private static func pictures(in folder: String) -> [[UInt8]] {
    guard let open = opendir(folder) else { Simulator.stop("\(folder) cannot be opened") }
    defer { closedir(open) }
    var names: [String] = []
    while let entry = readdir(open) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name.hasSuffix(".jpg") { names.append(name) }
    }
    guard !names.isEmpty else { Simulator.stop("\(folder) has no .jpg") }
    return names.sorted().map { contents(of: "\(folder)/\($0)") }
  }

  private static func contents(of path: String) -> [UInt8] {
    guard let file = fopen(path, "r") else { Simulator.stop("\(path) cannot be opened") }
    defer { fclose(file) }
    fseek(file, 0, SEEK_END)
    var bytes = [UInt8](repeating: 0, count: ftell(file))
    rewind(file)
    guard fread(&bytes, 1, bytes.count, file) == bytes.count else {
      Simulator.stop("\(path) cannot be read")
    }
    return bytes
  }
}
