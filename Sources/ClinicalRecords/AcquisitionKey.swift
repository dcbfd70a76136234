/// What identifies an acquisition: study, subject, visit, session, region and side, placement,
/// field, attempt (STUDY §1).
public struct AcquisitionKey: Hashable, Sendable, Codable {
  /// The study's id.
  public let study: String
  /// The trial subject number; identifies.
  public let subject: String
  /// The visit's name, such as `BL`.
  public let visit: String
  /// The session of the visit: `D0`, or `D0` and `D2` of a phototrichogram.
  public let session: String
  /// The region's code, such as `VX`.
  public let region: String
  /// The side: `left`, `right`, `midline`, or `unknown`.
  public let side: String
  /// How often the probe was put on the same spot, from 1.
  public let placement: Int
  /// Which patch of skin of the region, from 1.
  public let field: Int
  /// Which retake of the same skin, from 1.
  public let attempt: Int

  /// Makes a key.
  ///
  /// - Precondition: no text is empty or holds a slash or control character, and no number is
  ///   below 1; readers of files check with ``isValidName(_:)`` first.
  public init(
    study: String, subject: String, visit: String, session: String = "D0", region: String,
    side: String = "unknown", placement: Int = 1, field: Int = 1, attempt: Int = 1
  ) {
    precondition(
      [study, subject, visit, session, region, side].allSatisfy(AcquisitionKey.isValidName),
      "an acquisition's names are checked where they are read")
    precondition(placement >= 1 && field >= 1 && attempt >= 1, "counted from 1")
    self.study = study
    self.subject = subject
    self.visit = visit
    self.session = session
    self.region = region
    self.side = side
    self.placement = placement
    self.field = field
    self.attempt = attempt
  }

  /// The acquisition in an identity that ``identity(of:)`` made; `nil` for another identity.
  public init?(of identity: RecordIdentity) {
    guard let colon = identity.text.firstIndex(of: ":") else { return nil }
    let parts = identity.text[identity.text.index(after: colon)...]
      .split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    let numbers = parts.suffix(3).compactMap { Int($0) }
    guard parts.count == 9, parts.prefix(6).allSatisfy(AcquisitionKey.isValidName),
      numbers.count == 3, numbers.allSatisfy({ $0 >= 1 })
    else { return nil }
    self.init(
      study: parts[0], subject: parts[1], visit: parts[2], session: parts[3], region: parts[4],
      side: parts[5], placement: numbers[0], field: numbers[1], attempt: numbers[2])
  }

  /// Whether a text may stand in a key: 1 to 64 characters, no slash, no control character, no
  /// space at either end.
  public static func isValidName(_ text: String) -> Bool {
    guard (1...64).contains(text.count), text.first != " ", text.last != " " else { return false }
    return text.unicodeScalars.allSatisfy { $0.value >= 32 && $0.value != 127 && $0 != "/" }
  }

  /// The identity of what this acquisition gives, one text for each kind of record.
  public func identity(of schema: SchemaID) -> RecordIdentity {
    RecordIdentity("\(schema.name):\(path)")
  }

  /// All parts joined by slashes; orders subjects, then visits, regions, placements, fields.
  public var path: String {
    "\(study)/\(subject)/\(visit)/\(session)/\(region)/\(side)/\(placement)/\(field)/\(attempt)"
  }

  /// The key without placement, field and attempt: what figures of a region are combined over.
  public var regionVisit: RegionVisit {
    RegionVisit(
      study: study, subject: subject, visit: visit, session: session, region: region, side: side)
  }
}

/// One region of one subject at one session of a visit: the level at which fields and placements
/// are combined.
public struct RegionVisit: Hashable, Sendable, Codable {
  /// The study's id.
  public let study: String
  /// The trial subject number.
  public let subject: String
  /// The visit's name.
  public let visit: String
  /// The session of the visit.
  public let session: String
  /// The region's code.
  public let region: String
  /// The side.
  public let side: String

  /// Makes a key from its parts.
  public init(
    study: String, subject: String, visit: String, session: String, region: String, side: String
  ) {
    self.study = study
    self.subject = subject
    self.visit = visit
    self.session = session
    self.region = region
    self.side = side
  }
}
