/// The order in which people count: P2 before P10.
public enum NaturalOrder {
  /// Whether a text stands before another: runs of digits by their value, all else by its bytes;
  /// texts that differ only in leading zeros by their bytes.
  public static func precedes(_ left: String, _ right: String) -> Bool {
    var (first, second) = (Substring(left).utf8, Substring(right).utf8)
    while let a = first.first, let b = second.first {
      if isDigit(a) && isDigit(b) {
        let (x, y) = (number(&first), number(&second))
        if x.count != y.count { return x.count < y.count }
        if !x.elementsEqual(y) { return x.lexicographicallyPrecedes(y) }
      } else if a != b {
        return a < b
      } else {
        first.removeFirst()
        second.removeFirst()
      }
    }
    if first.isEmpty != second.isEmpty { return first.isEmpty }
    return left.utf8.lexicographicallyPrecedes(right.utf8)
  }

  /// Takes the digits at the front, without leading zeros: longer is larger.
  private static func number(_ text: inout Substring.UTF8View) -> Substring.UTF8View {
    let digits = text.prefix(while: isDigit)
    text = text.dropFirst(digits.count)
    return digits.drop { $0 == UInt8(ascii: "0") }
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }
}
