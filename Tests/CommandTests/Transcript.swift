/// A session with a shell: comments, commands, and what each printed.
///
/// ```
/// # a comment
/// $ anagen measure no.jpg --um-per-px 5
/// 2> error: no.jpg: cannot be opened: No such file or directory; check the name
/// [74]
///
/// ```
///
/// A command goes on in lines that start with `> `. Lines of stdout stand as they are, lines of
/// stderr behind `2> `, all of stdout first; an exit status other than 0 stands in brackets. In an
/// expected line `[..]` stands for any text, and a line `[...]` for any lines.
struct Transcript {
  /// A command and what came of it.
  struct Step {
    var comment: [String]
    var command: String
    var outcome: Outcome
  }

  /// What a command printed and how it ended.
  struct Outcome: Equatable {
    var lines: [String]
    var status: Int32

    /// The lines as they stand in a transcript.
    var text: String {
      (lines + (status == 0 ? [] : ["[\(status)]"])).map { $0 + "\n" }.joined()
    }
  }

  var steps: [Step]

  init(parsing text: String) {
    steps = []
    var comment: [String] = []
    for line in text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
      if line.hasPrefix("$ ") {
        steps.append(
          Step(
            comment: comment, command: String(line.dropFirst(2)),
            outcome: Outcome(lines: [], status: 0)))
        comment = []
      } else if line.hasPrefix("# ") || line == "#" {
        comment.append(line)
      } else if let last = steps.indices.last, comment.isEmpty {
        if line.hasPrefix("> "), steps[last].outcome.lines.isEmpty {
          steps[last].command += "\n" + line.dropFirst(2)
        } else if line.hasPrefix("["), line.hasSuffix("]"),
          let status = Int32(line.dropFirst().dropLast())
        {
          steps[last].outcome.status = status
        } else {
          steps[last].outcome.lines.append(line)
        }
      }
    }
    for index in steps.indices {
      while steps[index].outcome.lines.last == "" { steps[index].outcome.lines.removeLast() }
    }
  }

  /// The file's text; parsing it gives the same transcript.
  var text: String {
    steps.map { step in
      let command = step.command.split(separator: "\n", omittingEmptySubsequences: false)
      return (step.comment + ["$ \(command[0])"] + command.dropFirst().map { "> \($0)" })
        .map { $0 + "\n" }.joined() + step.outcome.text
    }.joined(separator: "\n")
  }
}

extension Transcript.Outcome {
  /// Puts the expected lines in the place of those that they match, so that patterns survive a
  /// recording and a comparison shows only what differs.
  func adopting(patternsOf expected: Transcript.Outcome) -> Transcript.Outcome {
    guard let matched = matching(lines[...], expected.lines[...]) else {
      var result = self
      for (index, pattern) in expected.lines.enumerated()
      where index < lines.count && Self.matches(lines[index], pattern) {
        result.lines[index] = pattern
      }
      return result
    }
    return Transcript.Outcome(lines: matched, status: status)
  }

  /// The patterns, when they match all lines.
  private func matching(_ lines: ArraySlice<String>, _ patterns: ArraySlice<String>) -> [String]? {
    guard let pattern = patterns.first else { return lines.isEmpty ? [] : nil }
    if pattern == "[...]" {
      for start in lines.startIndex...lines.endIndex {
        if let rest = matching(lines[start...], patterns.dropFirst()) { return [pattern] + rest }
      }
      return nil
    }
    guard let line = lines.first, Self.matches(line, pattern) else { return nil }
    return matching(lines.dropFirst(), patterns.dropFirst()).map { [pattern] + $0 }
  }

  private static func matches(_ line: String, _ pattern: String) -> Bool {
    let parts = pattern.split(separator: "[..]", omittingEmptySubsequences: false)
    guard parts.count > 1, let first = parts.first, let last = parts.last else {
      return line == pattern
    }
    guard line.hasPrefix(first) else { return false }
    var rest = line.dropFirst(first.count)
    for part in parts.dropFirst().dropLast() {
      guard let found = rest.firstRange(of: part) else { return false }
      rest = rest[found.upperBound...]
    }
    return rest.count >= last.count && rest.hasSuffix(last)
  }
}
