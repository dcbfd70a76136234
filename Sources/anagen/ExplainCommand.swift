import ArgumentParser
import ClinicalRecords
import Crypto
import FoundationEssentials
import Ledger
import StageKit

/// `anagen explain`: the journey of a record.
struct ExplainCommand: AnagenCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract: "Tell what became of a picture or record, and why.",
    discussion: """
        anagen explain scalp-0042.jpg --data OUT
        anagen explain OUT/pictures/3f9a….jpg --data OUT
        anagen explain 17 --data OUT

      Names a picture by its file (the bytes count, then the name), by its acquisition as the run \
      shows it, by an identity, by the number \
      that 'quarantine list' shows, or as record:NUMBER. Shows each stage that it passed with version, attempts and times, what earlier runs \
      had done already, what made something run again, what people decided, and where it ended and why: \
      what stands now in full, then in short what it took the place of. \
      The names identify subjects: this is for who may see OUT/private.
      """)

  @Argument(
    help: ArgumentHelp("A file, an identity, a number, or record:NUMBER.", valueName: "record|file")
  )
  var name: String

  @OptionGroup var place: DataFolderArgument
  @OptionGroup var output: FormatOption

  func run(in environment: CommandEnvironment) async throws -> ExitStatus {
    let reading = try LedgerReading(folder: place.folder(in: environment))
    let path = environment.absolute(name)
    let digest =
      FileAccess.exists(path)
      ? ContentDigest(bytes: SHA256.hash(data: try FileAccess.read(path))) : nil
    let roots = try reading.roots(named: name, digest: digest)
    guard !roots.isEmpty else {
      throw CommandFailure(
        .badData, "nothing in the data folder goes by '\(name)'",
        hint: "give the original file, a released picture, or a number that 'quarantine list' shows"
      )
    }
    for root in roots {
      guard let journey = try reading.journey(of: root) else { continue }
      switch output.format {
      case .json:
        try environment.terminal.result(bytes: CanonicalJSONEncoder().encode(journey) + [10])
      case .text:
        let verdicts = try verdicts(in: journey, reading, place.folder(in: environment))
        try environment.terminal.result(JourneyText(journey, verdicts: verdicts).text)
      }
    }
    return .done
  }

  /// What the quality gate says of each measurement in a journey, by the record's number.
  private func verdicts(
    in journey: RecordJourney, _ reading: LedgerReading, _ folder: DataFolder
  ) throws -> [Int64: String] {
    var verdicts: [Int64: String] = [:]
    var waiting = [journey]
    let contents = "\(folder.privatePath)/content"
    while let journey = waiting.popLast() {
      waiting += journey.deliveries.flatMap(\.results)
      guard journey.schema.hasPrefix("\(HairMeasurement.schema.name)/"),
        let payload = try reading.payload(of: journey.record, contentFolder: contents)
      else { continue }
      let quality = try RecordDecoder(contentFolder: contents)
        .decode(HairMeasurement.self, from: payload).quality
      verdicts[journey.record] =
        quality.accepted
        ? "accepted by the quality gate"
        : "rejected by the quality gate: \(quality.reasons.joined(separator: "; "))"
    }
    return verdicts
  }
}

/// A journey in words, one line a record, a delivery, a stage.
struct JourneyText {
  private(set) var lines: [String] = []

  private let verdicts: [Int64: String]

  /// - Parameter verdicts: what is said of a record beside its journey, by its number.
  init(_ journey: RecordJourney, verdicts: [Int64: String] = [:]) {
    self.verdicts = verdicts
    add(journey, depth: 0)
  }

  var text: String { lines.joined(separator: "\n") }

