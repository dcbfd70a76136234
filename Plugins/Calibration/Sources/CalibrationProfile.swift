import ClinicalRecords
import StageKit
import Yams

/// A calibration record of one device and its optics, from a YAML or JSON file.
struct CalibrationProfile: Sendable, Equatable {
  /// The record's name, carried to every figure.
  let id: String
  /// The serial number of the device that was calibrated; any device when `nil`.
  let deviceSerial: String?
  /// The optics' name.
  let optics: String?
  /// µm per pixel in the contact plane.
  let micrometresPerPixel: Double
  /// Standard uncertainty of the scale relative to it.
  let relativeUncertainty: Double
  /// The day it was measured.
  let made: CalendarDate
  /// The last day on which it may be used.
  let expires: CalendarDate?
  /// A picture of an evenly lit matte target, relative to the profile.
  let flatField: FlatFieldFile?
  /// Radial distortion over the half diagonal: `r' = r (1 + k1 r² + k2 r⁴)`.
  let k1: Double
  let k2: Double

  /// A flat field's file, named with its digest so that the profile's digest covers it.
  struct FlatFieldFile: Sendable, Equatable {
    let path: String
    let sha256: ContentDigest
  }

  /// The scale's uncertainty with what distortion adds.
  ///
  /// Distortion is not corrected, so that coordinates stay those of the picture; the local scale
  /// differs by at most `3 k1 r² + 5 k2 r⁴`, taken as a rectangular distribution (JCGM 100:2008,
  /// 4.3.7): its bound over √3.
  var combinedRelativeUncertainty: Double {
    let bound = max(abs(3 * k1 + 5 * k2), abs(3 * k1) / 2)
    return (relativeUncertainty * relativeUncertainty + bound * bound / 3).squareRoot()
  }
}

extension CalibrationProfile {
  /// The largest profile in bytes; one of all keys has under 1 KiB.
  static let byteLimit = 64 << 10

  /// Reads a profile.
  ///
  /// - Parameters:
  ///   - bytes: the file's bytes.
  ///   - file: its name, for messages.
  /// - Throws: ``StageError`` of class `fatal` that lists every problem as `FILE:LINE:COLUMN`.
  init(_ bytes: [UInt8], file: String) throws {
    guard bytes.count <= CalibrationProfile.byteLimit else {
      throw StageError(
        .fatal, "calibration_profile", subject: "\(file):1:1: error: the profile is above 64 KiB",
        hint: "name the profile itself")
    }
    let root: Node?
    do {
      root = try Yams.compose(yaml: String(decoding: bytes, as: UTF8.self))
    } catch {
      throw StageError(
        .fatal, "calibration_profile", subject: "\(file): error: the profile is no YAML or JSON",
        hint: "compare it with the example in the plugin's README")
    }
    guard case .mapping(let mapping)? = root else {
      throw StageError(
        .fatal, "calibration_profile", subject: "\(file):1:1: error: the profile is no mapping",
        hint: "write 'anagen_calibration: 1' and one key a line")
    }
    var keys = ProfileKeys(mapping, file: file)
    self.init(&keys)
    try keys.finish()
  }

  private init(_ keys: inout ProfileKeys) {
    keys.version()
    id = keys.text("id") ?? keys.missing("id", "")
    deviceSerial = keys.text("device_serial")
    optics = keys.text("optics")
    micrometresPerPixel = keys.number("um_per_px", 0.1...100) ?? keys.missing("um_per_px", 1)
    relativeUncertainty = keys.number("rel_u", 0...0.2) ?? keys.missing("rel_u", 0)
    let epoch = CalendarDate(year: 1970, month: 1, day: 1)
    guard let epoch else { preconditionFailure("1970 had a first day") }
    made = keys.date("made") ?? keys.missing("made", epoch)
    expires = keys.date("expires")
    flatField = keys.flatField()
    k1 = keys.number("k1", -0.2...0.2) ?? 0
    k2 = keys.number("k2", -0.2...0.2) ?? 0
    if let expires, expires < made {
      keys.problem("expires", "the profile expires before it was made", hint: "correct a date")
    }
  }
}

/// Takes the keys of a profile one by one and keeps what is wrong.
private struct ProfileKeys {
  private let file: String
  private var values: [String: (text: String?, place: String)] = [:]
  private var taken: Set<String> = []
  private var problems: [String] = []

  init(_ mapping: Node.Mapping, file: String) {
    self.file = file
    for (key, value) in mapping {
      let mark = value.mark ?? key.mark
      let place = "\(file):\(mark?.line ?? 1):\(mark?.column ?? 1)"
      values[key.string ?? ""] = (value.scalar?.string, place)
    }
  }

  mutating func problem(_ key: String, _ what: String, hint: String) {
    let place = values[key]?.place ?? "\(file):1:1"
    problems.append("\(place): error: \(what); \(hint)")
  }

  mutating func missing<Value>(_ key: String, _ standIn: Value) -> Value {
    if values[key] == nil {
      problem(key, "the key '\(key)' is missing", hint: "every profile states it")
    }
    return standIn
  }

  mutating func text(_ key: String) -> String? {
    taken.insert(key)
    guard let value = values[key] else { return nil }
    guard let text = value.text, !text.isEmpty else {
      problem(key, "the key '\(key)' has no text", hint: "fill it in or remove it")
      return nil
    }
    return text
  }

  mutating func number(_ key: String, _ range: ClosedRange<Double>) -> Double? {
    guard let text = text(key) else { return nil }
    guard let value = Double(text), range.contains(value) else {
      problem(
        key, "'\(key)' is no number from \(range.lowerBound) to \(range.upperBound)",
        hint: "correct it")
      return nil
    }
    return value
  }

  mutating func date(_ key: String) -> CalendarDate? {
    guard let text = text(key) else { return nil }
    guard let date = CalendarDate(iso: text) else {
      problem(key, "'\(key)' is no day", hint: "write it as YYYY-MM-DD")
      return nil
    }
    return date
  }

  mutating func version() {
    guard text("anagen_calibration") != "1" else { return }
    problem(
      "anagen_calibration", "the file is no calibration profile of version 1",
      hint: "begin it with 'anagen_calibration: 1'")
  }

  mutating func flatField() -> CalibrationProfile.FlatFieldFile? {
    let path = text("flat_field")
    let digest = text("flat_field_sha256")
    guard let path else { return nil }
    guard let digest, let sha256 = ContentDigest(hexadecimal: digest) else {
      problem(
        "flat_field", "'flat_field' stands without 'flat_field_sha256'",
        hint: "add the SHA-256 of the file, 64 lower-case digits")
      return nil
    }
    return CalibrationProfile.FlatFieldFile(path: path, sha256: sha256)
  }

  mutating func finish() throws {
    for key in values.keys.sorted() where !taken.contains(key) {
      problem(
        key, "the key '\(key)' is unknown",
        hint: "keys are \(taken.sorted().joined(separator: ", "))")
    }
    guard problems.isEmpty else {
      throw StageError(
        .fatal, "calibration_profile",
        subject: problems.joined(separator: "\n"),
        hint: "correct the profile and run again")
    }
  }
}
