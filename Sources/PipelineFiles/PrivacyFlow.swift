import ClinicalRecords
import StageKit

/// The privacy labels of a graph (DESIGN §4): the output's label is the highest of the inputs',
/// lowered only by a grant on a stage whose manifest can; a sink takes at most what it accepts.
///
/// A sink that takes released records says what it `accepts`, since such records come with either
/// lower label. A sink of any other type takes identified records by its type and writes below
/// `private/` alone; it may state less and then takes less.
struct PrivacyFlow {
  let graph: StageGraph
  let reader: ValueReader
  let dataFolder: String
  /// For each stage, the label of what it makes, or of the highest that a sink is given.
  private(set) var labels: [PrivacyLabel]

  /// Works the labels out and reports every path on which something identifying would leave.
  init(_ graph: StageGraph, reader: ValueReader, dataFolder: String) {
    self.graph = graph
    self.reader = reader
    self.dataFolder = dataFolder
    labels = [PrivacyLabel](repeating: .identified, count: graph.drafts.count)
    for position in graph.order {
      let draft = graph.drafts[position]
      let given = graph.inputs[position].map { labels[$0.stage] }.max() ?? .identified
      labels[position] = draft.declassify.map { min($0, given) } ?? given
      checkGrant(draft, given: given)
    }
    for position in graph.order { checkSink(position) }
  }

  /// What a sink takes at most; `nil` for other stages and for sinks that must say and do not.
  static func accepted(by draft: StageDraft) -> PrivacyLabel? {
    guard let entry = draft.entry, entry.output == nil, let input = entry.input else { return nil }
    return draft.accepts ?? (carriesReleased(input) ? nil : .identified)
  }

  /// Whether a type's records carry one of the lower labels (DESIGN §9).
  private static func carriesReleased(_ type: RecordType) -> Bool {
    type.schema.name == Released.schema.name || type.schema.name.hasPrefix("anagen.released-")
  }

  private func checkGrant(_ draft: StageDraft, given: PrivacyLabel) {
    guard let grant = draft.declassify, let entry = draft.entry, entry.output != nil else { return }
    guard let lowest = entry.manifest.declassifiesTo else {
      reader.report(
        .grantRefused, at: draft.labelPlace,
        "\(draft.subject) cannot declassify: '\(entry.manifest.id)' does not de-identify",
        hint: "remove 'declassify' and put a de-identifying stage in its place")
      return
    }
    if grant < lowest {
      reader.report(
        .grantRefused, at: draft.labelPlace,
        "\(draft.subject) cannot give \(grant.rawValue) records",
        hint: "'\(entry.manifest.id)' gives \(lowest.rawValue) ones at best")
    } else if let settings = draft.settings,
      let gives = entry.givenLabel(settings.settings), gives.label > grant
    {
      let remedy = gives.values[grant].map { ", or set '\(gives.setting): \($0)'" } ?? ""
      reader.report(
        .grantRefused, at: draft.labelPlace,
        "\(draft.subject) gives \(gives.label.rawValue) records with "
          + "'\(gives.setting): \(gives.values[gives.label] ?? "")', not \(grant.rawValue) ones",
        hint: "write 'declassify: \(gives.label.rawValue)'\(remedy)")
    } else if grant >= given {
      reader.report(
        .grantUnneeded, .warning, at: draft.labelPlace,
        "\(draft.subject) is given \(given.rawValue) records already", hint: "remove 'declassify'")
    }
  }

  private func checkSink(_ position: Int) {
    let draft = graph.drafts[position]
    guard let entry = draft.entry, entry.output == nil else { return }
    if draft.isAcceptsWrong { return }
    guard let accepted = PrivacyFlow.accepted(by: draft) else {
      reader.report(
        .missingAccepts, at: draft.place, "\(draft.subject) does not say what it accepts",
        hint: "add 'accepts: pseudonymised' or 'accepts: deidentified'")
      return
    }
    var highest = PrivacyLabel.deidentified
    for input in graph.inputs[position] {
      let label = labels[input.stage]
      highest = max(highest, label)
      guard label > accepted else { continue }
      let (path, hint) = leak(from: input.stage, to: accepted)
      reader.report(
        .privacy, at: input.place,
        "\(draft.subject) accepts \(accepted.rawValue) records, and "
          + "'\(graph.drafts[input.stage].name)' gives \(label.rawValue) ones "
          + "(\(path) -> \(draft.name))",
        hint: hint)
    }
    guard highest == .identified, accepted == .identified else { return }
    for output in draft.settings?.outputs ?? []
    where FilePaths.relative(output.path, to: "\(dataFolder)/private") == nil {
      reader.report(
        .identifiedOutside, at: output.place,
        "\(draft.subject) would write identified records where things may leave",
        hint: "write below 'private/' of the data folder, or de-identify before it")
    }
  }

  /// The way that identifying records took, and what to do about it.
  private func leak(from stage: Int, to accepted: PrivacyLabel) -> (path: String, hint: String) {
    var path: [Int] = []
    var current: Int? = stage
    while let position = current, path.count <= graph.drafts.count {
      path.append(position)
      current = graph.inputs[position].first { labels[$0.stage] > accepted }?.stage
    }
    let names = path.reversed().map { graph.drafts[$0].name }.joined(separator: " -> ")
    let able = path.first { position in
      (graph.drafts[position].entry?.manifest.declassifiesTo).map { $0 <= accepted } ?? false
    }
    guard let able else { return (names, "put a de-identifying stage between") }
    return (names, "grant it: 'declassify: \(accepted.rawValue)' on '\(graph.drafts[able].name)'")
  }
}
