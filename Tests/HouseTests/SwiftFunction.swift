/// A function of a Swift file: its name and how many lines it takes, signature included.
struct SwiftFunction: Equatable {
  let name: String
  let line: Int
  let lineCount: Int

  /// Every `func`, `init`, `deinit` and `subscript` with a body, in order of appearance.
  static func all(in source: SwiftSource) -> [SwiftFunction] {
    let code = String(decoding: source.code, as: UTF8.self)
    let declaration =
      /(?:^|[^\w.])(func\s+[^\s(<]+|init[?!]?(?=\s*[(<])|deinit\b|subscript(?=\s*[(<]))/
    return code.matches(of: declaration).compactMap { match in
      let start = match.1.startIndex
      guard let body = bodyStart(in: code, after: match.1.endIndex),
        let end = matchingBrace(in: code, from: body)
      else { return nil }
      return SwiftFunction(
        name: String(match.1), line: code[..<start].count { $0 == "\n" } + 1,
        lineCount: code[start...end].count { $0 == "\n" } + 1)
    }
  }

  /// The brace that opens the body; nil for a requirement, a call or a pattern.
  private static func bodyStart(in code: String, after start: String.Index) -> String.Index? {
    var depth = 0
    var index = start
    while index < code.endIndex {
      switch code[index] {
      case "(", "[": depth += 1
      case ")", "]": depth -= 1
      case "{" where depth == 0: return index
      case "}" where depth == 0: return nil
      case "\n" where depth == 0 && !continues(code[code.index(after: index)...], code[..<index]):
        return nil
      default: break
      }
      if depth < 0 { return nil }
      index = code.index(after: index)
    }
    return nil
  }

  /// Whether a signature goes on over the line break between `before` and `after`.
  private static func continues(_ after: Substring, _ before: Substring) -> Bool {
    let next = after.drop { $0 == " " || $0 == "\n" }
    let words = ["{", "->", "where", "async", "throws", "rethrows", "(", "<", ">"]
    if words.contains(where: next.hasPrefix) { return true }
    let last = before.reversed().first { $0 != " " } ?? "\n"
    return [",", ">", "&", ":", "=", "<"].contains(last)
  }

  private static func matchingBrace(in code: String, from start: String.Index) -> String.Index? {
    var depth = 0
    var index = start
    while index < code.endIndex {
      if code[index] == "{" { depth += 1 }
      if code[index] == "}" { depth -= 1 }
      if depth == 0 { return index }
      index = code.index(after: index)
    }
    return nil
  }
}
