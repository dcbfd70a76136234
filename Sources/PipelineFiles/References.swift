/// Puts variables, environment and secrets where `${var:N}`, `${env:N}` and `${secret:N}` stand.
///
/// It works on parsed scalars, so that a value can never become a key, a list or another reference.
final class References {
  /// How far out on a line a reference's own place is looked for.
  private static let maximumColumn = 2000
  /// The most references and texts between them in one value.
  private static let maximumPieces = 100

  private let reader: ValueReader
  private let variables: [VariableDeclaration]
  private let environment: [String: String]
  /// The variables that were asked for.
  private(set) var used: Set<String> = []

  init(
    _ variables: [VariableDeclaration], environment: [String: String], reader: ValueReader
  ) {
    self.variables = variables
    self.environment = environment
    self.reader = reader
  }

  /// The node with every reference in its scalars put in; reports those that cannot be.
  ///
  /// An entry whose whole value is an optional variable without a value is left out.
  func resolve(_ node: DocumentNode) -> DocumentNode {
    var node = node
    switch node.content {
    case .scalar(let scalar):
      if scalar.text.contains("${") { node.content = .scalar(resolve(scalar, at: node.place)) }
    case .sequence(let elements):
      node.content = .sequence(elements.filter { !isLeftOut($0) }.map(resolve))
    case .mapping(let entries):
      node.content = .mapping(
        entries.filter { !isLeftOut($0.value) }.map {
          DocumentNode.Entry(key: $0.key, place: $0.place, value: resolve($0.value))
        })
    }
    return node
  }

  private func isLeftOut(_ node: DocumentNode) -> Bool {
    guard let text = node.scalar?.text, text.hasPrefix("${var:") else { return false }
    let pieces = References.pieces(of: text)
    guard pieces.count == 1, case .reference("var", let name, _) = pieces[0],
      variables.contains(where: { $0.name == name && $0.isLeftOut })
    else { return false }
    used.insert(name)
    return true
  }

  /// Reports references where none may stand: the graph and its labels are the same whatever the
  /// command line and environment say.
  func refuse(_ node: DocumentNode, in subject: String) -> DocumentNode {
    var node = node
    switch node.content {
    case .scalar(var scalar):
      guard let raw = References.pieces(of: scalar.text).first(where: { $0.isReference }) else {
        return node
      }
      var column = node.place.column
      reader.report(
        .misplacedReference, at: place(of: raw.raw, within: node.place, from: &column),
        "a reference stands in \(subject)",
        hint: "write the value out: references stand in settings, sizes, times and file names")
      scalar.isUnresolved = true
      node.content = .scalar(scalar)
    case .sequence(let elements): node.content = .sequence(elements.map { refuse($0, in: subject) })
    case .mapping(let entries):
      node.content = .mapping(
        entries.map {
          DocumentNode.Entry(key: $0.key, place: $0.place, value: refuse($0.value, in: subject))
        })
    }
    return node
  }

  private func resolve(_ scalar: DocumentNode.Scalar, at place: Place) -> DocumentNode.Scalar {
    let pieces = References.pieces(of: scalar.text)
    var result = DocumentNode.Scalar(text: "", isPlain: true, secret: nil)
    guard pieces.count <= References.maximumPieces else {
      reader.report(
        .tooComplex, at: place, "one value has \(pieces.count) references and texts between",
        hint: "at most \(References.maximumPieces) may stand in one")
      result.isUnresolved = true
      return result
    }
    var column = place.column
    for piece in pieces {
      let place = self.place(of: piece.raw, within: place, from: &column)
      switch piece {
      case .text(let text): result.text += text
      case .malformed:
        result.isUnresolved = true
        reader.report(
          .badReference, at: place, "'\(ValueReader.cut(piece.raw))' is not a reference",
          hint: "write ${var:NAME}, ${env:NAME} or ${secret:NAME}, or $${ for the text '${'")
      case .reference("secret", let name, _):
        if pieces.count == 1 {
          result.secret = name
          result.text = "secret:\(name)"
        } else {
          result.isUnresolved = true
          reader.report(
            .misplacedReference, at: place, "a secret stands within a text",
            hint: "a secret is the whole value of a setting that asks for one")
        }
      case .reference(let kind, let name, _):
        if let value = value(kind, name, at: place) {
          result.text += value
        } else {
          result.isUnresolved = true
        }
      }
    }
    let isWholeReference = pieces.contains { $0.isReference }
    if !isWholeReference { result.isPlain = scalar.isPlain }
    return result
  }

