import Foundation
import Testing

@Suite("commands about outside plugins")
struct PluginCommandTests {
  private static let well = "    use: hostile.stage\n    with: {way: well}"

  /// The same pipeline under another command.
  private func command(_ words: [String], _ arguments: [String]) -> [String] {
    words + arguments.dropFirst().filter { $0 != "--format" && $0 != "json" }
  }

  private func append(_ text: String, to file: String) throws {
    let old = FileManager.default.contents(atPath: file) ?? Data()
    try (old + Data(text.utf8)).write(to: URL(filePath: file))
  }

  @Test func `a locked run refuses plugins of which anything changed, and says what`() throws {
    let (material, plugin) = (try Material(good: 1), try PluginFolder("hostile"))
    let run = try plugin.pipeline(Self.well, for: material)
    func locked() throws -> AnagenProcess.Outcome {
      try AnagenProcess.run(run + ["--locked"], printingTo: material.path)
    }
    let without = try locked()
    #expect(without.status == 78 && without.talk.contains("there is no pipeline.lock"))
    #expect(!FileManager.default.fileExists(atPath: material.data))

    let lock = command(["plugin", "lock"], run)
    #expect(try AnagenProcess.run(lock, printingTo: material.path).status == 0)
    #expect(try locked().status == 0, "the plugin is as it was locked")

    try append("# changed\n", to: "\(plugin.path)/stage.py")
    try append("", to: "\(plugin.path)/lib/added.py")
    try FileManager.default.removeItem(atPath: "\(plugin.path)/lib/anagen_stage/py.typed")
    let manifest = "\(plugin.path)/plugin.yaml"
    let text = try String(contentsOfFile: manifest, encoding: .utf8)
    try text.replacing("version: 1.0.0", with: "version: 1.0.1")
      .write(toFile: manifest, atomically: true, encoding: .utf8)
    let validated = try AnagenProcess.run(
      command(["validate", "--locked"], run), printingTo: material.path)
    for outcome in [try locked(), validated] {
      #expect(outcome.status == 78)
      for difference in [
        "'hostile': version 1.0.1, locked is 1.0.0", "'stage.py' has other bytes",
        "'lib/added.py' was not there", "'lib/anagen_stage/py.typed' is gone",
        "'plugin.yaml' has other bytes", "anagen plugin lock",
      ] {
        #expect(outcome.talk.contains(difference), "\(outcome.talk)")
      }
    }
    #expect(try AnagenProcess.run(run, printingTo: material.path).status == 0, "unlocked")
    #expect(try AnagenProcess.run(lock, printingTo: material.path).status == 0)
    #expect(try locked().status == 0, "the change was taken")
  }

  private func storedFolders(of material: Material) throws -> Int {
    let store = "\(material.data)/private/content"
    guard FileManager.default.fileExists(atPath: store) else { return 0 }
    return try FileManager.default.contentsOfDirectory(atPath: store).count { $0 != "incoming" }
  }

  @Test func `what resumes a locked run is held to the lock too`() throws {
    let (material, plugin) = (try Material(good: 1), try PluginFolder("hostile"))
    let run = try plugin.pipeline("    use: hostile.stage\n    with: {way: endless}", for: material)
    #expect(
      try AnagenProcess.run(command(["plugin", "lock"], run), printingTo: material.path).status == 0
    )
    let child = try AnagenProcess(run + ["--locked"], printingTo: material.path)
    // With the first picture in its store the run is noted.
    while child.isRunning, try storedFolders(of: material) == 0 {
      Thread.sleep(forTimeInterval: 0.02)
    }
    child.send(SIGKILL)
    #expect(try child.wait().status == 128 + SIGKILL)
    try append("# changed\n", to: "\(plugin.path)/stage.py")
    let resumed = try AnagenProcess.run(["resume", material.data], printingTo: material.path)
    #expect(resumed.status == 78 && resumed.talk.contains("'stage.py' has other bytes"))
  }

  @Test func `a plugin that cannot be used is listed with its reasons`() throws {
    let (good, bad) = (try PluginFolder("hostile"), try PluginFolder("scalp-redness"))
    try append("nonsense: 1\n", to: "\(bad.path)/plugin.yaml")
    let arguments = ["plugin", "list", "--outside", good.path, "--outside", bad.path]
    let outcome = try AnagenProcess.run(arguments, printingTo: good.path)
    #expect(outcome.status == 1)
    #expect(outcome.results.contains("hostile.stage") && outcome.results.contains("hair.analyse"))
    #expect(outcome.results.contains("\(bad.path)  (cannot be used)"))
    #expect(outcome.results.contains("unknown_key") && !outcome.results.contains("redness.index"))
  }

  @Test func `the plan shows what each process is granted`() throws {
    let (material, plugin) = (try Material(good: 1), try PluginFolder("hostile"))
    let granted = try plugin.pipeline(
      Self.well + "\n    needs: {network: true, processes: true, read: [/srv/models]}"
        + "\n    limits: {memory: 300MiB}", for: material)
    let plan = try AnagenProcess.run(command(["plan"], granted), printingTo: material.path)
    #expect(
      plan.results.contains(
        "outside (hostile.stage): at most 300 MiB, records to 64 MiB; granted the network, "
          + "starting processes, reading /srv/models"), "\(plan.results)\(plan.talk)")
    let plain = try plugin.pipeline(Self.well, for: material)
    let other = try AnagenProcess.run(command(["plan"], plain), printingTo: material.path)
    #expect(other.results.contains("granted nothing"))
  }
}
