import ClinicalRecords
public import StageKit

/// What every stage must hold to, in-tree or not: an empty list of problems is a pass.
///
/// The declaration's checks need nothing but the type; a transform's and a source's also call it.
public enum StageConformance {
  /// Checks what a stage declares: manifest, settings, schema, help.
  public static func problems(of entry: StageEntry) -> [String] {
    var problems: [String] = []
    func expect(_ condition: Bool, _ what: String) {
      if !condition { problems.append("\(entry.manifest.id): \(what)") }
    }
    let manifest = entry.manifest
    let words = manifest.id.split(separator: ".", omittingEmptySubsequences: false)
    expect(
      words.count == 2 && words.allSatisfy(isWord),
      "the id is two words of a-z, 0-9 and _ joined by a dot")
    expect(
      manifest.summary.hasSuffix("."), "the summary is a sentence that ends with a full stop")
    expect(manifest.summary.count <= 160, "the summary fits in two lines of a terminal")
    expect(!manifest.resultVersion.isEmpty, "results have a version")
    expect(manifest.workingSetBytes >= 0, "the working set is a size in bytes")
    let effectProblem = entry.effectProblem
    expect(effectProblem == nil, "its effect stays single: \(effectProblem ?? "")")
    expect(
      manifest.declassifiesTo == nil || entry.kind == .transform, "only a transform lowers a label")
    expect(!manifest.live || entry.kind == .source, "only a source is live")
    problems += settingsProblems(of: entry)
    return problems
  }

  private static func settingsProblems(of entry: StageEntry) -> [String] {
    var problems: [String] = []
    func expect(_ condition: Bool, _ what: String) {
      if !condition { problems.append("\(entry.manifest.id): \(what)") }
    }
    let declared = entry.settings.map(\.key)
    expect(Set(declared).count == declared.count, "every setting is declared once")
    if case .object(let members) = entry.defaults {
      for member in members where !declared.contains(member.key) {
        expect(false, "the property behind '\(member.key)' has no declaration")
      }
    }
    for setting in entry.settings {
      expect(isWord(Substring(setting.key)), "'\(setting.key)' is in snake case")
      expect(setting.help.hasSuffix("."), "'\(setting.key)' has help that is a sentence")
      if !setting.required, case .secret = setting.kind {
        expect(false, "'\(setting.key)': a secret is required, it has no default")
      }
    }
    if !entry.settings.contains(where: \.required) {
      let problem = entry.checkSettings(.object([]), nil)
      expect(problem == nil, "its defaults are accepted: \(problem?.description ?? "")")
    }
    return problems
  }

  private static func payload(_ record: any StoredRecord) throws -> [UInt8] {
    func encode(_ record: some StoredRecord) throws -> [UInt8] {
      try CanonicalJSONEncoder().encode(record)
    }
    return try encode(record)
  }

  private static func isWord(_ text: Substring) -> Bool {
    guard let first = text.utf8.first, (97...122).contains(first) else { return false }
    return text.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 95 }
  }

  /// Calls a transform with samples and checks what it gives: the same output twice, within the
  /// bytes it said, no label above its input's, an identity that stays, no planted text in logs.
  ///
  /// - Parameters:
  ///   - type: the transform.
  ///   - settings: its settings.
  ///   - samples: inputs that it must handle, with the reference of each one's stored origin.
  ///   - host: the host to run it on.
  ///   - context: the context to make it with.
  ///   - planted: texts that must not appear in any log line.
  public static func problems<Type: Transform>(
    of type: Type.Type, settings: Type.Settings = Type.Settings(),
    samples: [(input: Type.Input, origin: LedgerReference?)], host: TestHost,
    context: StageContext, planted: [String] = []
  ) async throws -> [String] {
    var problems = problems(of: StageEntry(type))
    let first = try await Type(settings: settings, context: context)
    let second = try await Type(settings: settings, context: context)
    for (number, sample) in samples.enumerated() {
      let delivery = host.delivery(context, origin: sample.origin)
      let room = first.outputByteCount(for: sample.input)
      let output = try await first.process(sample.input, in: delivery)
      let again = try await first.process(sample.input, in: delivery)
      let other = try await second.process(sample.input, in: delivery)
      let name = "\(Type.manifest.id), sample \(number)"
      if output.byteCount > room {
        problems.append(
          "\(name): the output takes \(output.byteCount) bytes, \(room) were reserved")
      }
      if Type.manifest.declassifiesTo == nil, output.privacy > sample.input.privacy {
        problems.append("\(name): the output's label is above the input's")
      }
      if output.privacy < sample.input.privacy,
        Type.manifest.declassifiesTo.map({ output.privacy < $0 }) ?? true
      {
        problems.append("\(name): the output's label is lower than the manifest says it can be")
      }
      if output.identity != again.identity || output.identity != other.identity {
        problems.append("\(name): the same input gives two identities")
      }
      if let output = output as? any StoredRecord, let again = again as? any StoredRecord,
        let other = other as? any StoredRecord, !Type.manifest.readsClock
      {
        let payloads = try [output, again, other].map { try payload($0) }
        if Set(payloads).count != 1 {
          problems.append("\(name): the same input gives two outputs")
        }
      }
    }
    for line in host.log {
      let text = line.message + line.values.values.joined()
      for secret in planted where text.contains(secret) {
        problems.append("\(Type.manifest.id): a log line holds a planted text")
      }
    }
    return problems
  }
}
