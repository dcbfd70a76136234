import Yams

/// One node of a YAML document with its place: what the readers work on.
struct DocumentNode {
  /// What a node holds.
  enum Content {
    case scalar(Scalar)
    case sequence([DocumentNode])
    case mapping([Entry])
  }

  /// The text of a scalar and what became of it.
  struct Scalar {
    /// The text; after references are put in, the text with them.
    var text: String
    /// Whether it may be read as a number or a boolean: written without quotes, or put together
    /// from references, which need quotes.
    var isPlain: Bool
    /// The secret that the whole scalar names.
    var secret: String?
    /// Whether a reference in it could not be put in; already reported.
    var isUnresolved = false
  }

  /// One key with its value.
  struct Entry {
    let key: String
    let place: Place
    let value: DocumentNode
  }

  var content: Content
  let place: Place

  var scalar: Scalar? { if case .scalar(let scalar) = content { scalar } else { nil } }
  var entries: [Entry]? { if case .mapping(let entries) = content { entries } else { nil } }
  var elements: [DocumentNode]? {
    if case .sequence(let elements) = content { elements } else { nil }
  }

  /// Whether nothing is written where a value could stand.
  var isNull: Bool {
    guard let scalar, scalar.isPlain, scalar.secret == nil, !scalar.isUnresolved else {
      return false
    }
    return ["", "~", "null", "Null", "NULL"].contains(scalar.text)
  }

  /// What the node is, in words.
  var kindWord: String {
    switch content {
    case .scalar: isNull ? "nothing" : "one value"
    case .sequence: "a list"
    case .mapping: "a mapping"
    }
  }
}

/// Reads YAML into a tree that holds no anchors, aliases, tags or duplicate keys.
struct DocumentComposer {
  /// The deepest nesting of a file; the deepest of our own, a study's `relocate`, is 4.
  static let maximumDepth = 32
  /// How many keys given twice are found in one file, and how many bytes are parsed for it.
  private static let maximumDuplicates = 32
  private static let maximumParsedBytes = 4 << 20

  let source: SourceText
  let findings: Findings
  /// What keys given twice were renamed to, and what they were.
  ///
  /// The parser stops at the first of them. It is renamed to as many private-use characters as it
  /// is long, and the text is parsed again, so that all faults show at once.
  private var renamed: [String: String] = [:]

  init(_ source: SourceText, _ findings: Findings) {
    self.source = source
    self.findings = findings
  }

  /// The document's root, or `nil` when it cannot be read; reports what is wrong.
  mutating func compose() -> DocumentNode? {
    guard let (root, parser) = parse() else { return nil }
    // Nodes hold their anchors weakly and the parser holds them for good, so it lives on.
    guard let tree = withExtendedLifetime(parser, { convert(root, depth: 1) }) else { return nil }
    if tree.isNull {
      findings.report(
        .emptyFile, at: Place(line: 1, column: 1), in: source, "the file is empty",
        hint: "'anagen schema' shows what it takes; Pipelines/ has examples")
      return nil
    }
    return tree
  }

  private mutating func parse() -> (root: Node, parser: Parser)? {
    var text = source.text
    while true {
      do {
        let parser = try Parser(yaml: text, resolver: .basic, encoding: .utf8)
        return (try parser.singleRoot() ?? Node("", .implicit, .plain), parser)
      } catch YamlError.duplicatedKeysInMapping(let keys, let context) {
        guard renamed.count < DocumentComposer.maximumDuplicates,
          (renamed.count + 1) * text.utf8.count < DocumentComposer.maximumParsedBytes,
          let next = rename(keys.first ?? "", at: context.mark, in: text)
        else {
          reportDuplicate(keys.first ?? "", at: Place(context.mark), firstLine: nil)
          return nil
        }
        text = next
      } catch let error as YamlError {
        report(error)
        return nil
      } catch {
        preconditionFailure("Yams throws YamlError alone: \(error)")
      }
    }
  }

  private mutating func rename(_ key: String, at mark: Mark, in text: String) -> String? {
    let length = key.unicodeScalars.count
    guard length > 0, let stand = Unicode.Scalar(0xE000 + UInt32(renamed.count)),
      var start = source.index(of: Place(mark))
    else { return nil }
    // Renamed keys take more bytes than they had, so the index is found by counting again.
    let offset = source.text.unicodeScalars.distance(
      from: source.text.startIndex, to: start)
    let scalars = text.unicodeScalars
    guard
      let moved = scalars.index(scalars.startIndex, offsetBy: offset, limitedBy: scalars.endIndex)
    else { return nil }
    start = moved
    if start < scalars.endIndex, scalars[start] == "\"" || scalars[start] == "'" {
      start = scalars.index(after: start)
    }
    guard scalars[start...].starts(with: key.unicodeScalars) else { return nil }
    let name = String(
      String.UnicodeScalarView(Array(repeating: stand, count: length)))
    renamed[name] = renamed[key] ?? key
    let end = scalars.index(start, offsetBy: length)
    return String(text[..<start]) + name + String(text[end...])
  }

