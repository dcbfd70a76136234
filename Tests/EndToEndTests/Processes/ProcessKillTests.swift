import Foundation
import GRDB
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The processes of a transform and of a sink killed at random instants, some while they start: each
/// record comes out once, and none is blamed for it.
@Suite("stages whose processes are killed")
struct ProcessKillTests {
  static let records = FaultCampaign.isWhole ? 100_000 : 2000
  static let kills = FaultCampaign.isWhole ? 10_000 : 100

  @Test(.timeLimit(.minutes(240)))
  func `no record is lost, none comes twice, and none is set aside`() throws {
    let (material, plugin) = (try Material(pixels: Self.records), try CountingPlugin())
    let start = ContinuousClock.now
    let run = try AnagenProcess(try plugin.arguments(for: material), printingTo: material.path)
    // The last falls when a tenth of the records is left.
    var killer = Killer(
      host: run.identifier, data: material.data, kills: Self.kills,
      among: 0.9 * Double(Self.records)
    ) { try plugin.taken() }
    while run.isRunning, killer.kills < Self.kills { try killer.kill(in: run) }
    let left = Self.records - (try plugin.taken())
    let outcome = try run.wait()
    let seconds = Int((ContinuousClock.now - start) / .seconds(1))
    let summary =
      "\(killer.kills) kills of stages' processes, \(killer.early) of them as they started, the last "
      + "with \(left) of \(Self.records) records left, \(seconds) s"
    FaultCampaign.report(summary)
    #expect(killer.kills == Self.kills, "the run ended before: \(summary)")
    #expect(outcome.status == 0, "\(outcome.talk.suffix(2000))")
    #expect(try material.setAside().map(\.failure.reason) == [])
    let result = try RunResult(outcome)
    #expect(result.balanced)
    #expect(result.edges.allSatisfy { $0.done == Self.records && $0.opened == Self.records })
    let subjects = try material.records().map { $0["subject"] as? String ?? "" }
    #expect(subjects.count == Self.records && Set(subjects).count == Self.records)
    let keys = try plugin.keys()
    #expect(keys.count == Self.records && Set(keys).count == Self.records)
    #expect(killer.mostFiles < 100, "the run had \(killer.mostFiles) files open")
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: "\(material.data)/private/stages") == [])
    try expectExplained(material)
  }

  /// What a kill cost a record stands in its story.
  private func expectExplained(_ material: Material) throws {
    let retried = try #require(
      try material.read("\(material.data)/private/ledger.sqlite") { db in
        try String.fetchOne(
          db,
          sql: """
            SELECT record.identity FROM delivery JOIN record ON record.id = delivery.record_id
            WHERE delivery.attempts > 1 LIMIT 1
            """)
      })
    let story = try material.command(["explain", retried, "--data", material.data])
    #expect(story.results.contains("stage_died (transient)"), "\(story.results)\(story.talk)")
  }
}

/// Kills the processes of a run's stages, at random amounts of its progress.
private struct Killer {
  let host: Int32
  let data: String
  /// How far the run is.
  let progress: () throws -> Int
  /// How many records come between two kills, on average.
  let spacing: Double
  /// How many records are done when each falls.
  private let instants: [Double]
  private(set) var kills = 0
  /// How many of them met a process that had not opened.
  private(set) var early = 0
  private(set) var mostFiles = 0
  private var random = SystemRandomNumberGenerator()

  init(
    host: Int32, data: String, kills: Int, among records: Double,
    progress: @escaping () throws -> Int
  ) {
    self.host = host
    self.data = data
    spacing = records / Double(kills)
    instants = (0..<kills).map { _ in Double.random(in: 0..<records) }.sorted()
    self.progress = progress
  }

  /// Kills one when the run has come far enough: one in twenty as it starts, the others at work.
  mutating func kill(in run: AnagenProcess) throws {
    // Before the first of each stage has opened, a kill would stop the start.
    while kills == 0, run.isRunning, try opened().count < 2 { usleep(1000) }
    let due = instants[kills]
    let isEarly = Int.random(in: 0..<20, using: &random) == 0
    while run.isRunning {
      let done = try Double(progress())
      // None starts as long as none has ended.
      let picksEarly = isEarly && done < due + 5 * spacing
      let open = try opened()
      let candidates = picksEarly ? try started().filter { !open.contains($0) } : open
      guard done >= due, let child = candidates.randomElement(using: &random) else {
        usleep(1000)
        continue
      }
      usleep(UInt32.random(in: 0..<3000, using: &random))
      guard Glibc.kill(child, SIGKILL) == 0 else { continue }
      kills += 1
      if picksEarly { early += 1 }
      if kills % 100 == 0 { try countFiles() }
      // One that waits to be taken away could be killed again.
      while status(of: child).first == "Z" { usleep(500) }
      return
    }
  }

  private mutating func countFiles() throws {
    let open = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(host)/fd").count
    mostFiles = max(mostFiles, open)
  }

  /// Those that have opened: each leaves a file with its number in its scratch folder.
  private func opened() throws -> [Int32] {
    let folder = "\(data)/private/stages"
    guard FileManager.default.fileExists(atPath: folder) else { return [] }
    return try FileManager.default.contentsOfDirectory(atPath: folder).flatMap { name -> [Int32] in
      // It may be removed meanwhile.
      (FileManager.default.subpaths(atPath: "\(folder)/\(name)") ?? []).compactMap { Int32($0) }
    }.filter { isChild($0) }
  }

  /// All of them.
  private func started() throws -> [Int32] {
    try FileManager.default.contentsOfDirectory(atPath: "/proc/\(host)/task").flatMap { task in
      String(
        decoding: FileManager.default.contents(atPath: "/proc/\(host)/task/\(task)/children")
          ?? Data(), as: UTF8.self
      ).split(separator: " ").compactMap { Int32($0) }
    }
  }

  private func isChild(_ process: Int32) -> Bool {
    let fields = status(of: process)
    return fields.count > 1 && fields[1] == "\(host)" && fields[0] != "Z"
  }

  /// State and parent, behind the name in parentheses.
  private func status(of process: Int32) -> [Substring] {
    let text = String(
      decoding: FileManager.default.contents(atPath: "/proc/\(process)/stat") ?? Data(),
      as: UTF8.self)
    return text.split(separator: ")").last?.split(separator: " ") ?? []
  }
}
