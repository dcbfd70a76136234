import ArgumentParser
import ClinicalRecords
import PipelineFiles
import StageKit

/// `anagen graph`: the pipeline as a picture's source text.
struct GraphCommand: AnagenCommand {
  /// The languages of graphs.
  enum Language: String, ExpressibleByArgument, CaseIterable {
    /// https://mermaid.js.org, drawn by GitHub and GitLab.
    case mermaid
    /// https://graphviz.org.
    case dot
  }

  static let configuration = CommandConfiguration(
    commandName: "graph",
    abstract: "Print a pipeline as a Mermaid or Graphviz graph.",
    discussion: """
        anagen graph Pipelines/reprocess.yaml --as dot | dot -Tsvg > pipeline.svg

      Each edge shows what passes on it, its privacy label, and its bounds; what is stored waits \
      beyond them in the ledger. Variables need no value.
      """)

  @OptionGroup var pipeline: PipelineArguments

  @Option(name: .customLong("as"), help: "The graph's language.")
  var language = Language.mermaid

  @OptionGroup var output: FormatOption

  func run(in environment: CommandEnvironment) async throws -> ExitStatus {
    let plan = try pipeline.plan(in: environment, for: .drawing)
    switch output.format {
    case .json: try environment.terminal.result(PipelineGraph.json(plan).text)
    case .text:
      try environment.terminal.result(
        language == .mermaid ? PipelineGraph.mermaid(plan) : PipelineGraph.dot(plan))
    }
    return .done
  }
}

/// A plan's stages and edges as text.
enum PipelineGraph {
  static func mermaid(_ plan: Plan) -> String {
    let names = numbers(of: plan)
    let stages = plan.stages.map {
      "  s\(names[$0.name, default: 0])[\"\($0.name)<br/>\($0.entry.manifest.id)\"]"
    }
    let edges = plan.edges.map {
      "  s\(names[$0.from, default: 0]) -->|\"\(label(of: $0, "<br/>"))\"| "
        + "s\(names[$0.to, default: 0])"
    }
    return (["flowchart LR"] + stages + edges).joined(separator: "\n")
  }

  static func dot(_ plan: Plan) -> String {
    let stages = plan.stages.map {
      "  \"\($0.name)\" [shape=box, label=\"\($0.name)\\n\($0.entry.manifest.id)\"];"
    }
    let edges = plan.edges.map {
      "  \"\($0.from)\" -> \"\($0.to)\" [label=\"\(label(of: $0, "\\n"))\"];"
    }
    return (["digraph {", "  rankdir=LR;"] + stages + edges + ["}"]).joined(separator: "\n")
  }

  static func json(_ plan: Plan) -> JSONValue {
    .object([
      .init(
        "stages",
        .array(
          plan.stages.map {
            .object([
              .init("name", .string($0.name)), .init("use", .string($0.entry.manifest.id)),
              .init("kind", .string($0.entry.kind.rawValue)),
            ])
          })),
      .init(
        "edges",
        .array(
          plan.edges.map {
            .object([
              .init("from", .string($0.from)), .init("to", .string($0.to)),
              .init("record", .string($0.record.schema.description)),
              .init("label", .string($0.label.rawValue)),
              .init("stored", .boolean($0.isStored)),
              .init("maxRecords", .integer(Int64($0.queue.maxRecords))),
              .init("maxBytes", .integer(Int64($0.queue.maxBytes))),
            ])
          })),
    ])
  }

  private static func label(of edge: Plan.Edge, _ lineBreak: String) -> String {
    let (records, bytes) = (edge.queue.maxRecords, Plan.text(bytes: edge.queue.maxBytes))
    return "\(edge.record.schema), \(edge.label.rawValue)\(lineBreak)"
      + "\(edge.isStored ? "stored" : "derived"), \(records) records, \(bytes)"
  }

  /// Mermaid has words of its own, such as `end`, that a stage may be called.
  private static func numbers(of plan: Plan) -> [String: Int] {
    Dictionary(uniqueKeysWithValues: plan.stages.enumerated().map { ($1.name, $0) })
  }
}