  private mutating func add(_ journey: RecordJourney, depth: Int) {
    let indent = String(repeating: "  ", count: depth)
    let newer = journey.supersededBy.map {
      $0 == journey.record ? ", withdrawn" : ", superseded by record \($0)"
    }
    lines.append(
      "\(indent)record \(journey.record): \(journey.schema) \(journey.identity) "
        + "(\(journey.label)\(newer ?? ""))")
    if let withdrawal = journey.withdrawal {
      let time = Date(timeIntervalSince1970: withdrawal.at).formatted(.iso8601)
      lines.append("\(indent)  \(time)  withdrawn by \(withdrawal.by): \(withdrawal.reason)")
    }
    if newer != nil { return addShort(journey, indent: indent + "  ") }
    for origin in journey.origins {
      lines.append(
        "\(indent)  made by \(origin.stage), version \(origin.resultVersion), in run \(origin.run)")
    }
    if let earlier = journey.earlier { lines.append("\(indent)  in place of record \(earlier)") }
    // Its length tells nothing that its digest does not.
    for change in journey.changes where !change.hasPrefix("original.byteCount: ") {
      lines.append("\(indent)  again, since \(JourneyText.words(change))")
    }
    if let verdict = verdicts[journey.record] { lines.append("\(indent)  \(verdict)") }
    for delivery in journey.deliveries where delivery.isPresent {
      add(delivery, indent: indent, depth: depth)
    }
    for delivery in journey.deliveries where !delivery.isPresent {
      lines.append("\(indent)  before -> \(short(delivery))")
    }
  }

  /// What something newer took the place of: where it went, and no more.
  private mutating func addShort(_ journey: RecordJourney, indent: String) {
    for delivery in journey.deliveries { lines.append("\(indent)-> \(short(delivery))") }
  }

  private func short(_ delivery: RecordJourney.Delivery) -> String {
    let results = delivery.results.map { ", gave record \($0.record)" }.joined()
    let failure = delivery.history.last { $0.failure != nil }?.failure
    let before = failure.map { ", set aside before: \($0.reason) (\($0.failureClass))" } ?? ""
    return "\(delivery.edge.to): \(ending(of: delivery))\(results)\(before)"
  }

  /// What a source handed over otherwise, in the words of who takes pictures.
  private static func words(_ change: String) -> String {
    for (key, words) in [
      ("original.sha256: ", "the picture changed: "), ("fileName: ", "the file's name changed: "),
      ("statedMicrometresPerPixel: ", "the stated scale changed, in um per pixel: "),
      ("date: ", "the date changed: "), ("device.", "the device's record changed: "),
    ] where change.hasPrefix(key) {
      return words + change.dropFirst(key.count)
    }
    return change
  }

  private mutating func add(
    _ delivery: RecordJourney.Delivery, indent: String, depth: Int
  ) {
    lines.append("\(indent)  -> \(delivery.edge.to): \(ending(of: delivery))")
    for reason in delivery.again { lines.append("\(indent)     again, since \(reason)") }
    for step in delivery.steps {
      for failure in step.failures + (step.end.map { [$0] } ?? []) {
        lines.append(
          "\(indent)     \(step.stage): failed after \(time(failure.microseconds)): "
            + "\(failure.reason) (\(failure.failureClass))")
      }
      if step.end != nil { continue }
      let version = step.version.map { ", version \($0)" } ?? ""
      lines.append("\(indent)     \(step.stage)\(version): \(time(step.microseconds))")
    }
    if delivery.crashes > 0 {
      lines.append("\(indent)     the program died \(delivery.crashes) times with it alone in hand")
    }
    for event in delivery.history {
      lines.append("\(indent)     \(QuarantineTable.text(of: event))")
    }
    // A remedy is for who still has something to mend.
    if delivery.state == "quarantined", let failure = delivery.history.last?.failure {
      lines.append("\(indent)       \(failure.message);")
      lines.append("\(indent)       \(failure.hint)")
    }
    for result in delivery.results { add(result, depth: depth + 2) }
  }

  private func ending(of delivery: RecordJourney.Delivery) -> String {
    let attempts = delivery.attempts > 1 ? " after \(delivery.attempts) attempts" : ""
    let run = delivery.endedRun.map { " in run \($0)" } ?? ""
    let stands =
      delivery.reusedRun.flatMap {
        $0 > delivery.endedRun ?? 0 ? ", stands in run \($0)" : nil
      } ?? ""
    return switch delivery.state {
    case "pending": "waits since run \(delivery.openedRun)"
    case "quarantined": "set aside\(attempts)\(run), number \(delivery.delivery)"
    case "purged": "given up, number \(delivery.delivery)"
    default: "\(delivery.state)\(attempts)\(run)\(stands)"
    }
  }

  private func time(_ microseconds: Int64) -> String {
    "\(MeasurementText.fixed(Double(microseconds) / 1000, 1)) ms"
  }
}
