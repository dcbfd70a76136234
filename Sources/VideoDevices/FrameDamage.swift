/// What is wrong with a frame, as far as it can be told without decoding it.
public enum FrameDamage: String, Sendable, CaseIterable, Codable {
  /// The kernel marked it: the device said so, or payloads were lost.
  case flagged
  /// It has another number of bytes than its layout and size need.
  case wrongLength = "wrong_length"
  /// Too few bytes to be a picture.
  case tooShort = "too_short"
  /// It does not begin as a JPEG.
  case noStart = "no_start"
  /// A JPEG's header breaks off or contradicts itself.
  case badHeader = "bad_header"
  /// A JPEG of another size than was negotiated.
  case wrongSize = "wrong_size"
  /// A JPEG that does not end.
  case noEnd = "no_end"

  /// Looks at a frame's bytes: a few hundred of them, whatever its size.
  ///
  /// Bytes that were changed inside a JPEG pass here; only decoding finds them. Whoever keeps a
  /// frame decodes it whole first.
  ///
  /// - Returns: what is wrong; `nil` when nothing is seen.
  public static func find(in bytes: UnsafeRawBufferPointer, of format: FrameFormat) -> FrameDamage?
  {
    if let whole = format.layout.byteCount(width: format.width, height: format.height) {
      return bytes.count == whole ? nil : .wrongLength
    }
    return findInJPEG(bytes, width: format.width, height: format.height)
  }

  // The least JPEG of one grey block with its tables has some 140 bytes; 128 is below any.
  private static let leastJPEG = 128

  private static func findInJPEG(
    _ bytes: UnsafeRawBufferPointer, width: Int, height: Int
  ) -> FrameDamage? {
    guard bytes.count >= leastJPEG else { return .tooShort }
    guard bytes[0] == 0xFF, bytes[1] == 0xD8 else { return .noStart }
    var position = 2
    var sizeIsRight = false
    // Segments up to the start of scan (ITU-T T.81, B.1.1): marker, then a length that counts itself.
    while true {
      guard position + 4 <= bytes.count, bytes[position] == 0xFF else { return .badHeader }
      let marker = bytes[position + 1]
      if marker == 0xFF {
        position += 1
        continue
      }
      let length = Int(bytes[position + 2]) << 8 | Int(bytes[position + 3])
      guard length >= 2, position + 2 + length <= bytes.count else { return .badHeader }
      if isFrameHeader(marker) {
        guard length >= 8 else { return .badHeader }
        let rows = Int(bytes[position + 5]) << 8 | Int(bytes[position + 6])
        let columns = Int(bytes[position + 7]) << 8 | Int(bytes[position + 8])
        guard rows == height, columns == width else { return .wrongSize }
        sizeIsRight = true
      }
      position += 2 + length
      if marker == 0xDA { break }
    }
    guard sizeIsRight else { return .badHeader }
    return ends(bytes, after: position) ? nil : .noEnd
  }

  private static func isFrameHeader(_ marker: UInt8) -> Bool {
    (0xC0...0xCF).contains(marker) && marker != 0xC4 && marker != 0xC8 && marker != 0xCC
  }

  /// Whether the end marker is the last thing; cameras that send whole blocks put zeros behind it.
  private static func ends(_ bytes: UnsafeRawBufferPointer, after start: Int) -> Bool {
    var end = bytes.count
    while end > start, bytes[end - 1] == 0 { end -= 1 }
    return end >= start + 2 && bytes[end - 2] == 0xFF && bytes[end - 1] == 0xD9
  }
}
