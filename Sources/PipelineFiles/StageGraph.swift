import ClinicalRecords
import StageKit

/// The wiring of the stages: who takes from whom, checked, and the order to start them in.
struct StageGraph {
  let drafts: [StageDraft]
  /// For each stage, the positions of the stages it takes from, with the place that says so.
  let inputs: [[(stage: Int, place: Place)]]
  /// Positions in topological order, otherwise in the order of the file; without stages in cycles
  /// and what comes after them.
  let order: [Int]

  /// Wires the stages; reports unknown inputs, cycles, types that do not meet, and outputs that go
  /// nowhere.
  init(_ drafts: [StageDraft], reader: ValueReader) {
    self.drafts = drafts
    var meant: Set<String> = []
    inputs = StageGraph.wire(drafts, reader, &meant)
    order = StageGraph.order(inputs)
    reportCycles(reader)
    reportTypes(reader)
    reportLooseEnds(reader, meant: meant)
  }

  /// - Parameter meant: takes the stages that misspelt inputs were meant to be.
  private static func wire(
    _ drafts: [StageDraft], _ reader: ValueReader, _ meant: inout Set<String>
  ) -> [[(stage: Int, place: Place)]] {
    var positions: [String: Int] = [:]
    for (position, draft) in drafts.enumerated() { positions[draft.name] = position }
    let names = drafts.map(\.name)
    return drafts.map { draft in
      draft.inputs.compactMap { input in
        guard let position = positions[input.name] else {
          let nearest = reader.findings.reportUnknown(
            .unknownInput, at: input.place, in: reader.source,
            "\(draft.subject) takes from '\(ValueReader.cut(input.name))', which is no stage",
            name: input.name, known: names, otherwise: "name a key of 'stages'")
          if let nearest { meant.insert(nearest) }
          return nil
        }
        if let entry = drafts[position].entry, entry.output == nil {
          reader.report(
            .inputIsSink, at: input.place,
            "\(draft.subject) takes from '\(input.name)', a \(entry.kind.rawValue), "
              + "which gives nothing on",
            hint: "take from the stage before it")
          return nil
        }
        return (position, input.place)
      }
    }
  }

  /// Kahn's algorithm (1962, doi 10.1145/368996.369025); of several that are ready, the first of
  /// the file is taken.
  private static func order(_ inputs: [[(stage: Int, place: Place)]]) -> [Int] {
    var waiting = inputs.map { $0.count }
    var outputs = [[Int]](repeating: [], count: inputs.count)
    for (position, sources) in inputs.enumerated() {
      for source in sources { outputs[source.stage].append(position) }
    }
    var ready = waiting.indices.filter { waiting[$0] == 0 }
    var order: [Int] = []
    while let next = ready.min() {
      ready.removeAll { $0 == next }
      order.append(next)
      for output in outputs[next] {
        waiting[output] -= 1
        if waiting[output] == 0 { ready.append(output) }
      }
    }
    return order
  }

  /// Names each cycle once, in the direction in which records would pass.
  private func reportCycles(_ reader: ValueReader) {
    let ordered = Set(order)
    var seen = ordered
    for start in drafts.indices where !seen.contains(start) {
      var path: [Int] = []
      var current = start
      // Each stage left over takes from one that is left over too.
      while !seen.contains(current) {
        seen.insert(current)
        path.append(current)
        guard let next = inputs[current].first(where: { !ordered.contains($0.stage) }) else {
          break
        }
        current = next.stage
      }
      guard let first = path.firstIndex(of: current) else { continue }
      report(cycle: Array(path[first...]), reader)
    }
  }

  /// - Parameter cycle: each stage takes from the one after it, the last from the first.
  private func report(cycle: [Int], _ reader: ValueReader) {
    guard let earliest = cycle.min(), let position = cycle.firstIndex(of: earliest) else { return }
    let rotated = Array(cycle[position...] + cycle[..<position])
    let names = ([earliest] + rotated.dropFirst().reversed() + [earliest]).map { drafts[$0].name }
    let source = rotated.count > 1 ? rotated[1] : earliest
    let place = inputs[earliest].first { $0.stage == source }?.place ?? drafts[earliest].place
    reader.report(
      .cycle, at: place, "the stages go in a circle: \(names.joined(separator: " -> "))",
      hint: "records flow one way; take one of these out of 'from'")
  }

  private func reportTypes(_ reader: ValueReader) {
    for (position, draft) in drafts.enumerated() {
      guard let wanted = draft.entry?.input else { continue }
      for input in inputs[position] {
        guard let given = drafts[input.stage].entry?.output else { continue }
        let source = drafts[input.stage].name
        // What takes every schema of outside plugins.
        if wanted.schema == ForeignRecord.schema, wanted.identifier == given.identifier { continue }
        if !wanted.schema.accepts(given.schema) {
          reader.report(
            .schemaMismatch, at: input.place,
            "\(draft.subject) takes \(wanted.schema), and '\(source)' gives \(given.schema)",
            hint: hint(forInputOf: draft, giving: wanted))
        } else if wanted.identifier != given.identifier {
          reader.report(
            .typeMismatch, at: input.place,
            "\(draft.subject) and '\(source)' each have a type of their own for \(wanted.schema)",
            hint: "build both against one copy of the record library")
        }
      }
    }
  }

  /// Names the stages of the file that give what is asked for.
  private func hint(forInputOf draft: StageDraft, giving wanted: RecordType) -> String {
    let others = drafts.filter { other in
      other.name != draft.name
        && (other.entry?.output).map { wanted.schema.accepts($0.schema) } ?? false
    }
    let names = others.prefix(3).map { "'\($0.name)'" }
    return names.isEmpty
      ? "put a stage between that gives \(wanted.schema.name)"
      : "take from \(names.joined(separator: " or "))"
  }

  private func reportLooseEnds(_ reader: ValueReader, meant: Set<String>) {
    let taken = meant.union(drafts.flatMap { $0.inputs.map(\.name) })
    for draft in drafts where draft.entry?.output != nil && !taken.contains(draft.name) {
      reader.report(
        .looseEnd, at: draft.place, "the output of \(draft.subject) goes nowhere",
        hint: "let a stage take it with 'from: \(draft.name)', or remove the stage")
    }
  }
}
