import ClinicalRecords

extension PluginDescription {
  /// The text of `plugin.yaml`: everything that the host knows of the plugin before it starts it.
  ///
  /// - Parameter stages: transforms and sinks.
  func manifestText(of stages: [StageEntry]) -> String {
    var lines = [
      "anagen_plugin: 1", "name: \(quoted(name))", "version: \(quoted(version))", "protocols: [1]",
      "command: [\(command.map(quoted).joined(separator: ", "))]", "stages:",
    ]
    for entry in stages { lines += text(of: entry) }
    return lines.joined(separator: "\n") + "\n"
  }

  private func text(of entry: StageEntry) -> [String] {
    let manifest = entry.manifest
    var lines = [
      "  \(manifest.id):", "    kind: \(entry.kind.rawValue)",
      "    summary: \(quoted(manifest.summary))",
    ]
    func add(_ key: String, _ text: String?) {
      if let text { lines.append("    \(key): \(text)") }
    }
    add("takes", entry.input?.schema.description)
    add("makes", entry.output?.schema.description)
    add("result_version", quoted(manifest.resultVersion))
    add("working_set", "\(manifest.workingSetBytes)B")
    add("declassifies_to", manifest.declassifiesTo?.rawValue)
    add("reads_clock", manifest.readsClock ? "true" : nil)
    add("effect", manifest.effect?.rawValue)
    guard !entry.settings.isEmpty else { return lines }
    lines.append("    settings:")
    for setting in entry.settings {
      lines.append("      \(setting.key):")
      lines += words(of: setting.kind).map { "        \($0)" }
      if setting.required {
        lines.append("        required: true")
      } else if let standard = entry.defaults[setting.key], standard != .null {
        lines.append("        default: \(standard.text)")
      }
      lines.append("        help: \(quoted(setting.help))")
    }
    return lines
  }

  private func words(of kind: SettingDeclaration.Kind) -> [String] {
    switch kind {
    case .boolean: ["type: boolean"]
    case .integer(let range):
      ["type: integer", "minimum: \(range.lowerBound)", "maximum: \(range.upperBound)"]
    case .number(let range, let unit):
      [
        "type: number", "minimum: \(JSONValue.number(range.lowerBound).text)",
        "maximum: \(JSONValue.number(range.upperBound).text)",
      ] + (unit.map { ["unit: \(quoted($0))"] } ?? [])
    case .text: ["type: text"]
    case .choice(let values):
      ["type: choice", "values: [\(values.map(quoted).joined(separator: ", "))]"]
    case .inputFile: ["type: file"]
    case .inputFolder: ["type: folder"]
    case .outputPath: ["type: output"]
    case .secret: ["type: secret"]
    case .list(let kind):
      ["type: list", "of:"] + words(of: kind).map { "  \($0)" }
    }
  }

  /// A JSON text, which every YAML 1.2 reader takes for the same.
  private func quoted(_ text: String) -> String { JSONValue.string(text).text }
}
