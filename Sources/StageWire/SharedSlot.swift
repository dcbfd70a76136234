import CStageWire

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

// Sendable: address and size never change; what lies there belongs to the host or to the child at
// any time, by the order of `process` and `result` (docs/stage-protocol.md 2.4).
/// Memory that a host and one child share, of a size that neither can change.
public final class SharedSlot: @unchecked Sendable {
  /// The first byte.
  public let baseAddress: UnsafeMutableRawPointer
  /// The size in bytes.
  public let byteCount: Int
  /// The memory as a file, to be sent to the child.
  public let file: OpenFile

  private init(file: OpenFile, byteCount: Int, protection: Int32) throws {
    let address = mmap(nil, byteCount, protection, MAP_SHARED, file.number, 0)
    guard let address, address != MAP_FAILED else {
      throw WireError(.system, "a slot of \(byteCount) bytes cannot be mapped (error \(errno))")
    }
    self.file = file
    self.byteCount = byteCount
    baseAddress = address
  }

  deinit { munmap(baseAddress, byteCount) }

  /// Makes the slot that the host writes: nobody else can map it to write.
  public static func input(byteCount: Int) throws -> SharedSlot {
    let slot = try SharedSlot(
      file: try memory(byteCount), byteCount: byteCount, protection: PROT_READ | PROT_WRITE)
    try slot.seal(againstWriting: true)
    return slot
  }

  /// Makes the slot that the child writes.
  public static func output(byteCount: Int) throws -> SharedSlot {
    let slot = try SharedSlot(
      file: try memory(byteCount), byteCount: byteCount, protection: PROT_READ)
    try slot.seal(againstWriting: false)
    return slot
  }

  /// Makes a file of some bytes, to be sent with a packet.
  public static func file(_ bytes: [UInt8]) throws -> OpenFile {
    let slot = try SharedSlot.input(byteCount: max(bytes.count, 1))
    bytes.withUnsafeBytes { source in
      UnsafeMutableRawBufferPointer(start: slot.baseAddress, count: slot.byteCount)
        .copyMemory(from: source)
    }
    return slot.file
  }

  /// Maps a slot that came over a channel.
  public static func received(_ file: OpenFile, byteCount: Int, writable: Bool) throws
    -> SharedSlot
  {
    guard anagen_wire_size(file.number) == Int64(byteCount) else {
      throw WireError(.malformed, "a slot of another size")
    }
    return try SharedSlot(
      file: file, byteCount: byteCount, protection: writable ? PROT_READ | PROT_WRITE : PROT_READ)
  }

  /// Maps a file that came with a packet.
  public static func received(_ file: OpenFile) throws -> SharedSlot {
    let size = anagen_wire_size(file.number)
    guard size > 0 else { throw WireError(.malformed, "a file of no size") }
    return try SharedSlot(file: file, byteCount: Int(size), protection: PROT_READ)
  }

  /// The part that a body names.
  ///
  /// - Throws: ``WireError`` when it does not lie within.
  public func bytes(of body: WireBody) throws -> UnsafeRawBufferPointer {
    let range = try body.range(within: byteCount)
    return UnsafeRawBufferPointer(start: baseAddress + range.lowerBound, count: range.count)
  }

  private static func memory(_ byteCount: Int) throws -> OpenFile {
    let number = anagen_wire_memory(byteCount)
    guard number >= 0 else {
      throw WireError(.system, "no shared memory of \(byteCount) bytes (error \(-number))")
    }
    return OpenFile(number)
  }

  private func seal(againstWriting: Bool) throws {
    let status = anagen_wire_seal(file.number, againstWriting ? 1 : 0)
    guard status == 0 else {
      throw WireError(.system, "a slot cannot be sealed (error \(-status))")
    }
  }
}

/// Fills a packet's tail, or a slot, with the bodies of one message.
///
/// What is small goes into the tail; the rest into the slot, each body on a boundary of 64 bytes, so
/// that frames can be read in place by vector instructions.
public struct BodyWriter {
  /// The most bytes of one body in the tail: beside a header of the same size there is room left.
  public static let tailLimit = 16_384
  /// The tail so far.
  public private(set) var tail: [UInt8] = []
  /// How much of the slot is filled.
  public private(set) var filled = 0
  private let slot: SharedSlot

  /// Starts with an empty tail and an empty slot.
  public init(slot: SharedSlot) { self.slot = slot }

  /// Adds a body.
  ///
  /// - Throws: ``WireError`` `tooLong` when the slot has no room for it.
  public mutating func add(_ bytes: UnsafeRawBufferPointer) throws -> WireBody {
    if bytes.count <= BodyWriter.tailLimit, tail.count + bytes.count <= 2 * BodyWriter.tailLimit {
      defer { tail += bytes }
      return WireBody(.tail, offset: tail.count, bytes: bytes.count)
    }
    // Written in place by who made it.
    if let start = bytes.baseAddress, start >= slot.baseAddress + filled,
      start + bytes.count <= slot.baseAddress + slot.byteCount
    {
      let offset = start - UnsafeRawPointer(slot.baseAddress)
      filled = (offset + bytes.count + 63) & ~63
      return WireBody(.slot, offset: offset, bytes: bytes.count)
    }
    guard bytes.count <= slot.byteCount - min(filled, slot.byteCount) else {
      throw WireError(
        .tooLong, "a body of \(bytes.count) bytes where \(slot.byteCount - filled) are left")
    }
    let offset = filled
    if let start = bytes.baseAddress {
      (slot.baseAddress + offset).copyMemory(from: start, byteCount: bytes.count)
    }
    filled = (offset + bytes.count + 63) & ~63
    return WireBody(.slot, offset: offset, bytes: bytes.count)
  }

  /// Adds a body.
  public mutating func add(_ bytes: [UInt8]) throws -> WireBody {
    try bytes.withUnsafeBytes { try add($0) }
  }
}
