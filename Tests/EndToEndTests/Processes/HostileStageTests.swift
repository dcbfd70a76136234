import Foundation
import Testing

/// A stage's process may do what it likes: the host survives it, says what happened, loses nothing.
@Suite("a hostile stage's process")
struct HostileStageTests {
  /// What it does, and the reason under which its record is set aside.
  static let ways = [
    ("garbage", "stage_broke_protocol"), ("giant_length", "stage_broke_protocol"),
    ("deep_json", "stage_broke_protocol"), ("credits", "stage_broke_protocol"),
    ("unknown_record", "stage_broke_protocol"), ("outside_slot", "stage_broke_protocol"),
    ("negative", "stage_broke_protocol"), ("another_schema", "stage_fault"),
    ("dies", "stage_died"), ("leaves", "stage_died"), ("hoards", "memory_limit"),
    ("recovers", "stage_died"),
    ("endless", "time_limit"),
  ]

  @Test(arguments: ways)
  func `its record is set aside with what happened`(way: String, reason: String) throws {
    let (material, plugin) = (try Material(good: 2), try PluginFolder("hostile"))
    let outcome = try AnagenProcess.run(
      try plugin.pipeline(
        """
            use: hostile.stage
            with: {way: \(way)}
            retry: {attempts: 2, initial: 10ms, max: 20ms}
            limits: {time: \(way == "endless" ? "2s" : "60s"), memory: 256MiB}
        """, for: material), printingTo: material.path)
    #expect(outcome.status == 1, "\(outcome.talk)")
    let aside = try material.setAside()
    #expect(aside.map(\.failure.reason) == [reason, reason], "\(aside.map(\.failure.message))")
    #expect(try RunResult(outcome).balanced)
    #expect(try stray(of: plugin).isEmpty)
  }

  @Test(arguments: [
    ("hoards", "memory: 256MiB", "its process reached its memory limit of 256 MiB"),
    ("asks_for_much", "memory: 256MiB", "its process reached its memory limit of 256 MiB"),
    (
      "endless", "processor: 500ms",
      "it used the processor for longer than its limit of 0.5 seconds"
    ),
  ])
  func `a limit that it reached is told, with the key that raises it`(
    way: String, limit: String, message: String
  ) throws {
    let (material, plugin) = (try Material(good: 1), try PluginFolder("hostile"))
    let outcome = try AnagenProcess.run(
      try plugin.pipeline(
        """
            use: hostile.stage
            with: {way: \(way)}
            retry: {attempts: 1, initial: 10ms, max: 20ms}
            limits: {time: 60s, \(limit)}
        """, for: material), printingTo: material.path)
    #expect(outcome.status == 1, "\(outcome.talk)")
    let failure = try #require(try material.setAside().first?.failure)
    #expect(failure.message == message)
    let key = limit.prefix { $0 != ":" }
    #expect(failure.hint.contains("limits: {\(key)}"), "\(failure.hint)")
  }

  @Test func `nothing of what it may not do succeeds`() throws {
    let (material, plugin) = (try Material(good: 1), try PluginFolder("hostile"))
    let outcome = try AnagenProcess.run(
      try plugin.pipeline(
        "    use: hostile.stage\n    with: {way: escapes}", for: material),
      printingTo: material.path)
    let could = try material.setAside().map(\.failure.message)
    #expect(outcome.status == 0 && could.isEmpty, "\(could) \(outcome.talk)")
  }

  @Test func `what it says of a subject is taken out, and a flood is cut`() throws {
    for way in ["tells", "floods"] {
      let (material, plugin) = (try Material(), try PluginFolder("hostile"))
      try material.add(try Photographs.jpeg(1), named: "Jane Doe.jpg", subject: "Janedoe77")
      try material.writeManifest()
      let outcome = try AnagenProcess.run(
        try plugin.pipeline(
          "    use: hostile.stage\n    with: {way: \(way)}", for: material),
        printingTo: material.path)
      #expect(outcome.status == 0, "\(outcome.talk)")
      #expect(!outcome.talk.contains("Janedoe77") && !outcome.talk.contains("Jane Doe"))
      #expect(way == "floods" || outcome.talk.contains("[redacted]"))
      #expect(outcome.talk.utf8.count < 100_000)
    }
  }

  @Test func `its errors do not name a subject either`() throws {
    let (material, plugin) = (try Material(), try PluginFolder("hostile"))
    try material.add(try Photographs.jpeg(1), named: "Jane Doe.jpg", subject: "Janedoe77")
    try material.writeManifest()
    _ = try AnagenProcess.run(
      try plugin.pipeline(
        "    use: hostile.stage\n    with: {way: names}", for: material),
      printingTo: material.path)
    let failure = try #require(try material.setAside().first?.failure)
    #expect((failure.message, failure.hint) == ("cannot read [redacted]", "ask [redacted]"))
  }

  @Test func `nor does the reason that stands in tables and metrics`() throws {
    let (material, plugin) = (try Material(), try PluginFolder("hostile"))
    try material.add(try Photographs.jpeg(1), named: "a.jpg", subject: "janedoe77")
    try material.writeManifest()
    let outcome = try AnagenProcess.run(
      try plugin.pipeline("    use: hostile.stage\n    with: {way: errs}", for: material),
      printingTo: material.path)
    #expect(try material.setAside().map(\.failure.reason) == ["stage_fault"])
    #expect(!outcome.talk.contains("janedoe77"), "\(outcome.talk)")
  }

  @Test func `a process that is stopped is replaced`() throws {
    let (material, plugin) = (try Material(good: 1), try PluginFolder("hostile"))
    let outcome = try AnagenProcess.run(
      try plugin.pipeline(
        """
            use: hostile.stage
            with: {way: silent}
            retry: {attempts: 1}
            limits: {time: 60s}
        """, for: material), printingTo: material.path)
    #expect(try material.setAside().map(\.failure.reason) == ["stage_hung"], "\(outcome.talk)")
  }

  /// Processes that run the plugin's program still.
  private func stray(of plugin: PluginFolder) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: "/proc").filter { name in
      guard Int(name) != nil,
        let line = FileManager.default.contents(atPath: "/proc/\(name)/cmdline"),
        let folder = try FileManager.default.fileExists(atPath: "/proc/\(name)/cwd")
          ? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(name)/cwd") : nil
      else { return false }
      return folder == plugin.path && !line.isEmpty
    }
  }
}
