/// A variable as the file declares it, with the value it has in this reading.
struct VariableDeclaration {
  /// What values a variable takes.
  enum Kind: String, CaseIterable {
    /// A file or folder, whether or not it is there.
    case path
    /// A file that is there; a default is relative to the pipeline file's folder.
    case file
    /// Any text.
    case text
    /// A number.
    case number
    /// A whole number.
    case integer
    /// `true` or `false`.
    case boolean
    /// An absolute URL.
    case url
  }

  let name: String
  let kind: Kind
  let place: Place
  /// `nil` when none is given or the one given is wrong; reported.
  let value: String?
  let isGiven: Bool
  /// Whether it is optional and nobody gives a value: a setting that is this variable is left out.
  var isLeftOut = false
}

/// Reads `vars` and what the command line gives for them.
struct VariableReader {
  let reader: ValueReader
  let surroundings: PlanSurroundings
  /// The folder of the pipeline file, absolute.
  let fileFolder: String
  let given: [String: String]
  /// What a variable of type `path` is when nobody gives it a value; an error when `nil`.
  let pathWithoutValue: String?
  /// Whether a variable that is not optional needs a value.
  let needsValues: Bool

  /// Reads the mapping; `data` is always among the result.
  ///
  /// - Parameters:
  ///   - node: the value of `vars`, if the file has it.
  ///   - place: where what the command line gives and nobody declares is reported.
  func read(_ node: DocumentNode?, at place: Place) -> [VariableDeclaration] {
    var declared: [VariableDeclaration] = []
    if let node {
      for entry in reader.named(node, "'vars'") ?? [] {
        if let declaration = declaration(entry) { declared.append(declaration) }
      }
    }
    if !declared.contains(where: { $0.name == "data" }) {
      let value = surroundings.absolute(given[DataFolderName.variable] ?? DataFolderName.standard)
      declared.append(
        VariableDeclaration(
          name: "data", kind: .path, place: place, value: value, isGiven: given["data"] != nil))
    }
    let declaredNames = node?.entries?.map(\.key) ?? []
    let known = declaredNames + (declaredNames.contains("data") ? [] : ["data"])
    for name in given.keys.sorted() where !known.contains(name) {
      reader.findings.reportUnknown(
        .undeclaredVariable, at: place, in: reader.source,
        "the command line gives '\(name)', which the pipeline does not declare", name: name,
        known: known, otherwise: "declared are \(known.joined(separator: ", "))")
    }
    return declared
  }

  private func declaration(_ entry: DocumentNode.Entry) -> VariableDeclaration? {
    let subject = "variable '\(entry.key)'"
    guard References.isName(entry.key) else {
      reader.report(
        .badName, at: entry.place, "'\(ValueReader.cut(entry.key))' is not a variable's name",
        hint: "use at most 64 letters, digits, '_', '-' and '.'")
      return nil
    }
    guard
      let fields = reader.fields(
        entry.value, of: subject, known: ["type", "default", "optional", "help"])
    else { return nil }
    if let help = fields["help"] { _ = reader.text(help, "'help'") }
    guard let typeNode = fields["type"] else {
      reader.report(
        .missingKey, at: entry.place, "\(subject) has no type",
        hint:
          "add 'type', one of \(VariableDeclaration.Kind.allCases.map(\.rawValue).joined(separator: ", "))"
      )
      return nil
    }
    guard
      let kind = reader.choice(
        typeNode, "the type of \(subject)", of: VariableDeclaration.Kind.self)
    else { return nil }
    if entry.key == "data", kind != .path {
      reader.report(
        .wrongType, at: typeNode.place, "variable 'data' is of type \(kind.rawValue)",
        hint: "it is the data folder: make it 'type: path'")
      return nil
    }
    return declaration(entry, kind, fields)
  }

