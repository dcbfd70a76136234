/// One directory of a TIFF structure: the fields of a page, or of the EXIF block in a JPEG or PNG.
///
/// Reading it never allocates more than the file holds: at most 65,535 fields of 12 bytes each,
/// and every value is bounded by the file's end.
struct TIFFDirectory: Sendable {
  /// One field: a tag, and where its values lie.
  struct Field: Sendable {
    let tag: Int
    let type: Int
    let count: Int
    /// Where the values start in the structure, in the field itself or elsewhere.
    let valueOffset: Int
    let byteCount: Int
  }

  let order: ByteOrder
  let fields: [Field]
  /// Where the next directory lies; 0 when there is none.
  let nextOffset: Int
  private let bytes: [UInt8]

  /// The byte order and the first directory's offset, or `nil` when no header of classic TIFF
  /// stands at the start.
  static func header(of bytes: [UInt8]) -> (order: ByteOrder, offset: Int)? {
    let order: ByteOrder
    if bytes.holds([0x49, 0x49, 42, 0], at: 0) {
      order = .little
    } else if bytes.holds([0x4D, 0x4D, 0, 42], at: 0) {
      order = .big
    } else {
      return nil
    }
    return bytes.number32(at: 4, order).map { (order, $0) }
  }

  /// Reads the directory at `offset`; `nil` when it or a value it points to lies outside.
  init?(in bytes: [UInt8], at offset: Int, order: ByteOrder) {
    guard offset >= 8, let count = bytes.number16(at: offset, order), count > 0 else { return nil }
    var fields: [Field] = []
    for index in 0..<count {
      let start = offset + 2 + 12 * index
      guard let tag = bytes.number16(at: start, order),
        let type = bytes.number16(at: start + 2, order),
        let values = bytes.number32(at: start + 4, order),
        let pointer = bytes.number32(at: start + 8, order)
      else { return nil }
      let size = TIFFDirectory.size(ofType: type)
      guard size == 0 || values <= bytes.count / size else { return nil }
      let byteCount = size * values
      let valueOffset = byteCount <= 4 ? start + 8 : pointer
      guard valueOffset <= bytes.count - byteCount else { return nil }
      fields.append(
        Field(
          tag: tag, type: type, count: values, valueOffset: valueOffset, byteCount: byteCount))
    }
    guard let next = bytes.number32(at: offset + 2 + 12 * count, order) else { return nil }
    self.order = order
    self.fields = fields
    self.bytes = bytes
    nextOffset = next
  }

  subscript(tag: Int) -> Field? { fields.first { $0.tag == tag } }

  /// The values of a field of bytes, shorts or longs; `nil` when it is absent or of another type.
  func numbers(_ tag: Int) -> [Int]? {
    guard let field = self[tag], field.count > 0 else { return nil }
    switch field.type {
    case 1: return (0..<field.count).map { Int(bytes[field.valueOffset + $0]) }
    case 3:
      return (0..<field.count).compactMap { bytes.number16(at: field.valueOffset + 2 * $0, order) }
    case 4, 13:
      return (0..<field.count).compactMap { bytes.number32(at: field.valueOffset + 4 * $0, order) }
    default: return nil
    }
  }

  /// The only value of a field; `nil` when it is absent, of another type, or has several.
  func number(_ tag: Int) -> Int? {
    guard let values = numbers(tag), values.count == 1 else { return nil }
    return values[0]
  }

  /// The raw bytes of a field's values.
  func bytes(of field: Field) -> ArraySlice<UInt8> {
    bytes[field.valueOffset..<field.valueOffset + field.byteCount]
  }

  /// Bytes a value of each type of TIFF 6.0 (section 2) and its supplement 1 takes; 0 if unknown.
  private static func size(ofType type: Int) -> Int {
    switch type {
    case 1, 2, 6, 7: 1
    case 3, 8: 2
    case 4, 9, 11, 13: 4
    case 5, 10, 12: 8
    default: 0
    }
  }
}
