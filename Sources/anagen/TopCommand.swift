import ArgumentParser
import ClinicalRecords
import PipelineFiles
import PipelineRunner
import StageKit

/// `anagen top`: what a live run is doing, stage by stage.
struct TopCommand: AnagenCommand {
  static let configuration = CommandConfiguration(
    commandName: "top",
    abstract: "Show what a live run is doing, stage by stage.",
    discussion: """
        anagen top --data OUT
        anagen top --data OUT --once --format json

      Counts are of this run, from its start; rate is records out a second over the last \
      interval. queue is what waits in memory, and after the plus sign what waits in the ledger \
      alone; p50 and p99 are times of calls: half of them took less, all but one in a hundred took \
      less. On a terminal the table is drawn anew until the run ends or Ctrl-C; elsewhere, and as \
      JSON, it is shown once.
      """)

  @OptionGroup var place: DataFolderArgument

  @Flag(help: "Show one table, also on a terminal.")
  var once = false

  @Option(help: ArgumentHelp("Seconds between two looks at the run.", valueName: "seconds"))
  var interval = 1.0

  @OptionGroup var output: FormatOption

  func validate() throws {
    guard interval >= 0.1, interval <= 3600 else {
      throw ValidationError("--interval \(interval) is out of range; give 0.1 to 3600 seconds")
    }
  }

  func run(in environment: CommandEnvironment) async throws -> ExitStatus {
    let terminal = environment.terminal
    let client = ControlClient(place.folder(in: environment))
    var before: RunSnapshot = try await client.ask("top")
    let isLive = !once && output.format == .text && terminal.canRedrawResults
    var screen = RedrawnResult(terminal)
    while true {
      try await Task.sleep(for: .seconds(interval))
      let now: RunSnapshot
      do {
        now = try await client.ask("top")
      } catch let error as ControlError where error.code == .noRun {
        // Too short a run to be seen twice is still shown.
        if !isLive { try show(RunTable(before, since: nil), on: terminal) }
        terminal.talk("the run has ended; 'anagen status' shows where it stands")
        return .done
      }
      let table = RunTable(now, since: before)
      guard isLive else {
        try show(table, on: terminal)
        return .done
      }
      try screen.draw(table.text(width: terminal.resultSize.columns))
      before = now
    }
  }

  private func show(_ table: RunTable, on terminal: Terminal) throws {
    switch output.format {
    case .json: try terminal.result(bytes: table.json() + [10])
    case .text: try terminal.result(table.text())
    }
  }
}

/// A run's snapshot as a table, with rates against an earlier one.
struct RunTable {
  private let now: RunSnapshot
  private let before: RunSnapshot?

  /// Compares a snapshot with an earlier one of the same run; one of another run is left out.
  init(_ now: RunSnapshot, since before: RunSnapshot?) {
    self.now = now
    self.before = before.flatMap {
      $0.process == now.process && $0.seconds < now.seconds ? $0 : nil
    }
  }

  /// What is left out first where a terminal is too narrow for all of it.
  private static let expendable = ["bytes", "p50", "retries", "p99", "queue"]

  /// - Parameter width: how many characters a line may have; a table that is wider says what it
  ///   leaves out.
  func text(width: Int = .max) -> String {
    var table = TextTable([
      ("stage", .left), ("state", .left), ("in", .right), ("out", .right), ("rate/s", .right),
      ("queue", .right), ("bytes", .right), ("p50", .right), ("p99", .right), ("retries", .right),
      ("set aside", .right),
    ])
    for stage in now.stages {
      table.add(
        [stage.identity.name, RunTable.words(stage.state)]
          + [stage.identity.kind == "source" ? "" : "\(stage.received)", "\(stage.sent)"]
          + [rate(of: stage).map { MeasurementText.fixed($0, $0 < 10 ? 1 : 0) } ?? ""]
          + RunTable.queue(of: stage)
          + [RunTable.time(stage.latency.p50), RunTable.time(stage.latency.p99)]
          + ["\(stage.retries)", "\(stage.quarantined)"])
    }
    var leftOut: [String] = []
    for column in RunTable.expendable where table.width > width {
      leftOut.append(column)
      table = table.leavingOut([column])
    }
    let note =
      leftOut.isEmpty
      ? [] : ["left out at \(width) columns: \(leftOut.joined(separator: ", "))"]
    return ([heading, "", table.text, ""] + note + ledger(width)).joined(separator: "\n")
  }

  func json() throws -> [UInt8] {
    let rates = now.stages.compactMap { stage in
      rate(of: stage).map { JSONValue.Member(stage.identity.name, .number($0)) }
    }
    guard case .object(let members) = try CanonicalJSONEncoder().document(now) else {
      preconditionFailure("a snapshot is an object")
    }
    return JSONValue.object(members + [.init("recordsPerSecond", .object(rates))]).serialised()
  }

  private var heading: String {
    let accepted = now.expected.map { "\(now.accepted) of \($0)" } ?? "\(now.accepted)"
    let lost = now.stages.reduce(0) { $0 + $1.discarded }
    return "pipeline \(now.pipeline), process \(now.process), \(now.phase.rawValue) after "
      + "\(TimeText.span(now.seconds)), \(accepted) records taken in"
      + (lost > 0 ? ", \(lost) lost at the intake" : "")
  }

  /// In as many lines as it takes.
  private func ledger(_ width: Int) -> [String] {
    let ledger = now.ledger
    var parts = ["ledger: \(ledger.entries) entries in \(ledger.commit.count) commits"]
    if let before, now.seconds > before.seconds {
      let rate = Double(ledger.entries - before.ledger.entries) / (now.seconds - before.seconds)
      parts.append("\(MeasurementText.fixed(rate, 0)) entries/s")
    }
    if ledger.commit.count > 0 {
      let batch = Double(ledger.entries) / Double(ledger.commit.count)
      parts.append("\(MeasurementText.fixed(batch, 1)) a commit")
      parts.append("p50 \(RunTable.time(ledger.commit.p50))")
      parts.append("p99 \(RunTable.time(ledger.commit.p99))")
    }
    parts.append("\(ledger.waiting) waiting")
    return parts.dropFirst().reduce(into: [parts[0]]) { lines, part in
      let line = "\(lines[lines.count - 1]), \(part)"
      if line.count < width {
        lines[lines.count - 1] = line
      } else {
        lines[lines.count - 1] += ","
        lines.append("  \(part)")
      }
    }
  }

  private func rate(of stage: StageSnapshot) -> Double? {
    guard let before, let old = before.stages.first(where: { $0.identity == stage.identity }) else {
      return nil
    }
    return Double(stage.sent - old.sent) / (now.seconds - before.seconds)
  }

  private static func queue(of stage: StageSnapshot) -> [String] {
    guard let queue = stage.queue else { return ["", ""] }
    let more = queue.waitingInLedger > 0 ? "+\(queue.waitingInLedger)" : ""
    return ["\(queue.records)\(more)", Plan.text(bytes: queue.bytes)]
  }

  private static func time(_ seconds: Double?) -> String { seconds.map(TimeText.short) ?? "" }

  private static func words(_ state: StageSnapshot.Condition) -> String {
    switch state {
    case .opening: "opening"
    case .working: "working"
    case .waitingForInput: "waiting for input"
    case .waitingForRoom: "waiting for room"
    case .retrying: "waiting to retry"
    case .unavailable: "unavailable"
    case .done: "done"
    }
  }
}