  private func report(_ error: YamlError) {
    switch error {
    case .parser(_, let problem, let mark, _) where problem.hasPrefix("Maximum nesting level"):
      findings.report(
        .tooComplex, at: Place(mark), in: source, "more than 1,000 levels of nesting",
        hint: "write it flatter")
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _):
      findings.report(
        .yamlSyntax, at: Place(mark), in: source, "the YAML cannot be read: \(problem)",
        hint: "look at the indentation, quotes and brackets at and before this place")
    case .composer(_, let problem, let mark, _):
      let isAlias = problem.contains("alias")
      findings.report(
        isAlias ? .aliasRefused : .yamlSyntax, at: Place(mark), in: source,
        isAlias ? "an alias ('*') is used" : "the file holds more than one document",
        hint: isAlias
          ? "write the value out; quote a text that begins with '*'"
          : "keep one document in a file")
    default:
      findings.report(
        .yamlSyntax, at: Place(line: 1, column: 1), in: source, "the YAML cannot be read",
        hint: "save the file as plain UTF-8 text")
    }
  }
}

// MARK: - From parser nodes to the tree

extension DocumentComposer {
  /// Stops at the first anchor, in the order of the file, so that no alias is ever followed.
  private func convert(_ node: Node, depth: Int) -> DocumentNode? {
    let place = Place(node.mark)
    guard depth <= DocumentComposer.maximumDepth else {
      findings.report(
        .tooComplex, at: place, in: source,
        "more than \(DocumentComposer.maximumDepth) levels of nesting", hint: "write it flatter")
      return nil
    }
    guard node.anchor == nil else {
      findings.report(
        .aliasRefused, at: place, in: source, "an anchor ('&') is used",
        hint: "write the value out where it is needed; quote a text that begins with '&'")
      return nil
    }
    switch node {
    case .scalar(let scalar): return convert(scalar, at: place)
    case .sequence(let sequence):
      refuse(sequence.tag, standard: "seq", at: place)
      var elements: [DocumentNode] = []
      for element in sequence {
        guard let element = convert(element, depth: depth + 1) else { return nil }
        elements.append(element)
      }
      return DocumentNode(content: .sequence(elements), place: place)
    case .mapping(let mapping):
      refuse(mapping.tag, standard: "map", at: place)
      return convert(mapping, at: place, depth: depth)
    case .alias(let alias):
      preconditionFailure("the parser replaces aliases: \(alias.anchor)")
    }
  }

  private func convert(_ scalar: Node.Scalar, at place: Place) -> DocumentNode {
    refuse(scalar.tag, standard: "str", at: place)
    let isPlain = scalar.style == .plain
    var place = place
    let isBlock = scalar.style == .literal || scalar.style == .folded
    if !isBlock, !scalar.string.contains("\n") {
      place.width = max(1, scalar.string.unicodeScalars.count + (isPlain ? 0 : 2))
    }
    return DocumentNode(
      content: .scalar(DocumentNode.Scalar(text: scalar.string, isPlain: isPlain)), place: place)
  }

  private func convert(_ mapping: Node.Mapping, at place: Place, depth: Int) -> DocumentNode? {
    var entries: [DocumentNode.Entry] = []
    var lines: [String: Int] = [:]
    for (keyNode, valueNode) in mapping {
      guard let key = convert(keyNode, depth: depth + 1),
        let value = convert(valueNode, depth: depth + 1)
      else { return nil }
      guard let scalar = key.scalar, !key.isNull else {
        findings.report(
          .keyNotText, at: key.place, in: source, "a key is \(key.kindWord)",
          hint: "a key is a name")
        continue
      }
      let name = renamed[scalar.text] ?? scalar.text
      if let first = lines[name] {
        reportDuplicate(name, at: key.place, firstLine: first)
        continue
      }
      lines[name] = key.place.line
      entries.append(DocumentNode.Entry(key: name, place: key.place, value: value))
    }
    return DocumentNode(content: .mapping(entries), place: place)
  }

  private func reportDuplicate(_ key: String, at place: Place, firstLine: Int?) {
    findings.report(
      .duplicateKey, at: place, in: source, "key '\(key)' is given twice",
      hint: firstLine.map { "keep this one or the one in line \($0)" } ?? "keep one of them")
  }

  private func refuse(_ tag: Tag, standard: String, at place: Place) {
    let name = tag.rawValue
    guard !name.isEmpty, name != "!", name != "tag:yaml.org,2002:\(standard)" else { return }
    findings.report(
      .tagRefused, at: place, in: source, "a tag ('!') is used",
      hint: "types come from the key; quote a text that begins with '!'")
  }
}

extension Place {
  fileprivate init(_ mark: Mark?) {
    self.init(line: max(1, mark?.line ?? 1), column: max(1, mark?.column ?? 1))
  }
}
