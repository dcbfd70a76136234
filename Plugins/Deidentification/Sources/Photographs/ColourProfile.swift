/// The colour space of a photograph, recognised by what its ICC profile computes.
///
/// A profile holds names, serials, dates and free bytes, and there are hundreds of profiles for
/// one space; so none leaves. Its primaries and curves (ICC.1:2022) are compared with those of the
/// known spaces, and the space leaves by the file format's own convention or in a profile made
/// here. A space that is not known would show other colours untagged: the picture is refused.
enum ColourProfile: Sendable, Equatable {
  /// IEC 61966-2-1: what an untagged picture is taken for, so no profile leaves.
  case sRGB
  /// SMPTE EG 432-1 primaries with the sRGB curve: what telephones write.
  case displayP3
  /// Adobe RGB (1998).
  case adobeRGB

  /// Recognises a profile.
  ///
  /// - Throws: `unknownColourProfile` when it is none of the known spaces within a primaries'
  ///   distance of 0.002 and a curve's distance of 0.003, the spread among vendors' sRGB profiles
  ///   being a tenth of that.
  init(recognising bytes: [UInt8], channels: Int) throws(PhotographRefusal) {
    let unknown = PhotographRefusal(
      .unknownColourProfile, subject: "colour profile",
      hint: "convert the original to sRGB, Display P3 or Adobe RGB")
    guard let profile = MatrixProfile(bytes) else { throw unknown }
    for space in [ColourProfile.sRGB, .displayP3, .adobeRGB] {
      let curve = space.curve
      let sameCurve = profile.curves.allSatisfy { $0.distance(to: curve) < 0.003 }
      let samePrimaries =
        channels == 1
        || zip(profile.primaries, space.primaries).allSatisfy { abs($0 - $1) < 0.002 }
      guard sameCurve, samePrimaries else { continue }
      if channels == 3, profile.primaries.count != 9 { throw unknown }
      // Grey has no primaries: two spaces of one curve are one.
      self = channels == 1 && space == .displayP3 ? .sRGB : space
      return
    }
    throw unknown
  }

  /// The profile that leaves with the file; `nil` where the format's convention is enough.
  var canonicalBytes: [UInt8]? {
    self == .sRGB ? nil : ColourProfileWriter(primaries: primaries, curve: curve).bytes
  }

  /// Notes what becomes of the original's profile.
  func note(original: [UInt8], carrier: String, _ report: inout RemovalReport) {
    if original == canonicalBytes {
      report.note(carrier, .kept, rule: .canonicalColour, byteCount: original.count)
    } else {
      report.note(carrier, .normalised, rule: .canonicalColour, byteCount: original.count)
    }
  }

  /// Red, green and blue as XYZ relative to D50, as each space's own standard profile states them.
  private var primaries: [Double] {
    switch self {
    case .sRGB: [0.43607, 0.22249, 0.01392, 0.38515, 0.71687, 0.09708, 0.14307, 0.06061, 0.71410]
    case .displayP3:
      [0.51512, 0.24120, -0.00105, 0.29198, 0.69225, 0.04189, 0.15710, 0.06657, 0.78407]
    case .adobeRGB:
      [0.60974, 0.31111, 0.01947, 0.20528, 0.62567, 0.06087, 0.14919, 0.06322, 0.74457]
    }
  }

  private var curve: ToneCurve {
    switch self {
    case .sRGB, .displayP3:
      .parametric(type: 3, [2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045])
    case .adobeRGB: .parametric(type: 0, [563.0 / 256])
    }
  }
}

/// A profile that turns device values into XYZ by three curves and a matrix.
private struct MatrixProfile {
  /// Red, green, blue as XYZ; empty for a grey profile.
  var primaries: [Double] = []
  var curves: [ToneCurve] = []

