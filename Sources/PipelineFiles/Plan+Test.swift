public import ClinicalRecords
public import StageKit

extension Plan {
  /// One of the file's `tests`: what is fed where, and what is to come of it.
  public struct Test: Sendable {
    /// Its name, different from those of the other tests.
    public let name: String
    /// Where it stands in the pipeline file.
    public let place: FilePlace
    /// What is fed; without it the pipeline's own sources run.
    public let feed: Feed?
    /// What it gives variables, paths made absolute.
    public let variables: [String: String]
    /// How long it may take.
    public let timeLimit: Duration
    /// What is to come of it, at least one.
    public let expectations: [Expectation]

    /// 2 minutes: a hundred times what a 12-megapixel picture takes from decoding to its last row on
    /// one core, so that a slow machine fails no test and a stage that hangs is noticed.
    public static let standardTimeLimit = Duration.seconds(120)
  }

  /// A line and a column of a pipeline file, both from 1.
  public struct FilePlace: Sendable, Hashable {
    /// The line.
    public let line: Int
    /// The column in Unicode scalars.
    public let column: Int
  }

  /// What a test puts into a stage in the place of what that stage takes from.
  public struct Feed: Sendable {
    /// The stage.
    public let stage: String
    /// Where the fixture stands in the pipeline file.
    public let place: FilePlace
    /// A folder of pictures: what is fed, or what ``record`` was made from.
    public let pictures: Pictures?
    /// The absolute path of a record in its canonical encoding; the bodies that it names lie beside
    /// it and are found by their digest.
    public let record: String?
  }

  /// A folder of pictures and the source that reads such folders.
  public struct Pictures: Sendable {
    /// The source.
    public let source: StageEntry
    /// Its settings: the folder.
    public let settings: JSONValue
  }

  /// What is to come of a test at one stage.
  public struct Expectation: Sendable {
    /// How a record may end at a stage.
    public enum Outcome: String, Sendable, Codable, CaseIterable {
      /// Handled.
      case done
      /// Set aside by this stage.
      case quarantined
      /// Overtaken by a newer version before the stage had it.
      case superseded
    }

    /// The stage.
    public let stage: String
    /// Where it stands in the pipeline file.
    public let place: FilePlace
    /// How records are to end there; ``Outcome/done`` when the file does not say.
    public let outcome: Outcome
    /// Why they are to be set aside; any reason when `nil`.
    public let reason: String?
    /// How many; at least one when `nil`.
    public let records: Int?
    /// What every record that the stage made is to hold, and there is to be one.
    public let fields: [Field]
  }

  /// What a field of a record is to hold.
  public struct Field: Sendable, Hashable {
    /// What is right.
    public enum Value: Sendable, Hashable {
      /// This text, number or truth value.
      case text(String)
      /// Any number from the first to the last.
      case range(ClosedRange<Double>)
    }

    /// The keys that lead to it, joined by dots, such as `summary.hairCount.value`.
    public let path: String
    /// What is right.
    public let value: Value
  }
}

// MARK: - The plan of a test

extension Plan {
  /// The part of the plan that a test runs, without syncs: from the fed stage on, or all of it.
  ///
  /// - Parameters:
  ///   - feed: what the test feeds.
  ///   - record: the stage that gives the feed's record: a source, or when the feed has pictures
  ///     too a transform of them; `nil` when the feed has no record.
  public func testing(_ feed: Feed?, record: StageEntry?) -> Plan {
    guard let feed, let fed = stage(feed.stage) else {
      return replacing(stages: stages, edges: edges)
    }
    var feeders: [Stage] = []
    if let pictures = feed.pictures {
      feeders.append(feeder("(pictures)", pictures.source, pictures.settings, after: nil, to: fed))
    }
    if let record {
      feeders.append(
        feeder("(record)", record, .object([]), after: feeders.last?.name, to: fed))
    }
    guard let last = feeders.last else { preconditionFailure("a feed has pictures or a record") }
    var reached: Set<String> = [fed.name]
    for edge in edges where reached.contains(edge.from) { reached.insert(edge.to) }
    let rest = stages.filter { reached.contains($0.name) }.map { stage in
      stage.taking(
        from: stage.name == fed.name ? [last.name] : stage.inputs.filter(reached.contains))
    }
    var connections = edges.filter { reached.contains($0.from) && reached.contains($0.to) }
    for (from, to) in zip(feeders, feeders.dropFirst() + [fed]) {
      guard let record = from.entry.output else { continue }
      connections.append(
        Edge(from: from.name, to: to.name, queue: from.queue, record: record, label: from.label))
    }
    return replacing(stages: feeders + rest, edges: connections)
  }

  private func feeder(
    _ name: String, _ entry: StageEntry, _ settings: JSONValue, after: String?, to fed: Stage
  ) -> Stage {
    let labels = edges(into: fed.name).map(\.label)
    return Stage(
      name: name, entry: entry, settings: settings, reuseSettings: settings, concurrency: 1,
      inputs: after.map { [$0] } ?? [], label: labels.max() ?? .identified, accepts: nil,
      declassify: nil, intake: nil, retry: .standard, queue: .standard, timeLimit: nil,
      isolation: nil)
  }

  private func replacing(stages: [Stage], edges: [Edge]) -> Plan {
    Plan(
      name: name, stages: stages, edges: edges, memory: memory, durability: .none, study: study,
      folder: folder, variables: variables, inputFiles: inputFiles,
      secretNames: secretNames, tests: tests, plugins: plugins, digestInput: digestInput)
  }
}

extension Plan.Stage {
  fileprivate func taking(from inputs: [String]) -> Plan.Stage {
    Plan.Stage(
      name: name, entry: entry, settings: settings, reuseSettings: reuseSettings,
      concurrency: concurrency, inputs: inputs, label: label, accepts: accepts,
      declassify: declassify, intake: intake, retry: retry, queue: queue, timeLimit: timeLimit,
      isolation: isolation)
  }
}
