import ClinicalRecords
import StageKit

/// One stage as the file has it, read but not yet placed in the graph.
struct StageDraft {
  /// A name in `from`.
  struct Input {
    let name: String
    let place: Place
  }

  let name: String
  let place: Place
  /// `nil` when `use` names nothing known; reported, and no more is said of what follows from it.
  let entry: StageEntry?
  let usePlace: Place
  let inputs: [Input]
  let settings: CheckedSettings?
  let concurrency: Int
  let accepts: PrivacyLabel?
  let declassify: PrivacyLabel?
  let labelPlace: Place
  /// Whether `accepts` is given and is no label; reported.
  let isAcceptsWrong: Bool
  let intake: Plan.Intake?
  let retry: Plan.Retry
  let queue: Plan.Queue
  let timeLimit: Duration?
  let isolation: Plan.Isolation?

  var subject: String { "stage '\(name)'" }
}

/// What a pipeline file says about every stage that does not say otherwise.
struct StageDefaults {
  var queue = Plan.Queue.standard
  var retry = Plan.Retry.standard
}

/// Reads the keys of one stage.
struct StageReader {
  /// The keys of a stage.
  static let keys = [
    "use", "from", "with", "queue", "retry", "concurrency", "accepts", "declassify", "intake",
    "isolation", "needs", "limits",
  ]
  /// The most calls at once: more than the cores of any machine this is made for.
  static let concurrencies = 1...256
  /// The most records of a queue: with 1 KiB each, 1 GiB.
  static let recordCounts = 1...1_048_576

  let reader: ValueReader
  let references: References
  let settings: SettingsChecker
  let catalogue: [String: StageEntry]
  let defaults: StageDefaults

  /// Reads a stage; `nil` when it is no mapping or has no usable name.
  func read(_ entry: DocumentNode.Entry) -> StageDraft? {
    let name = entry.key
    guard References.isName(name) else {
      reader.report(
        .badName, at: entry.place, "'\(ValueReader.cut(name))' is not a stage's name",
        hint: "use at most 64 letters, digits, '_', '-' and '.'")
      return nil
    }
    let subject = "stage '\(name)'"
    guard let fields = reader.fields(entry.value, of: subject, known: StageReader.keys) else {
      return nil
    }
    let (stage, usePlace) = use(fields, subject, entry.place)
    let accepts = label(fields, "accepts", subject, PrivacyLabel.allCases)
    let queue = fields["queue"].map { self.queue($0, subject, over: defaults.queue) }
    let draft = StageDraft(
      name: name, place: entry.place, entry: stage, usePlace: usePlace,
      inputs: inputs(fields, subject, stage, entry.place),
      settings: stage.flatMap { checkedSettings(fields, subject, $0, usePlace) },
      concurrency: fields["concurrency"].flatMap {
        reader.integer(
          references.resolve($0), "'concurrency' of \(subject)", within: StageReader.concurrencies)
      } ?? 1,
      accepts: accepts,
      declassify: label(fields, "declassify", subject, [.pseudonymised, .deidentified]),
      labelPlace: fields.place(of: fields["declassify"] == nil ? "accepts" : "declassify"),
      isAcceptsWrong: !fields.lacks("accepts") && accepts == nil,
      intake: intake(fields, subject, stage, queue ?? defaults.queue),
      retry: fields["retry"].map { retry($0, subject, over: defaults.retry) } ?? defaults.retry,
      queue: queue ?? defaults.queue, timeLimit: timeLimit(fields, subject),
      isolation: isolation(fields, subject, stage))
    if let stage {
      checkKeys(fields, of: stage, subject)
    } else if let with = fields["with"] {
      // Nothing is known of the settings, but what they refer to is used, and checked.
      _ = references.resolve(with)
    }
    return draft
  }

  // MARK: - Policies, also of `defaults`

