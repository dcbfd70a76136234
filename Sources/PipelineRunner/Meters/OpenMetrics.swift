/// A run's figures in the text format of OpenMetrics 1.0 (openmetrics.io, RFC draft
/// richih-opsawg-openmetrics-00), under the names that Vector gave the field, a record for an event.
struct OpenMetrics {
  /// What the format is called in HTTP.
  static let mediaType = "application/openmetrics-text; version=1.0.0; charset=utf-8"

  /// The document, which ends with `# EOF`.
  static func text(_ run: RunSnapshot) -> String {
    var page = OpenMetrics()
    page.family("anagen", "info", "The program.") {
      [("_info", [("pipeline", run.pipeline), ("program", run.program)], "1")]
    }
    page.gauge("uptime_seconds", unit: "seconds", "Time since the run's start.", run.seconds)
    page.counter("accepted_records", "Records that sources handed over.", run.accepted)
    if let expected = run.expected {
      page.gauge("expected_records", "Records that the sources will hand over in all.", expected)
    }
    page.stages(run.stages)
    page.buffers(run.stages)
    page.counter("ledger_entries", "Entries that are durable.", run.ledger.entries)
    page.gauge("ledger_waiting_entries", "Entries that wait for the writer.", run.ledger.waiting)
    page.family(
      "ledger_commit_latency_seconds", "histogram", unit: "seconds",
      "Time of a commit of the ledger, which holds many entries."
    ) { OpenMetrics.histogram(run.ledger.commit, []) }
    return page.lines.joined(separator: "\n") + "\n# EOF\n"
  }

  private typealias Labels = [(name: String, value: String)]
  private typealias Sample = (suffix: String, labels: Labels, value: String)
  private var lines: [String] = []

  private mutating func stages(_ stages: [StageSnapshot]) {
    for (name, help, value) in [
      ("component_received_records", "Records taken from the stage's queue.", \.received),
      ("component_sent_records", "Records handed on or, by a sink, acted upon.", \.sent),
      ("component_retries", "Calls beyond a record's first.", \.retries),
      ("component_quarantined_records", "Records set aside because of the stage.", \.quarantined),
      (
        "component_discarded_records", "Records lost at a live source's intake, before acceptance.",
        \.discarded
      ),
    ] as [(String, String, KeyPath<StageSnapshot, Int>)] {
      family(name, "counter", help) {
        stages.map { ("_total", OpenMetrics.labels($0), "\($0[keyPath: value])") }
      }
    }
    family("component_errors", "counter", "Calls that failed, by class.") {
      stages.flatMap { stage in
        [
          ("record", stage.failures.record), ("transient", stage.failures.transient),
          ("unavailable", stage.failures.unavailable), ("fatal", stage.failures.fatal),
        ].map { ("_total", OpenMetrics.labels(stage) + [("error_type", $0)], "\($1)") }
      }
    }
    family("component_state", "stateset", "What the stage does now.") {
      stages.flatMap { stage in
        StageSnapshot.Condition.allCases.map {
          (
            "", OpenMetrics.labels(stage) + [("component_state", $0.rawValue)],
            stage.state == $0 ? "1" : "0"
          )
        }
      }
    }
    family(
      "component_latency_seconds", "histogram", unit: "seconds",
      "Time of a call of the stage's code, waits in queues not counted."
    ) { stages.flatMap { OpenMetrics.histogram($0.latency, OpenMetrics.labels($0)) } }
  }

  private mutating func buffers(_ stages: [StageSnapshot]) {
    for (name, unit, help, value) in [
      ("buffer_records", nil, "Records in the stage's queue.", \.records),
      ("buffer_size_bytes", "bytes", "Bytes in the stage's queue.", \.bytes),
      ("buffer_max_records", nil, "The bound of the queue in records.", \.maxRecords),
      ("buffer_max_size_bytes", "bytes", "The bound of the queue in bytes.", \.maxBytes),
      (
        "buffer_ledger_records", nil, "Records beyond the bound, which wait in the ledger alone.",
        \.waitingInLedger
      ),
    ] as [(String, String?, String, KeyPath<StageSnapshot.Queue, Int>)] {
      family(name, "gauge", unit: unit, help) {
        stages.compactMap { stage in
          stage.queue.map { ("", OpenMetrics.labels(stage), "\($0[keyPath: value])") }
        }
      }
    }
  }

  private static func labels(_ stage: StageSnapshot) -> Labels {
    [("stage", stage.identity.name), ("kind", stage.identity.kind), ("use", stage.identity.use)]
  }

  private static func histogram(_ latency: LatencySnapshot, _ labels: Labels) -> [Sample] {
    let bounds = LatencyHistogram.exportedBounds.map { "\($0)" } + ["+Inf"]
    return zip(bounds, latency.cumulative + [latency.count]).map { bound, count in
      ("_bucket", labels + [("le", bound)], "\(count)")
    } + [("_count", labels, "\(latency.count)"), ("_sum", labels, "\(latency.seconds)")]
  }

  private mutating func counter(_ name: String, _ help: String, _ value: Int) {
    family(name, "counter", help) { [("_total", [], "\(value)")] }
  }

  private mutating func gauge(
    _ name: String, unit: String? = nil, _ help: String, _ value: some CustomStringConvertible
  ) {
    family(name, "gauge", unit: unit, help) { [("", [], "\(value)")] }
  }

  private mutating func family(
    _ name: String, _ type: String, unit: String? = nil, _ help: String,
    _ samples: () -> [Sample]
  ) {
    lines.append("# TYPE \(name) \(type)")
    if let unit { lines.append("# UNIT \(name) \(unit)") }
    lines.append("# HELP \(name) \(help)")
    for sample in samples() {
      let labels = sample.labels.map { "\($0.name)=\"\(OpenMetrics.escaped($0.value))\"" }
      lines.append(
        name + sample.suffix + (labels.isEmpty ? "" : "{\(labels.joined(separator: ","))}")
          + " \(sample.value)")
    }
  }

  private static func escaped(_ text: String) -> String {
    var result = ""
    for character in text {
      switch character {
      case "\\": result += "\\\\"
      case "\"": result += "\\\""
      case "\n": result += "\\n"
      default: result.append(character)
      }
    }
    return result
  }
}