  private func value(_ kind: String, _ name: String, at place: Place) -> String? {
    switch kind {
    case "var":
      used.insert(name)
      guard let variable = variables.first(where: { $0.name == name }) else {
        reader.findings.reportUnknown(
          .undeclaredVariable, at: place, in: reader.source,
          "no variable '\(name)' is declared", name: name, known: variables.map(\.name),
          otherwise: "declare it: 'vars: {\(name): {type: text}}'")
        return nil
      }
      if variable.isLeftOut {
        reader.report(
          .variableWithoutValue, at: place, "the optional variable '\(name)' has no value",
          hint: "give --var \(name)=VALUE; only a whole setting is left out without it")
      }
      return variable.value
    case "env":
      if let value = environment[name] { return value }
      reader.report(
        .missingEnvironment, at: place, "the environment has no variable '\(name)'",
        hint: "set it, or use ${var:\(name)}")
      return nil
    default:
      reader.findings.reportUnknown(
        .badReference, at: place, in: reader.source, "there is no reference of kind '\(kind)'",
        name: kind, known: ["var", "env", "secret"], otherwise: "there are var, env and secret")
      return nil
    }
  }

  /// Where a reference stands, found in the source line; the scalar's own place when its text is
  /// not there as it is (escapes, several lines).
  ///
  /// - Parameter column: where to look from; moved past what was found.
  private func place(of raw: String, within place: Place, from column: inout Int) -> Place {
    // Far out on a line made by a program, the scalar's own place has to do.
    guard place.column < References.maximumColumn else { return place }
    let line = Array(
      reader.source.line(place.line, limit: 2 * References.maximumColumn).unicodeScalars)
    let wanted = Array(raw.unicodeScalars)
    let last = line.count - wanted.count
    guard !wanted.isEmpty, column - 1 <= last else { return place }
    for start in (column - 1)...last
    where line[start..<(start + wanted.count)].elementsEqual(wanted) {
      column = start + wanted.count + 1
      return Place(line: place.line, column: start + 1, width: wanted.count)
    }
    return place
  }
}

extension References {
  /// A stretch of a scalar.
  enum Piece {
    case text(String)
    case reference(kind: String, name: String, raw: String)
    case malformed(String)

    var isReference: Bool { if case .reference = self { true } else { false } }
    var raw: String {
      switch self {
      case .text(let text), .malformed(let text): text
      case .reference(_, _, let raw): raw
      }
    }
  }

  /// Cuts a text at its references; `$${` stands for the text `${`.
  static func pieces(of text: String) -> [Piece] {
    var pieces: [Piece] = []
    var plain = ""
    var rest = text[...]
    while let dollar = rest.firstIndex(of: "$") {
      plain += rest[..<dollar]
      rest = rest[dollar...]
      if rest.hasPrefix("$${") {
        plain += "${"
        rest = rest.dropFirst(3)
      } else if rest.hasPrefix("${") {
        if !plain.isEmpty { pieces.append(.text(plain)) }
        plain = ""
        let end = rest.firstIndex(of: "}").map { rest.index(after: $0) } ?? rest.endIndex
        pieces.append(reference(String(rest[..<end])))
        rest = rest[end...]
      } else {
        plain += "$"
        rest = rest.dropFirst()
      }
    }
    plain += rest
    if !plain.isEmpty || pieces.isEmpty { pieces.append(.text(plain)) }
    return pieces
  }

  private static func reference(_ raw: String) -> Piece {
    guard raw.hasSuffix("}") else { return .malformed(raw) }
    let parts = raw.dropFirst(2).dropLast().split(
      separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[0].isEmpty, isName(parts[1]) else { return .malformed(raw) }
    return .reference(kind: String(parts[0]), name: String(parts[1]), raw: raw)
  }

  /// Letters, digits, `_`, `-` and `.`, at most 64.
  static func isName(_ text: some StringProtocol) -> Bool {
    (1...64).contains(text.utf8.count)
      && text.utf8.allSatisfy {
        (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0)
          || $0 == 95 || $0 == 45 || $0 == 46
      }
  }
}