  /// Reads a profile; `nil` when it is no matrix or grey profile, or holds a table that a reader
  /// may prefer to the matrix.
  init?(_ bytes: [UInt8]) {
    guard bytes.count >= 132, bytes.number32(at: 0) == bytes.count,
      bytes.holds("acsp".utf8, at: 36), bytes.holds("XYZ ".utf8, at: 20),
      let count = bytes.number32(at: 128), (1...100).contains(count)
    else { return nil }
    var tags: [String: Range<Int>] = [:]
    for index in 0..<count {
      let entry = 132 + 12 * index
      guard let offset = bytes.number32(at: entry + 4), let size = bytes.number32(at: entry + 8),
        size >= 8, offset <= bytes.count, size <= bytes.count - offset
      else { return nil }
      tags[String(decoding: bytes[entry..<entry + 4], as: UTF8.self)] = offset..<offset + size
    }
    guard !tags.keys.contains(where: { $0.hasPrefix("A2B") || $0.hasPrefix("D2B") }) else {
      return nil
    }
    let names: [String]
    if bytes.holds("RGB ".utf8, at: 16) {
      for name in ["rXYZ", "gXYZ", "bXYZ"] {
        guard let range = tags[name], range.count >= 20,
          bytes.holds("XYZ ".utf8, at: range.lowerBound)
        else { return nil }
        for axis in 0..<3 {
          guard let value = MatrixProfile.fixed(bytes, at: range.lowerBound + 8 + 4 * axis) else {
            return nil
          }
          primaries.append(value)
        }
      }
      names = ["rTRC", "gTRC", "bTRC"]
    } else if bytes.holds("GRAY".utf8, at: 16) {
      names = ["kTRC"]
    } else {
      return nil
    }
    for name in names {
      guard let range = tags[name], let curve = ToneCurve(bytes, range) else { return nil }
      curves.append(curve)
    }
  }

  static func fixed(_ bytes: [UInt8], at offset: Int) -> Double? {
    bytes.number32(at: offset).map { Double(Int32(truncatingIfNeeded: $0)) / 65536 }
  }
}

/// A curve from device value to linear light, both 0 to 1.
enum ToneCurve: Sendable, Equatable {
  /// Samples at even distances.
  case table([Double])
  /// The parametric curves of ICC.1:2022, 10.18, types 0 to 4.
  case parametric(type: Int, [Double])

  /// Reads a curve tag; `nil` when it is not understood.
  init?(_ bytes: [UInt8], _ range: Range<Int>) {
    let start = range.lowerBound
    if bytes.holds("curv".utf8, at: start), let count = bytes.number32(at: start + 8) {
      guard count <= 65_536, 12 + 2 * count <= range.count else { return nil }
      let values = (0..<count).compactMap { bytes.number16(at: start + 12 + 2 * $0) }
      switch values.count {
      case 0: self = .parametric(type: 0, [1])
      case 1: self = .parametric(type: 0, [Double(values[0]) / 256])
      default: self = .table(values.map { Double($0) / 65535 })
      }
    } else if bytes.holds("para".utf8, at: start), let type = bytes.number16(at: start + 8),
      type <= 4
    {
      let count = [1, 3, 4, 5, 7][type]
      guard 12 + 4 * count <= range.count else { return nil }
      self = .parametric(
        type: type,
        (0..<count).compactMap { MatrixProfile.fixed(bytes, at: start + 12 + 4 * $0) })
    } else {
      return nil
    }
  }

  /// The largest difference of two curves on a grid of 65 points.
  func distance(to other: ToneCurve) -> Double {
    (0...64).reduce(0) {
      let difference = abs(value(Double($1) / 64) - other.value(Double($1) / 64))
      return difference.isNaN ? .infinity : max($0, difference)
    }
  }

  private func value(_ x: Double) -> Double {
    switch self {
    case .table(let samples):
      let position = x * Double(samples.count - 1)
      let low = min(Int(position), samples.count - 2)
      let share = position - Double(low)
      return samples[low] * (1 - share) + samples[low + 1] * share
    case .parametric(let type, let p):
      return ToneCurve.parametricValue(type, p, x)
    }
  }