  private func declaration(
    _ entry: DocumentNode.Entry, _ kind: VariableDeclaration.Kind, _ fields: Fields
  ) -> VariableDeclaration {
    let standard = fields["default"].flatMap { node -> String? in
      if let text = node.scalar?.text, text.contains("${") {
        reader.report(
          .misplacedReference, at: node.place, "a default holds a reference",
          hint: "write the value out; the command line gives another with --var")
        return nil
      }
      return reader.text(node, "the default of variable '\(entry.key)'")
    }
    let isOptional =
      fields["optional"].flatMap {
        reader.boolean($0, "'optional' of variable '\(entry.key)'")
      } ?? false
    let mayBeLeftOut = isOptional || !needsValues
    if isOptional, fields["default"] != nil {
      reader.report(
        .settingsConflict, at: fields.place(of: "optional"),
        "variable '\(entry.key)' is optional and has a default", hint: "remove one of them")
    }
    var value: String?
    if let text = given[entry.key] {
      value = check(text, kind, entry, at: entry.place, base: surroundings.workingDirectory)
    } else if let standard, let node = fields["default"] {
      let base = kind == .file ? fileFolder : surroundings.workingDirectory
      value = check(standard, kind, entry, at: node.place, base: base)
    } else if kind == .path, let pathWithoutValue, fields["default"] == nil {
      value = needsValues ? pathWithoutValue : "\(pathWithoutValue)/\(entry.key)"
    } else if fields["default"] == nil, !mayBeLeftOut {
      reader.report(
        .variableWithoutValue, at: entry.place, "variable '\(entry.key)' has no value",
        hint: "give --var \(entry.key)=VALUE, or a default here")
    }
    return VariableDeclaration(
      name: entry.key, kind: kind, place: entry.place, value: value,
      isGiven: given[entry.key] != nil,
      isLeftOut: mayBeLeftOut && value == nil && given[entry.key] == nil && fields["default"] == nil
    )
  }

  /// The value with paths made absolute, or `nil` after a report.
  private func check(
    _ text: String, _ kind: VariableDeclaration.Kind, _ entry: DocumentNode.Entry, at place: Place,
    base: String
  ) -> String? {
    let isRight: Bool
    switch kind {
    case .path, .file:
      guard !text.isEmpty, !text.utf8.contains(0) else {
        isRight = false
        break
      }
      let path = FilePaths.absolute(text, base: base)
      guard kind == .path || surroundings.files.kind(of: path) == .file else {
        reader.report(
          .missingFile, at: place, "variable '\(entry.key)': there is no file '\(text)'",
          hint: "looked for it at \(path)")
        return nil
      }
      return path
    case .text: isRight = true
    case .number: isRight = Double(text).map(\.isFinite) ?? false
    case .integer: isRight = Int(text) != nil
    case .boolean: isRight = text == "true" || text == "false"
    case .url: isRight = VariableReader.isURL(text)
    }
    guard isRight else {
      reader.report(
        .wrongType, at: place, "variable '\(entry.key)' is '\(ValueReader.cut(text))'",
        hint: "its type is \(kind.rawValue)")
      return nil
    }
    return text
  }

  /// A scheme, `://` and something without spaces (RFC 3986 §3).
  private static func isURL(_ text: String) -> Bool {
    guard let colon = text.firstIndex(of: ":"), text[colon...].hasPrefix("://") else {
      return false
    }
    let scheme = text[..<colon].utf8
    let rest = text[colon...].dropFirst(3)
    return scheme.first.map { (97...122).contains($0 | 32) } ?? false
      && scheme.allSatisfy {
        (97...122).contains($0 | 32) || (48...57).contains($0) || [43, 45, 46].contains($0)
      } && !rest.isEmpty && !rest.contains { $0.isWhitespace }
  }
}

/// Where a run keeps everything when nobody says.
public enum DataFolderName {
  /// The variable that names it.
  public static let variable = "data"
  /// Where it is when nothing names it, below the working folder.
  public static let standard = "anagen-data"
}
