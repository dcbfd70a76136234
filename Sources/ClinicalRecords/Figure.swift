/// One summary figure: a value with its interval and unit, or the reason why there is none.
///
/// Never zero for "not known" and never silently absent.
public enum Figure: Sendable, Equatable {
  /// A known value.
  case known(Value)
  /// No value, and why, in words such as `no_hairs`.
  case missing(String)

  /// A value, its interval and what the interval covers.
  public struct Value: Sendable, Equatable, Codable {
    /// The estimate.
    public let value: Double
    /// The interval's lower end.
    public let low: Double?
    /// The interval's upper end.
    public let high: Double?
    /// The unit, such as `/cm2`, `um`, `mm/cm2`; none for counts and shares.
    public let unit: String?
    /// The sources of uncertainty that the interval covers, such as `sampling+scale`.
    public let interval: String?

    /// Makes a value.
    public init(
      _ value: Double, low: Double? = nil, high: Double? = nil, unit: String? = nil,
      interval: String? = nil
    ) {
      self.value = value
      self.low = low
      self.high = high
      self.unit = unit
      self.interval = interval
    }
  }

  /// A value without an interval.
  public init(_ value: Double, unit: String? = nil) { self = .known(Value(value, unit: unit)) }

  /// The value when it is known.
  public var value: Double? {
    if case .known(let value) = self { value.value } else { nil }
  }
}

extension Figure: Codable {
  private enum CodingKeys: String, CodingKey { case missing }

  /// Reads `{"value": …}` or `{"missing": REASON}`.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    if let reason = try container.decodeIfPresent(String.self, forKey: .missing) {
      self = .missing(reason)
    } else {
      self = .known(try Value(from: decoder))
    }
  }

  /// Writes `{"value": …}` or `{"missing": REASON}`.
  public func encode(to encoder: any Encoder) throws {
    switch self {
    case .known(let value): try value.encode(to: encoder)
    case .missing(let reason):
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(reason, forKey: .missing)
    }
  }
}
