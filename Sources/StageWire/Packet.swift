/// One packet of the stage protocol (docs/stage-protocol.md §1): a prefix, a header, a tail.
public struct Packet: Sendable, Equatable {
  /// The most bytes of a packet.
  public static let maximumBytes = 65_536
  /// The bytes of the prefix.
  public static let prefixBytes = 32
  /// The most bytes that header and tail have together.
  public static let room = maximumBytes - prefixBytes

  /// The sender's number of this packet, from 1.
  public let number: UInt64
  /// The number of the packet that this one answers; 0 for none.
  public let answers: UInt64
  /// The message, as JSON.
  public let header: [UInt8]
  /// Bytes that the message refers to.
  public let tail: [UInt8]

  /// Makes a packet.
  ///
  /// - Throws: ``WireError`` when header and tail are too long together.
  public init(number: UInt64, answers: UInt64, header: [UInt8], tail: [UInt8] = []) throws {
    guard header.count + tail.count <= Packet.room else {
      throw WireError(.tooLong, "a packet of \(header.count + tail.count) bytes")
    }
    self.number = number
    self.answers = answers
    self.header = header
    self.tail = tail
  }

  /// Reads a packet.
  ///
  /// - Throws: ``WireError`` for bytes that break 1.2 to 1.4 of the protocol.
  public init(_ bytes: UnsafeRawBufferPointer) throws {
    guard bytes.count >= Packet.prefixBytes, bytes.count <= Packet.maximumBytes else {
      throw WireError(.malformed, "a packet of \(bytes.count) bytes")
    }
    guard bytes.prefix(4).elementsEqual(Packet.mark) else {
      throw WireError(.malformed, "a packet without the mark 'AnSt'")
    }
    func number<Value: FixedWidthInteger>(at offset: Int, _ type: Value.Type) -> Value {
      Value(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: type))
    }
    guard number(at: 4, UInt16.self) == 1, number(at: 6, UInt16.self) == 0 else {
      throw WireError(.malformed, "a prefix of version \(number(at: 4, UInt16.self))")
    }
    let headerBytes = Int(number(at: 8, UInt32.self))
    let tailBytes = Int(number(at: 12, UInt32.self))
    guard headerBytes + tailBytes == bytes.count - Packet.prefixBytes else {
      throw WireError(
        .malformed, "a packet of \(bytes.count) bytes that says \(headerBytes) + \(tailBytes)")
    }
    self.number = number(at: 16, UInt64.self)
    answers = number(at: 24, UInt64.self)
    let start = Packet.prefixBytes + headerBytes
    header = [UInt8](bytes[Packet.prefixBytes..<start])
    tail = [UInt8](bytes[start...])
  }

  /// The packet's bytes.
  public var bytes: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Packet.prefixBytes + header.count + tail.count)
    func append(_ value: some FixedWidthInteger) {
      withUnsafeBytes(of: value.littleEndian) { bytes += $0 }
    }
    bytes += Packet.mark
    append(UInt16(1))
    append(UInt16(0))
    append(UInt32(header.count))
    append(UInt32(tail.count))
    append(number)
    append(answers)
    bytes += header
    bytes += tail
    return bytes
  }

  private static let mark = Array("AnSt".utf8)
}

/// What goes wrong between a host and a child.
public struct WireError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What kind of failure.
  public enum Code: String, Sendable {
    /// Bytes that are no packet, or a packet that is no message.
    case malformed
    /// More than fits.
    case tooLong = "too_long"
    /// The other end is closed.
    case closed
    /// The other end takes nothing.
    case full
    /// The system refused; the text says what.
    case system
  }

  /// What kind of failure.
  public let code: Code
  /// What was seen; never a value of a record.
  public let what: String

  /// Makes an error.
  public init(_ code: Code, _ what: String) {
    self.code = code
    self.what = what
  }

  /// What was seen.
  public var description: String { what }
}
