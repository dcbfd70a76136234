/// A phantom that cannot be made as described.
public struct PhantomError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What kind of failure; open, so that new kinds break nobody.
  public struct Code: Hashable, Sendable {
    /// The stable name, such as `out_of_range`.
    public let name: String
    /// Makes a code.
    public init(_ name: String) { self.name = name }
    /// A number outside what can be rendered.
    public static let outOfRange = Code("out_of_range")
    /// Values that are each in range but do not go together.
    public static let contradiction = Code("contradiction")
    /// More hairs or pixels than ``PhantomLimits`` allows.
    public static let tooLarge = Code("too_large")
  }

  /// What kind of failure.
  public let code: Code
  /// Which quantity, with its value.
  public let subject: String
  /// What to do.
  public let hint: String

  /// Makes an error.
  public init(_ code: Code, subject: String, hint: String) {
    self.code = code
    self.subject = subject
    self.hint = hint
  }

  /// Subject and hint on one line.
  public var description: String { "\(subject); \(hint)" }
}

/// The bounds of this module, with the arithmetic that chose them.
public enum PhantomLimits {
  /// The most pixels of one picture: 16 Mpx take 16e6 x (4 planes x 4 + 4 + 3 bytes), some 370 MB.
  public static let pixels = 16_000_000
  /// The most hairs of one scene: the densest scalp, 600 /cm², on 80 cm².
  public static let hairs = 48_000
}

/// One quantity with the range in which it can be rendered.
struct CheckedQuantity {
  let name: String
  let value: Double
  let range: ClosedRange<Double>
  let unit: String

  init(_ name: String, _ value: Double, _ range: ClosedRange<Double>, _ unit: String = "") {
    self.name = name
    self.value = value
    self.range = range
    self.unit = unit.isEmpty ? "" : " \(unit)"
  }

  /// Throws for the first quantity that lies outside its range or is no number.
  static func check(_ quantities: [CheckedQuantity]) throws(PhantomError) {
    for quantity in quantities where !quantity.range.contains(quantity.value) {
      throw PhantomError(
        .outOfRange, subject: "\(quantity.name) of \(quantity.value)\(quantity.unit)",
        hint: "choose \(quantity.range.lowerBound) to \(quantity.range.upperBound)\(quantity.unit)")
    }
  }
}