  /// Reads bounds laid over others.
  func queue(_ node: DocumentNode, _ subject: String, over base: Plan.Queue) -> Plan.Queue {
    guard
      let fields = reader.fields(
        references.resolve(node), of: "'queue' of \(subject)", known: ["max_records", "max_bytes"])
    else { return base }
    let records = fields["max_records"].flatMap {
      reader.integer($0, "'max_records' of \(subject)", within: StageReader.recordCounts)
    }
    let bytes = fields["max_bytes"].flatMap { reader.bytes($0, "'max_bytes' of \(subject)") }
    return Plan.Queue(
      maxRecords: records ?? base.maxRecords, maxBytes: bytes ?? base.maxBytes)
  }

  /// Reads a retry policy laid over another.
  func retry(_ node: DocumentNode, _ subject: String, over base: Plan.Retry) -> Plan.Retry {
    guard
      let fields = reader.fields(
        references.resolve(node), of: "'retry' of \(subject)",
        known: ["attempts", "initial", "max"])
    else { return base }
    let retry = Plan.Retry(
      attempts: fields["attempts"].flatMap {
        reader.integer($0, "'attempts' of \(subject)", within: 1...1000)
      } ?? base.attempts,
      initial: fields["initial"].flatMap { reader.duration($0, "'initial' of \(subject)") }
        ?? base.initial,
      max: fields["max"].flatMap { reader.duration($0, "'max' of \(subject)") } ?? base.max)
    if retry.initial > retry.max {
      reader.report(
        .outOfRange, at: fields.place, "the first wait of \(subject) is longer than the longest",
        hint: "make 'initial' at most 'max'")
    }
    return retry
  }
}

// MARK: - The keys of a stage

extension StageReader {
  private func use(_ fields: Fields, _ subject: String, _ place: Place) -> (StageEntry?, Place) {
    guard let node = fields["use"] else {
      if fields.lacks("use") {
        reader.report(
          .missingKey, at: place, "\(subject) has no 'use'",
          hint: "name what it runs; 'anagen plugin list' shows what there is")
      }
      return (nil, place)
    }
    let plain = references.refuse(node, in: "'use'")
    guard let id = reader.text(plain, "'use' of \(subject)") else { return (nil, node.place) }
    guard let entry = catalogue[id] else {
      reader.findings.reportUnknown(
        .unknownStage, at: node.place, in: reader.source,
        "there is no stage type '\(ValueReader.cut(id))'", name: id, known: catalogue.keys.sorted(),
        otherwise: "'anagen plugin list' shows what there is")
      return (nil, node.place)
    }
    if let problem = entry.effectProblem {
      reader.report(
        .effectNotSingle, at: node.place, "\(subject) could act twice after a crash: \(problem)",
        hint: "use a sink that is transactional or idempotent, or that can be asked")
    }
    return (entry, node.place)
  }

  private func inputs(
    _ fields: Fields, _ subject: String, _ stage: StageEntry?, _ place: Place
  ) -> [StageDraft.Input] {
    guard let node = fields["from"] else {
      if let stage, stage.kind != .source, fields.lacks("from") {
        reader.report(
          .missingInput, at: place, "\(subject) takes records but names no input",
          hint: "add 'from: STAGE'")
      }
      return []
    }
    if stage?.kind == .source {
      reader.report(
        .inputOfSource, at: fields.place(of: "from"), "\(subject) is a source and takes no input",
        hint: "remove 'from'")
      return []
    }
    let nodes =
      node.elements == nil ? [node] : reader.list(node, "'from' of \(subject)") ?? []
    if node.elements?.isEmpty ?? false {
      reader.report(
        .missingInput, at: node.place, "\(subject) names no input", hint: "name one in 'from'")
    }
    var inputs: [StageDraft.Input] = []
    for element in nodes {
      let plain = references.refuse(element, in: "'from'")
      guard let name = reader.text(plain, "'from' of \(subject)") else { continue }
      guard !inputs.contains(where: { $0.name == name }) else {
        reader.report(
          .duplicateInput, at: element.place, "\(subject) names '\(ValueReader.cut(name))' twice",
          hint: "name each input once")
        continue
      }
      inputs.append(StageDraft.Input(name: name, place: element.place))
    }
    return inputs
  }

