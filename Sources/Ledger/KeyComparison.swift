import Foundation

/// The parts in which two reuse keys differ, in words.
enum KeyComparison {
  /// The longest value that is shown: a digest stands whole, and settings may be long lists.
  private static let longestValue = 80

  /// Compares what two keys were made of.
  ///
  /// - Returns: one line a part, such as `hair.analyse: settings.polarity: "dark" -> "light"`;
  ///   empty when they are the same or cannot be read.
  static func differences(_ before: String, _ after: String) -> [String] {
    guard let old = document(before), let new = document(after) else { return [] }
    return stages(old, new)
  }

  /// Compares any two documents; one line a part.
  static func documents(_ before: String, _ after: String) -> [String] {
    guard let old = document(before), let new = document(after) else { return [] }
    return Set(old.keys).union(new.keys).sorted().flatMap { values(old[$0], new[$0], $0) }
  }

  private static func document(_ text: String) -> [String: Any]? {
    do {
      return try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
    } catch {
      return nil  // a key of a format that kept no parts
    }
  }

  /// A stage's own parts, then those of the stages that follow it to the next stored record.
  private static func stages(_ old: [String: Any], _ new: [String: Any]) -> [String] {
    let name = new["stage"] as? String ?? "?"
    var lines: [String] = []
    for key in Set(old.keys).union(new.keys).subtracting(["next"]).sorted() {
      lines += values(old[key], new[key], "\(name): \(key)")
    }
    let followers = (old["next"] as? [[String: Any]] ?? [], new["next"] as? [[String: Any]] ?? [])
    if followers.0.count != followers.1.count {
      lines.append("\(name): the stages that follow it")
    }
    for (before, after) in zip(followers.0, followers.1) { lines += stages(before, after) }
    return lines
  }

  private static func values(_ old: Any?, _ new: Any?, _ path: String) -> [String] {
    if let old = old as? [String: Any], let new = new as? [String: Any] {
      return Set(old.keys).union(new.keys).sorted().flatMap {
        values(old[$0], new[$0], "\(path).\($0)")
      }
    }
    if let old = named(old), let new = named(new) {
      return Set(old.keys).union(new.keys).sorted().flatMap { name -> [String] in
        switch (old[name], new[name]) {
        case (_?, nil): ["\(path)[\(name)]: removed"]
        case (nil, _?): ["\(path)[\(name)]: added"]
        case (let old, let new): values(old, new, "\(path)[\(name)]")
        }
      }
    }
    let texts = (text(old), text(new))
    return texts.0 == texts.1 ? [] : ["\(path): \(cut(texts.0)) -> \(cut(texts.1))"]
  }

  /// A list's objects by their names, when each has one of its own.
  private static func named(_ list: Any?) -> [String: Any]? {
    guard let list = list as? [[String: Any]] else { return nil }
    let names = list.compactMap { ($0["name"] ?? $0["path"]) as? String }
    guard names.count == list.count, Set(names).count == names.count else { return nil }
    return Dictionary(zip(names, list), uniquingKeysWith: { first, _ in first })
  }

  private static func text(_ value: Any?) -> String {
    guard let value else { return "nothing" }
    do {
      let data = try JSONSerialization.data(
        withJSONObject: value, options: [.fragmentsAllowed, .sortedKeys, .withoutEscapingSlashes])
      return String(decoding: data, as: UTF8.self)
    } catch {
      return "\(value)"
    }
  }

  private static func cut(_ text: String) -> String {
    text.count <= longestValue ? text : text.prefix(longestValue) + "…"
  }
}
