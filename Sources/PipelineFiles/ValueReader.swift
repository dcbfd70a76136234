/// Reads single values and mappings of a document and reports what they are not.
///
/// Every method returns `nil` for a value it reported, and for one that holds a reference that
/// could not be put in, which was reported where it stands.
struct ValueReader {
  /// The most elements of a list or named entries: checks that compare each with each stay quick.
  static let maximumElements = 2000

  let source: SourceText
  let findings: Findings

  /// Adds a finding at a place.
  func report(
    _ code: Diagnostic.Code, _ severity: Diagnostic.Severity = .error, at place: Place,
    _ what: String, hint: String
  ) {
    findings.report(code, severity, at: place, in: source, what, hint: hint)
  }

  // MARK: - Mappings and lists

  /// The mapping's values by key, after unknown keys are reported.
  ///
  /// - Parameter subject: whose keys they are, such as `stage 'rows'`.
  func fields(_ node: DocumentNode, of subject: String, known: [String]) -> Fields? {
    guard let entries = node.entries else {
      if !isUnresolved(node) { mismatch(node, subject, "a mapping of keys to values") }
      return nil
    }
    var misspelt: [String] = []
    for entry in entries where !known.contains(entry.key) {
      let meant = findings.reportUnknown(
        .unknownKey, at: entry.place, in: source, "unknown key '\(entry.key)' in \(subject)",
        name: entry.key, known: known, otherwise: "known are \(known.joined(separator: ", "))")
      if let meant { misspelt.append(meant) }
    }
    return Fields(entries: entries, place: node.place, misspelt: misspelt)
  }

  /// The entries of a mapping whose keys are names of the author's choice.
  func named(_ node: DocumentNode, _ subject: String) -> [DocumentNode.Entry]? {
    guard let entries = node.entries else {
      if !isUnresolved(node) { mismatch(node, subject, "a mapping of names to values") }
      return nil
    }
    return isTooLong(entries.count, node, subject) ? nil : entries
  }

  /// The elements of a list.
  func list(_ node: DocumentNode, _ subject: String) -> [DocumentNode]? {
    guard let elements = node.elements else {
      if !isUnresolved(node) { mismatch(node, subject, "a list, such as [A, B]") }
      return nil
    }
    return isTooLong(elements.count, node, subject) ? nil : elements
  }

  /// Texts of a list.
  func texts(_ node: DocumentNode, _ subject: String) -> [String]? {
    list(node, subject)?.compactMap { text($0, "an element of \(subject)") }
  }

  /// A list of two whole numbers, the lower first.
  func range(_ node: DocumentNode, _ subject: String, within bounds: ClosedRange<Int>)
    -> ClosedRange<Int>?
  {
    guard let elements = list(node, subject) else { return nil }
    let numbers = elements.compactMap { integer($0, subject, within: bounds) }
    guard numbers.count == elements.count else { return nil }
    guard numbers.count == 2, numbers[0] <= numbers[1] else {
      report(
        .wrongType, at: node.place, "\(subject) is not a range",
        hint: "write [LOWEST, HIGHEST]")
      return nil
    }
    return numbers[0]...numbers[1]
  }

  // MARK: - Single values

  /// Any text that is not empty.
  func text(_ node: DocumentNode, _ subject: String) -> String? {
    guard let scalar = scalar(node, subject, "a text") else { return nil }
    guard !scalar.text.isEmpty else {
      report(.wrongType, at: node.place, "\(subject) is empty", hint: "give a text")
      return nil
    }
    return scalar.text
  }

  /// A whole number within bounds.
  func integer(_ node: DocumentNode, _ subject: String, within bounds: ClosedRange<Int>) -> Int? {
    let expected =
      bounds.lowerBound == bounds.upperBound
      ? "\(bounds.lowerBound)" : "a whole number \(bounds.lowerBound) to \(bounds.upperBound)"
    guard let scalar = scalar(node, subject, expected) else { return nil }
    let digits = scalar.text.drop { $0 == "-" || $0 == "+" }
    let isNumber =
      scalar.isPlain && scalar.text.count - digits.count <= 1 && !digits.isEmpty
      && digits.utf8.allSatisfy { (48...57).contains($0) }
    guard isNumber else {
      mismatch(node, subject, expected)
      return nil
    }
    guard let number = Int(scalar.text), bounds.contains(number) else {
      outOfRange(node, subject, expected)
      return nil
    }
    return number
  }

  /// A number within bounds, in `unit` whatever unit of its dimension it is written in.
  ///
  /// - Parameters:
  ///   - example: a value with its unit, when there must be one.
  ///   - words: what is expected, when the bounds in `unit` would not say it well.
  func number(
    _ node: DocumentNode, _ subject: String, unit: String?, within bounds: ClosedRange<Double>,
    needing example: String? = nil, words: String? = nil
  ) -> Double? {
    let range = "\(ValueReader.text(bounds.lowerBound)) to \(ValueReader.text(bounds.upperBound))"
    let expected =
      words ?? "a number \(range)" + (unit.map { $0 == "1" ? "" : " \($0)" } ?? "")
    guard let scalar = scalar(node, subject, expected) else { return nil }
    guard scalar.isPlain, let quantity = Quantity(scalar.text) else {
      mismatch(node, subject, expected)
      return nil
    }
    if let example, quantity.unit.isEmpty {
      report(
        .wrongUnit, at: node.place, "\(subject) has no unit",
        hint: "give it with one, such as \(example)")
      return nil
    }
    guard let value = unit.map({ quantity.converted(to: $0) }) ?? plainValue(quantity) else {
      report(
        .wrongUnit, at: node.place, "\(subject) has the unit '\(quantity.unit)'",
        hint: words.map { "give \($0)" } ?? unit.map { "give it in \($0)" }
          ?? "it is a number without unit")
      return nil
    }
    guard value.isFinite, bounds.contains(value) else {
      outOfRange(node, subject, expected)
      return nil
    }
    return value
  }

