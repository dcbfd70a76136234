package import ClinicalRecords
import Foundation
import Synchronization

/// Replaces what a stage's process knows of a subject in what it says (docs/stage-protocol.md 6.6).
package final class Redaction: Sendable {
  static let mark = "[redacted]"
  /// Shorter texts are words of every language; they are replaced only where they stand alone.
  private static let shortest = 4

  private struct State {
    /// What the child holds now, and held before: a line may come late.
    var held: [(payload: [UInt8], identity: RecordIdentity)] = []
    /// Every text in them, once somebody asked.
    var texts: [String]?
  }
  private let state = Mutex(State())
  private let secrets: [String]

  /// Starts with what is never said.
  package init(secrets: [String]) { self.secrets = secrets }

  /// The child is given a record.
  package func hold(_ payload: [UInt8], identity: RecordIdentity) {
    state.withLock { state in
      state.held = state.held.suffix(3)
      state.held.append((payload, identity))
      state.texts = nil
    }
  }

  /// Whether a word of a code is one of the subject whose record the child holds.
  ///
  /// A code cannot be redacted as a line is: `no_image` would not stand, where a media type is one.
  package func names(_ code: String) -> Bool {
    let words = Set(Redaction.words(of: code.lowercased()[...]))
    return state.withLock(\.held).contains { held in
      // KIND:study/subject/visit/…
      let places = held.identity.text.lowercased().split(separator: "/")
      return places.count > 1 && !words.isDisjoint(with: Redaction.words(of: places[1]))
    }
  }

  private static func words(of text: Substring) -> [Substring] {
    text.split { !$0.isLetter && !$0.isNumber }.filter { $0.count > 1 }
  }

  /// A line without what the child knows of a subject, at most 500 characters long.
  package func redacted(_ line: String) -> String {
    let texts = state.withLock { state in
      let known = state.texts ?? Redaction.texts(in: state.held) + secrets
      state.texts = known
      return known
    }
    var line = String(line.prefix(2 * LogLines.longest))
    for text in texts {
      if text.count >= Redaction.shortest {
        line = line.replacingOccurrences(
          of: text, with: Redaction.mark, options: [.caseInsensitive, .diacriticInsensitive])
      } else {
        line =
          line.split(omittingEmptySubsequences: false) { !$0.isLetter && !$0.isNumber }
          .reduce(into: (text: "", rest: line[...])) { result, word in
            let end = word.endIndex
            let next = end < line.endIndex ? line.index(after: end) : end
            result.text += word == text ? Redaction.mark : String(word)
            result.text += line[end..<next]
          }.text
      }
    }
    return String(line.prefix(LogLines.longest)).filter { !$0.isNewline }
  }

  /// Every text in the documents and its parts, longest first.
  private static func texts(
    in held: [(payload: [UInt8], identity: RecordIdentity)]
  ) -> [String] {
    var texts: Set<String> = []
    func add(_ value: JSONValue) {
      switch value {
      case .string(let text):
        texts.insert(text)
        for part in text.split(whereSeparator: { "/: ".contains($0) }) {
          texts.insert(String(part))
        }
        // A file's name without its extension.
        if let dot = text.lastIndex(of: ".") { texts.insert(String(text[..<dot])) }
      case .array(let values): values.forEach(add)
      case .object(let members): members.forEach { add($0.value) }
      case .null, .boolean, .integer, .number: break
      }
    }
    for (payload, identity) in held {
      add(.string(identity.text))
      do { add(try JSONValue(parsing: payload)) } catch {
        preconditionFailure("what the host encoded can be read")
      }
    }
    return texts.filter { $0.count >= 2 }.sorted { ($1.count, $0) < ($0.count, $1) }
  }
}

/// Lets so many lines through in a second.
final class LineRate: Sendable {
  static let most = 20
  private let state = Mutex((second: Int64(0), count: 0))

  /// Whether one more may pass, and how many did not in the second before.
  func pass() -> (isAllowed: Bool, withheld: Int) {
    let now = Int64(Date().timeIntervalSinceReferenceDate)
    return state.withLock { state in
      var withheld = 0
      if state.second != now {
        withheld = max(0, state.count - LineRate.most)
        state = (now, 0)
      }
      state.count += 1
      return (state.count <= LineRate.most, withheld)
    }
  }
}