  private func checkedSettings(
    _ fields: Fields, _ subject: String, _ stage: StageEntry, _ usePlace: Place
  ) -> CheckedSettings? {
    let node = fields["with"].flatMap { $0.isNull ? nil : references.resolve($0) }
    return settings.check(
      node, of: stage, subject, at: node == nil ? usePlace : fields.place(of: "with"))
  }

  private func label(
    _ fields: Fields, _ key: String, _ subject: String, _ labels: [PrivacyLabel]
  ) -> PrivacyLabel? {
    guard let node = fields[key] else { return nil }
    let plain = references.refuse(node, in: "'\(key)'")
    return reader.choice(plain, "'\(key)' of \(subject)", among: labels.map(\.rawValue)).flatMap {
      PrivacyLabel(rawValue: $0)
    }
  }

  private func intake(
    _ fields: Fields, _ subject: String, _ stage: StageEntry?, _ queue: Plan.Queue
  ) -> Plan.Intake? {
    guard let stage, stage.kind == .source else { return nil }
    let standard = Plan.Intake(
      maxRecords: queue.maxRecords, maxBytes: queue.maxBytes, whenFull: .refuse)
    guard let node = fields["intake"] else { return stage.manifest.live ? standard : nil }
    guard
      let intake = reader.fields(
        references.resolve(node), of: "'intake' of \(subject)", known: ["max_records", "when_full"])
    else { return nil }
    guard stage.manifest.live else {
      reader.report(
        .intakeNotLive, at: fields.place(of: "intake"),
        "\(subject) is not live: it waits until there is room", hint: "remove 'intake'")
      return nil
    }
    let records = intake["max_records"].flatMap {
      reader.integer($0, "'max_records' of \(subject)", within: StageReader.recordCounts)
    }
    let whenFull = intake["when_full"].flatMap {
      reader.choice($0, "'when_full' of \(subject)", of: Plan.Intake.WhenFull.self)
    }
    if let whenFull, whenFull != .refuse, !isFreeRunning(fields, stage) {
      reader.report(
        .dropRefused, at: intake.place(of: "when_full"),
        "\(subject) would drop pictures that somebody asked for",
        hint: "dropping is for continuous and interval triggers; remove 'when_full'")
    }
    return Plan.Intake(
      maxRecords: records ?? queue.maxRecords, maxBytes: queue.maxBytes,
      whenFull: whenFull ?? .refuse)
  }

  /// Whether records come by themselves: the trigger is continuous or by interval, or the source
  /// has no trigger at all.
  private func isFreeRunning(_ fields: Fields, _ stage: StageEntry) -> Bool {
    guard stage.settings.contains(where: { $0.key == "trigger" }) else { return true }
    var trigger: String?
    if case .string(let standard) = stage.defaults["trigger"] { trigger = standard }
    if let given = fields["with"]?.entries?.first(where: { $0.key == "trigger" }) {
      trigger = references.resolve(given.value).scalar?.text
    }
    return trigger == "continuous" || trigger == "interval"
  }

  /// Keys that would mean nothing on this kind of stage are errors: silence would look like effect.
  private func checkKeys(_ fields: Fields, of stage: StageEntry, _ subject: String) {
    let misplaced: [(key: String, isWrong: Bool, why: String)] = [
      ("queue", stage.output == nil, "it bounds the edges that leave a stage, and none leaves"),
      ("retry", stage.kind == .source, "it is about deliveries, and a source is given none"),
      (
        "concurrency", stage.kind == .source || stage.kind == .projection,
        "a \(stage.kind.rawValue) runs once"
      ),
      ("accepts", stage.output != nil, "it is for sinks"),
      ("declassify", stage.output == nil, "a sink gives nothing on"),
      ("intake", stage.kind != .source, "it is for live sources"),
      ("limits", stage.kind == .source, "a source runs as long as there are records"),
    ]
    for (key, isWrong, why) in misplaced where isWrong && fields[key] != nil {
      reader.report(
        .misplacedKey, at: fields.place(of: key),
        "'\(key)' means nothing on \(subject), a \(stage.kind.rawValue): \(why)",
        hint: "remove it")
    }
  }
}
