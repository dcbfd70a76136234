import ClinicalRecords
import StageKit

extension Plan {
  /// How a stage runs in a process of its own.
  public struct Isolation: Sendable, Hashable {
    /// The most private memory of the process, in bytes.
    public let memoryBytes: Int
    /// The most bytes of a record that goes in, and of one that comes out.
    public let recordBytes: Int
    /// How much of the processor one record may take; `nil` for as much as there is.
    public let processorLimit: Duration?
    /// Whether the pipeline file grants it the network.
    public let network: Bool
    /// Whether the pipeline file lets it start processes.
    public let processes: Bool
    /// Files and folders that the pipeline file lets it read, as absolute paths.
    public let readable: [String]

    /// What the pipeline file's `needs` grants it, in words.
    public var grants: [String] {
      (network ? ["the network"] : []) + (processes ? ["starting processes"] : [])
        + readable.map { "reading \($0)" }
    }

    /// What a process takes at most: its own memory and both slots.
    public var byteCount: Int { memoryBytes + 2 * recordBytes }

    /// 64 MiB: two frames of 1280 x 960 in three planes of numbers, or a picture of 24 MiB twice.
    public static let standardRecordBytes = 64 << 20
    /// What a process takes beside its stage's working set: a runtime, an interpreter, numpy.
    public static let standardMemoryBytes = 256 << 20
  }
}

/// What a pipeline file says of the process of a stage.
extension StageReader {
  /// The longest that one call may take.
  func timeLimit(_ fields: Fields, _ subject: String) -> Duration? {
    limits(fields, subject)?["time"].flatMap { reader.duration($0, "'time' of \(subject)") }
  }

  /// How the stage runs in a process of its own; `nil` for one that runs within the program.
  func isolation(_ fields: Fields, _ subject: String, _ stage: StageEntry?) -> Plan.Isolation? {
    let asked = fields["isolation"].flatMap {
      reader.choice(
        references.refuse($0, in: "'isolation'"), "'isolation' of \(subject)", among: ["process"])
    }
    guard asked != nil || stage?.program != nil else {
      for key in ["memory", "processor", "record"] {
        guard let node = limits(fields, subject)?[key] else { continue }
        reader.report(
          .misplacedKey, at: node.place,
          "'\(key)' of \(subject) limits a process, and the stage runs within the program",
          hint: "add 'isolation: process', or remove it")
      }
      if fields["needs"] != nil {
        reader.report(
          .misplacedKey, at: fields.place(of: "needs"),
          "\(subject) runs within the program, which holds it from nothing",
          hint: "add 'isolation: process', or remove 'needs'")
      }
      return nil
    }
    if let stage { checkCanLeave(stage, subject, fields) }
    let limits = limits(fields, subject)
    let needs = fields["needs"].flatMap {
      reader.fields(
        references.resolve($0), of: "'needs' of \(subject)",
        known: ["network", "processes", "read"])
    }
    func flag(_ key: String) -> Bool {
      needs?[key].flatMap { reader.boolean($0, "'\(key)' of \(subject)") } ?? false
    }
    let paths = needs?["read"].flatMap { reader.list($0, "'read' of \(subject)") } ?? []
    return Plan.Isolation(
      memoryBytes: limits?["memory"].flatMap { reader.bytes($0, "'memory' of \(subject)") }
        ?? (stage?.manifest.workingSetBytes ?? 0) + Plan.Isolation.standardMemoryBytes,
      recordBytes: limits?["record"].flatMap { reader.bytes($0, "'record' of \(subject)") }
        ?? Plan.Isolation.standardRecordBytes,
      processorLimit: limits?["processor"].flatMap {
        reader.duration($0, "'processor' of \(subject)")
      },
      network: flag("network"), processes: flag("processes"),
      readable: paths.compactMap { reader.text($0, "a path of 'read' of \(subject)") }.map {
        FilePaths.absolute($0, base: settings.fileFolder)
      })
  }

  private func limits(_ fields: Fields, _ subject: String) -> Fields? {
    fields["limits"].flatMap {
      reader.fields(
        references.resolve($0), of: "'limits' of \(subject)",
        known: ["time", "processor", "memory", "record"])
    }
  }

  /// Sources, projections and sinks that cannot be asked act on the data folder itself.
  private func checkCanLeave(_ stage: StageEntry, _ subject: String, _ fields: Fields) {
    let isSink = stage.kind == .sink && stage.isQueryable
    if stage.manifest.keepsFiles, stage.program == nil {
      reader.report(
        .misplacedKey, at: fields.place(of: "isolation"),
        "\(subject) keeps files in the data folder, and a process of its own would lose them",
        hint: "remove 'isolation'")
      return
    }
    guard stage.kind != .transform, !isSink else { return }
    reader.report(
      .misplacedKey, at: fields.place(of: "isolation"),
      "\(subject) is a \(stage.kind.rawValue) and cannot run in a process of its own",
      hint: "remove 'isolation'; transforms can, and sinks that can be asked")
  }
}