  /// `true` or `false`.
  func boolean(_ node: DocumentNode, _ subject: String) -> Bool? {
    guard let scalar = scalar(node, subject, "true or false") else { return nil }
    switch (scalar.isPlain, scalar.text) {
    case (true, "true"): return true
    case (true, "false"): return false
    default:
      mismatch(node, subject, "true or false")
      return nil
    }
  }

  /// One of some words.
  func choice(_ node: DocumentNode, _ subject: String, among words: [String]) -> String? {
    let expected = words.joined(separator: " | ")
    guard let scalar = scalar(node, subject, expected) else { return nil }
    guard words.contains(scalar.text) else {
      findings.reportUnknown(
        .unknownWord, at: node.place, in: source, "\(subject) is '\(ValueReader.cut(scalar.text))'",
        name: scalar.text, known: words, otherwise: "it is one of \(expected)")
      return nil
    }
    return scalar.text
  }

  /// One of the words of an enumeration.
  func choice<Word: RawRepresentable<String> & CaseIterable>(
    _ node: DocumentNode, _ subject: String, of type: Word.Type
  ) -> Word? {
    choice(node, subject, among: Word.allCases.map(\.rawValue)).flatMap { Word(rawValue: $0) }
  }

  /// A number of bytes, written with its unit.
  func bytes(_ node: DocumentNode, _ subject: String) -> Int? {
    number(
      node, subject, unit: "B", within: 1...Double(1 << 44), needing: "128MiB",
      words: "a size 1B to 16384GiB, such as 128MiB"
    ).map { Int($0.rounded()) }
  }

  /// A length of time, written with its unit, from 1 ms to 7 days.
  func duration(_ node: DocumentNode, _ subject: String) -> Duration? {
    number(
      node, subject, unit: "ms", within: 1...604_800_000, needing: "500ms",
      words: "a time 1ms to 7d, such as 500ms"
    ).map { .milliseconds(Int64($0.rounded())) }
  }

  // MARK: - What is wrong

  /// Reports that a value is of the wrong type.
  func mismatch(_ node: DocumentNode, _ subject: String, _ expected: String) {
    var found = node.kindWord
    var hint = "give \(expected)"
    if let scalar = node.scalar, !node.isNull {
      found = scalar.isPlain ? "'\(ValueReader.cut(scalar.text))'" : "a text in quotes"
      let isBare = Quantity(scalar.text) != nil || ["true", "false"].contains(scalar.text)
      if !scalar.isPlain, isBare { hint += ", without quotes" }
    }
    report(.wrongType, at: node.place, "\(subject) is \(found)", hint: hint)
  }

  private func outOfRange(_ node: DocumentNode, _ subject: String, _ expected: String) {
    let text = ValueReader.cut(node.scalar?.text ?? "")
    report(.outOfRange, at: node.place, "\(subject) is \(text)", hint: "give \(expected)")
  }

  private func scalar(_ node: DocumentNode, _ subject: String, _ expected: String)
    -> DocumentNode.Scalar?
  {
    guard let scalar = node.scalar, !node.isNull else {
      mismatch(node, subject, expected)
      return nil
    }
    guard scalar.secret == nil else {
      report(
        .misplacedReference, at: node.place, "\(subject) is a secret",
        hint: "a secret stands only in a setting that asks for one")
      return nil
    }
    return scalar.isUnresolved ? nil : scalar
  }

  private func isTooLong(_ count: Int, _ node: DocumentNode, _ subject: String) -> Bool {
    guard count > ValueReader.maximumElements else { return false }
    report(
      .tooComplex, at: node.place, "\(subject) has \(count) elements",
      hint: "at most \(ValueReader.maximumElements) are read")
    return true
  }

  private func isUnresolved(_ node: DocumentNode) -> Bool { node.scalar?.isUnresolved ?? false }

  private func plainValue(_ quantity: Quantity) -> Double? {
    quantity.unit.isEmpty ? quantity.value : nil
  }

  /// A number as messages write it.
  static func text(_ number: Double) -> String {
    number == number.rounded() && abs(number) < 1e15 ? "\(Int64(number))" : "\(number)"
  }

  /// A text as messages quote it: at most 40 characters of its first line.
  static func cut(_ text: String) -> String {
    let line = text.prefix { !$0.isNewline }
    return line.count <= 40 && line.count == text.count ? String(line) : line.prefix(40) + "…"
  }
}

/// The values of a mapping whose keys are known.
struct Fields {
  let entries: [DocumentNode.Entry]
  let place: Place
  /// The keys that unknown ones were meant to be.
  var misspelt: [String] = []

  /// Whether a key is neither given nor misspelt, so that its absence is worth a word.
  func lacks(_ key: String) -> Bool { self[key] == nil && !misspelt.contains(key) }

  /// The value of a key, when it is given.
  subscript(key: String) -> DocumentNode? { entries.first { $0.key == key }?.value }

  /// Where a key stands; the mapping's own place when it is not given.
  func place(of key: String) -> Place { entries.first { $0.key == key }?.place ?? place }
}
