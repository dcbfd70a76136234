import ClinicalRecords
import StageKit
import Yams

/// Takes the keys of one mapping of a calibration profile one by one and keeps what is wrong.
struct ProfileKeys {
  private let file: String
  private let start: String
  private var values: [String: (node: Node, place: String)] = [:]
  private var taken: Set<String> = []
  private var problems: [String] = []

  /// Spreads a mapping out.
  init(_ mapping: Node.Mapping, file: String) {
    self.file = file
    start = "\(file):\(ProfileKeys.place(mapping.first?.key.mark ?? mapping.mark))"
    for (key, value) in mapping {
      let place = "\(file):\(ProfileKeys.place(value.mark ?? key.mark))"
      values[key.string ?? ""] = (value, place)
    }
  }

  /// `LINE:COLUMN` of a mark.
  static func place(_ mark: Mark?) -> String { "\(mark?.line ?? 1):\(mark?.column ?? 1)" }

  /// A problem as it is shown.
  static func line(_ place: String, _ what: String, hint: String) -> String {
    "\(place): error: \(what); \(hint)"
  }

  /// Keeps a problem with a key's value.
  mutating func problem(_ key: String, _ what: String, hint: String) {
    problems.append(ProfileKeys.line(values[key]?.place ?? start, what, hint: hint))
  }

  /// Keeps that a key is missing, unless its value was bad; gives a value to go on with.
  mutating func missing<Value>(_ key: String, _ standIn: Value) -> Value {
    if values[key] == nil {
      problem(key, "the key '\(key)' is missing", hint: "every calibration states it")
    }
    return standIn
  }

  /// The text behind a key; `nil` when it is absent or no text.
  mutating func text(_ key: String) -> String? {
    taken.insert(key)
    guard let value = values[key] else { return nil }
    guard let text = value.node.scalar?.string, !text.isEmpty else {
      problem(key, "the key '\(key)' has no text", hint: "fill it in or remove it")
      return nil
    }
    return text
  }

  /// The number behind a key; `nil` when it is absent or outside the range.
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

  /// The day behind a key; `nil` when it is absent or none.
  mutating func date(_ key: String) -> CalendarDate? {
    guard let text = text(key) else { return nil }
    guard let date = CalendarDate(iso: text) else {
      problem(key, "'\(key)' is no day", hint: "write it as YYYY-MM-DD")
      return nil
    }
    return date
  }

  /// The list behind a key, which must have something.
  mutating func list(_ key: String) -> [Node] {
    taken.insert(key)
    guard case .sequence(let sequence)? = values[key]?.node, !sequence.isEmpty else {
      problem(
        key, "there is no list '\(key)' with at least one calibration",
        hint: "write '\(key):' and one '- {id: NAME, ...}' for each calibration")
      return []
    }
    return Array(sequence)
  }

  /// The version that heads the file.
  mutating func version() {
    guard text("anagen_calibration") != "1" else { return }
    problem(
      "anagen_calibration", "the file is no calibration profile of version 1",
      hint: "begin it with 'anagen_calibration: 1'")
  }

  /// The flat field and its digest, which stand together.
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

  /// Two calibrations of one name, or of one device and day, leave open which one counts.
  mutating func distinguish(
    _ calibration: CalibrationProfile.Calibration,
    from others: [CalibrationProfile.Calibration]
  ) {
    if values["id"] != nil, others.contains(where: { $0.id == calibration.id }) {
      problem("id", "the id stands twice", hint: "give each calibration an id of its own")
    }
    let rival = others.contains {
      $0.made == calibration.made && $0.deviceSerial == calibration.deviceSerial
    }
    if values["made"] != nil, rival {
      problem(
        "made", "a second calibration of the same device and day",
        hint: "keep the one that holds, or state 'device_serial'")
    }
  }

  /// What is wrong, after every key was asked for.
  mutating func finish() -> [String] {
    for key in values.keys.sorted() where !taken.contains(key) {
      problem(
        key, "the key '\(key)' is unknown",
        hint: "keys are \(taken.sorted().joined(separator: ", "))")
    }
    return problems
  }
}
