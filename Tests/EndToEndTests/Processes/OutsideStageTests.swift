import Foundation
import Testing

@Suite("stages in processes of their own")
struct OutsideStageTests {
  @Test func `what a plugin makes of each photograph is filed under its acquisition`() throws {
    let (material, plugin) = (try Material(good: 5), try PluginFolder("hostile"))
    let arguments = try plugin.pipeline(
      """
          use: hostile.stage
          with: {way: well}
          concurrency: 2
      """, for: material)
    let outcome = try AnagenProcess.run(arguments, printingTo: material.path)
    #expect(outcome.status == 0, "\(outcome.talk)")
    let records = try material.records()
    #expect(records.map { $0["subject"] as? String } == ["S1", "S1", "S1", "S2", "S2"])
    for record in records {
      #expect(record["schema"] as? String == "hostile.result/1.0")
      #expect(
        (record["value"] as? [String: Any])?["subject"] as? String == record["subject"] as? String)
    }
    let again = try AnagenProcess.run(arguments, printingTo: material.path)
    #expect(
      try RunResult(again).edges.allSatisfy { $0.opened == 0 }, "unchanged records are reused")
  }

  @Test func `an in-tree stage gives the same figures in a process`() throws {
    let within = try Material(good: 3)
    let apart = try Material(good: 3)
    #expect(try within.run().status == 0)
    let text = try String(
      contentsOfFile: "\(AnagenProcess.root)/Pipelines/reprocess.yaml", encoding: .utf8
    ).replacing("use: hair.analyse", with: "use: hair.analyse\n    isolation: process")
      .replacing("use: calibration.apply", with: "use: calibration.apply\n    isolation: process")
    try text.write(toFile: "\(apart.path)/apart.yaml", atomically: true, encoding: .utf8)
    var arguments = apart.runArguments(
      ["--var", "study=\(AnagenProcess.root)/Pipelines/studies/open.yaml"])
    arguments[1] = "\(apart.path)/apart.yaml"
    let outcome = try AnagenProcess.run(arguments, printingTo: apart.path)
    #expect(outcome.status == 0, "\(outcome.talk)")
    let results = try [within, apart].map {
      try String(contentsOfFile: "\($0.data)/tables/results.csv", encoding: .utf8)
    }
    #expect(results[0] == results[1])
  }

  @Test(arguments: [
    "calibration.apply", "hair.analyse", "deidentify.acquisitions", "deidentify.measurements",
    "deidentify.images",
  ])
  func `an in-tree stage stands the tests from outside`(stage: String) throws {
    let material = try Material()
    let outcome = try AnagenProcess.run(["plugin", "test", stage], printingTo: material.path)
    #expect(outcome.status == 0, "\(outcome.results)\(outcome.talk)")
  }

  @Test(arguments: ["tells", "prints", "names", "errs", "identifies"])
  func `a stage that says whom its record is of is found out`(way: String) throws {
    let (material, plugin) = (try Material(), try PluginFolder("hostile"))
    let outcome = try AnagenProcess.run(
      ["plugin", "test", plugin.path, "--set", "way=\(way)"], printingTo: material.path)
    #expect(outcome.status == 1)
    #expect(
      outcome.results.contains("FAILED  says nothing of a subject"),
      "\(outcome.results)\(outcome.talk)")
    #expect(!outcome.results.lowercased().contains("plantedsubject"), "\(outcome.results)")
  }

  @Test func `a new plugin in Python stands its own tests and those from outside`() throws {
    let material = try Material()
    let made = try AnagenProcess.run(
      ["plugin", "new", "--language", "python", "scalp-warmth"], printingTo: material.path)
    #expect(made.status == 0, "\(made.talk)")
    let own = try Machine.run(
      ["python3", "-m", "unittest"], in: "\(material.path)/scalp-warmth")
    #expect(own.status == 0, "\(own.text)")
    let outcome = try AnagenProcess.run(
      ["plugin", "test", "scalp-warmth"], printingTo: material.path)
    #expect(outcome.status == 0, "\(outcome.results)\(outcome.talk)")
  }

  @Test func `a run goes on although its stage's process is killed again and again`() throws {
    let (material, plugin) = (try Material(good: 30), try PluginFolder("hostile"))
    let arguments = try plugin.pipeline(
      """
          use: hostile.stage
          with: {way: well}
          retry: {attempts: 50, initial: 1ms, max: 5ms}
      """, for: material)
    var (kills, starts) = (0, 0)
    var outcome: AnagenProcess.Outcome
    repeat {
      let child = try AnagenProcess(arguments, printingTo: material.path)
      while child.isRunning {
        let killed = try Machine.run(
          ["pkill", "-KILL", "-P", "\(child.identifier)"], in: material.path)
        kills += killed.status == 0 ? 1 : 0
        Thread.sleep(forTimeInterval: 0.05 * Double(1 + kills % 7))
      }
      outcome = try child.wait()
      starts += 1
      // A process that is killed before it opened stops the start, and the next run goes on.
    } while outcome.status != 0 && starts < 50
    #expect(outcome.status == 0 && kills > 0, "\(kills) kills, \(starts) starts: \(outcome.talk)")
    #expect(try material.records().count == 30)
    #expect(try RunResult(outcome).balanced)
  }

  // 4.5
  @Test(arguments: ["Swift", "Python"])
  func `a sink is told at the end what stands`(language: String) throws {
    let material = try Material(good: 3)
    let python = try PluginFolder("tally")
    let folder = language == "Python" ? python.path : "\(material.path)/tally"
    if language == "Swift" { try layTally(into: folder) }
    let file = "\(material.path)/pipeline.yaml"
    try """
    anagen: 1
    name: tally
    vars: {data: {type: path}}
    plugins: ['\(folder)']
    stages:
      images: {use: image.files, with: {folder: images}}
      tally: {use: tally.photographs, from: images, accepts: identified}

    """.write(toFile: file, atomically: true, encoding: .utf8)
    let outcome = try AnagenProcess.run(
      ["run", file, "--var", "data=\(material.data)"], printingTo: material.path)
    #expect(outcome.status == 0, "\(outcome.talk)")
    #expect(outcome.talk.contains("count=3 set_aside=0 withdrawn=0"), "\(outcome.talk)")
    let tested = try AnagenProcess.run(
      ["plugin", "test", folder], printingTo: material.path)
    #expect(tested.status == 0, "\(tested.results)\(tested.talk)")
  }

  @Test func `a sink that would be asked for records that are not stored is refused`() throws {
    let material = try Material(good: 1)
    let plugin = try PluginFolder("tally")
    let manifest = try String(contentsOfFile: "\(plugin.path)/plugin.yaml", encoding: .utf8)
    try manifest.replacing("captured-image", with: "calibrated-image")
      .write(toFile: "\(plugin.path)/plugin.yaml", atomically: true, encoding: .utf8)
    let file = "\(material.path)/pipeline.yaml"
    try """
    anagen: 1
    name: tally
    vars: {data: {type: path}}
    plugins: ['\(plugin.path)']
    stages:
      images: {use: image.files, with: {folder: images}}
      calibrate: {use: calibration.apply, from: images}
      tally: {use: tally.photographs, from: calibrate, accepts: identified}

    """.write(toFile: file, atomically: true, encoding: .utf8)
    let outcome = try material.command(["validate", file, "--var", "data=\(material.data)"])
    #expect(outcome.status == 78, "\(outcome.talk)")
    #expect(outcome.talk.contains("8:16: error:") && outcome.talk.contains("not stored"))
  }

  /// The tests' own stages, as a plugin.
  private func layTally(into folder: String) throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let program = URL(filePath: AnagenProcess.program).deletingLastPathComponent()
      .appending(path: "test-stages").path()
    try FileManager.default.copyItem(atPath: program, toPath: "\(folder)/test-stages")
    let manifest = try Machine.run(["./test-stages", "--manifest"], in: folder)
    try manifest.text.write(toFile: "\(folder)/plugin.yaml", atomically: true, encoding: .utf8)
  }

  @Test func `a plugin.yaml that is wrong is told with line and column`() throws {
    let (material, plugin) = (try Material(good: 1), try PluginFolder("hostile"))
    let arguments = try plugin.pipeline(
      "    use: hostile.stage\n    with: {way: well}", for: material)
    let file = "\(plugin.path)/plugin.yaml"
    let text = try String(contentsOfFile: file, encoding: .utf8)
      .replacing("kind: transform", with: "kind: transfrom")
      .replacing("[python3, stage.py]", with: "[./not-there]")
      .replacing("hostile.result/1.0", with: "anagen.hair/1.0")
    try text.write(toFile: file, atomically: true, encoding: .utf8)
    let outcome = try AnagenProcess.run(arguments, printingTo: material.path)
    #expect(outcome.status == 78)
    for place in ["plugin.yaml:5:1", "plugin.yaml:8:11", "plugin.yaml:11:12"] {
      #expect(outcome.talk.contains(place), "\(outcome.talk)")
    }
  }
}
