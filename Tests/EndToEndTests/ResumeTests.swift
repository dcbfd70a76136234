import Foundation
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A data folder knows what its last run was started from, and goes on with it.
struct ResumeTests {
  /// Material whose run was killed half way.
  private func killedHalfWay(
    _ more: (Material) throws -> [String] = { _ in [] }
  ) throws -> Material {
    let material = try Material(good: 6)
    let run = try AnagenProcess(
      material.runArguments(try more(material)), printingTo: material.path)
    while run.isRunning, !FileManager.default.fileExists(atPath: "\(material.data)/pictures") {
      usleep(2000)
    }
    run.send(SIGKILL)
    _ = try run.wait()
    return material
  }

  @Test func aKilledRunGoesOnWithoutItsFileBeingNamed() throws {
    let material = try killedHalfWay()
    let outcome = try material.command(["resume", "\(material.data)/", "--format", "json"])
    #expect(outcome.talk.contains("going on with a run"), "\(outcome.talk)")
    try material.expectEverythingAccountedFor(after: outcome)
    let again = try material.command(["resume", material.data])
    #expect(again.status == 0)
    #expect(again.talk.contains("nothing to go on with"), "\(again.talk)")
  }

  @Test func aFolderThatWasMovedGoesOnWhereItIsNow() throws {
    let material = try killedHalfWay()
    let moved = "\(material.path)/moved"
    try FileManager.default.moveItem(atPath: material.data, toPath: moved)
    material.data = moved
    try material.expectEverythingAccountedFor(
      after: material.command(["resume", moved, "--format", "json"]))
  }

  @Test(
    "what was taken in before a kill is finished also when its folder, or its pictures, are gone")
  func acceptedOnly() throws {
    let material = try killedHalfWay()
    let gone = "\(material.path)/gone"
    try FileManager.default.moveItem(atPath: material.images, toPath: gone)
    let offer = "anagen resume --accepted-only \(material.data)"
    let refused = try material.command(["resume", material.data])
    #expect(refused.status == 78 && refused.talk.contains(offer), "\(refused.talk)")
    // The list alone, without its pictures.
    try FileManager.default.createDirectory(
      atPath: material.images, withIntermediateDirectories: true)
    try material.writeManifest()
    let listed = try material.command(["resume", material.data])
    #expect(listed.status == 65 && listed.talk.contains(offer), "\(listed.talk)")
    #expect(listed.talk.contains("manifest.csv:2:1"), "\(listed.talk)")

    try FileManager.default.removeItem(atPath: material.images)
    let finished = try material.command(["resume", "--accepted-only", material.data])
    #expect(finished.status == 0, "\(finished.talk)")
    let status = try material.command(["status", "--data", material.data, "--format", "json"])
    #expect(status.results.contains("\"finished\":true"), "\(status.results)")
    #expect(status.results.contains("\"last\":\"drained\""), "\(status.results)")
    // With the pictures back, the rest is taken in.
    try FileManager.default.moveItem(atPath: gone, toPath: material.images)
    try material.expectEverythingAccountedFor(
      after: material.command(["resume", material.data, "--format", "json"]))
  }

  @Test func aFolderWithoutARunSaysSo() throws {
    let material = try Material(good: 1)
    let outcome = try material.command(["resume", material.data])
    #expect(outcome.status == 65)
    #expect(outcome.talk.contains("there is no ledger"), "\(outcome.talk)")
  }

  @Test func aChangedStudyIsRefusedWithWhatChangedAndHowToTakeIt() throws {
    let text = try String(
      contentsOfFile: "\(AnagenProcess.root)/Pipelines/studies/open.yaml", encoding: .utf8)
    let material = try killedHalfWay { material in
      try text.write(toFile: "\(material.path)/the study.yaml", atomically: true, encoding: .utf8)
      return ["--var", "study=\(material.path)/the study.yaml"]
    }
    let study = "\(material.path)/the study.yaml"
    try (text + "# changed\n").write(toFile: study, atomically: true, encoding: .utf8)
    let refused = try material.command(["resume", material.data])
    #expect(refused.status == 78, "\(refused.talk)")
    let digests = try refused.talk.contains(
      Regex(#"study: "sha256:[0-9a-f]{64}" -> "sha256:[0-9a-f]{64}"\n"#))
    #expect(digests, "\(refused.talk)")
    // What it offers can be pasted into a shell.
    let offer = try #require(refused.talk.split(separator: "take the change: anagen ").last)
    let taken = try Machine.run(
      ["sh", "-c", "\(AnagenProcess.program) \(offer.prefix { $0 != "\n" }) --format json"],
      in: material.path)
    #expect(taken.status == 0, "\(taken.text)")
    let status = try material.command(["status", "--data", material.data])
    #expect(status.status == 0, "\(status.results)")
  }
}