  private static func parametricValue(_ type: Int, _ p: [Double], _ x: Double) -> Double {
    let gamma = p[0]
    if type == 0 { return power(x, gamma) }
    let (a, b) = (p[1], p[2])
    let bent = power(a * x + b, gamma)
    switch type {
    case 1: return x >= -b / a ? bent : 0
    case 2: return x >= -b / a ? bent + p[3] : p[3]
    case 3: return x >= p[4] ? bent : p[3] * x
    default: return x >= p[4] ? bent + p[5] : p[3] * x + p[6]
    }
  }
}

/// Writes a profile of ICC version 4.3 that holds three primaries and one curve.
private struct ColourProfileWriter {
  let primaries: [Double]
  let curve: ToneCurve

  private static let whiteD50 = [0.9642, 1, 0.8249]
  /// D65 to D50 by Bradford (ICC.1:2022, annex E).
  private static let adaptation = [
    1.0478112, 0.0228866, -0.0501270, 0.0295424, 0.9904844, -0.0170491, -0.0092345, 0.0150436,
    0.7521316,
  ]

  var bytes: [UInt8] {
    let text = ColourProfileWriter.text("x")
    let tone = curveTag
    let tags: [(name: String, body: [UInt8])] = [
      ("desc", text), ("cprt", text),
      ("wtpt", ColourProfileWriter.numbers("XYZ ", ColourProfileWriter.whiteD50)),
      ("chad", ColourProfileWriter.numbers("sf32", ColourProfileWriter.adaptation)),
      ("rXYZ", ColourProfileWriter.numbers("XYZ ", Array(primaries[0..<3]))),
      ("gXYZ", ColourProfileWriter.numbers("XYZ ", Array(primaries[3..<6]))),
      ("bXYZ", ColourProfileWriter.numbers("XYZ ", Array(primaries[6..<9]))),
      ("rTRC", tone), ("gTRC", tone), ("bTRC", tone),
    ]
    var table: [UInt8] = []
    var bodies: [UInt8] = []
    table.append32(tags.count)
    let start = 128 + 4 + 12 * tags.count
    for tag in tags {
      table += tag.name.utf8
      table.append32(start + bodies.count)
      table.append32(tag.body.count)
      bodies += tag.body
    }
    return header(size: start + bodies.count) + table + bodies
  }

  private func header(size: Int) -> [UInt8] {
    var header: [UInt8] = []
    header.append32(size)
    header.append32(0)
    header.append32(0x0430_0000)
    header += "mntrRGB XYZ ".utf8
    for part in [2000, 1, 1, 0, 0, 0] { header.append16(part) }
    header += "acsp".utf8
    header += Array(repeating: 0, count: 28)
    for value in ColourProfileWriter.whiteD50 { header += ColourProfileWriter.fixed(value) }
    return header + Array(repeating: 0, count: 128 - header.count)
  }

  private var curveTag: [UInt8] {
    guard case .parametric(let type, let parameters) = curve else { return [] }
    var body = Array("para".utf8) + [0, 0, 0, 0, 0, UInt8(type), 0, 0]
    for parameter in parameters { body += ColourProfileWriter.fixed(parameter) }
    return body
  }

  private static func numbers(_ type: String, _ values: [Double]) -> [UInt8] {
    Array(type.utf8) + [0, 0, 0, 0] + values.flatMap(fixed)
  }

  /// One English text, which both required descriptions share; padded to whole words.
  private static func text(_ character: Character) -> [UInt8] {
    var body = Array("mluc".utf8) + [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 12]
    body += "enUS".utf8
    body.append32(2)
    body.append32(28)
    return body + [0, character.asciiValue ?? 0, 0, 0]
  }

  private static func fixed(_ value: Double) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.append32(Int((value * 65536).rounded()))
    return bytes
  }
}
