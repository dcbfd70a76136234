import Foundation
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// `measure` that is stopped, or cannot write the drawn copies, says so and leaves no half file.
struct MeasureTests {
  @Test(arguments: [SIGINT, SIGTERM])
  func stoppedItEndsWithThePicturesInHand(_ signal: Int32) throws {
    let material = try Material(good: 12)
    let run = try AnagenProcess(
      ["measure", material.images, "--um-per-px", "5", "--jobs", "1", "--out", drawn(material)],
      printingTo: material.path)
    while run.isRunning, try names(in: drawn(material)).isEmpty { usleep(500) }
    run.send(signal)
    let outcome = try run.wait()
    #expect([0, 130].contains(outcome.status), "\(outcome.status): \(outcome.talk)")
    if outcome.status == 130 {
      #expect(outcome.talk.contains("of 12 pictures were measured"), "\(outcome.talk)")
    }
    #expect(try names(in: drawn(material)).allSatisfy { $0.hasSuffix(".measured.png") })
  }

  @Test func drawingsThatAShellNamesAreNotMeasured() throws {
    let material = try Material(good: 1)
    let picture = "\(material.images)/\(material.rows[0].file)"
    #expect(try material.command(["measure", picture, "--um-per-px", "5"]).status == 0)
    let drawn = try #require(names(in: material.images).first { $0.hasSuffix(".measured.png") })
    let both = ["measure", picture, "\(material.images)/\(drawn)", "--um-per-px", "5"]
    let outcome = try material.command(both + ["--format", "json"])
    #expect(outcome.status == 0 && outcome.results.split(separator: "\n").count == 1)
    #expect(outcome.talk.contains("passed over 1 drawing of anagen"))
    let alone = try material.command(["measure", both[2], "--um-per-px", "5"])
    #expect(alone.status == 65 && alone.talk.contains("give it another name"), "\(alone.talk)")
  }

  @Test(.timeLimit(.minutes(1))) func aPipeIsRefusedAtOnce() throws {
    let material = try Material()
    let pipe = "\(material.path)/pipe.jpg"
    #expect(mkfifo(pipe, 0o600) == 0)
    let outcome = try material.command(["measure", pipe, "--um-per-px", "5"])
    #expect(outcome.status == 74 && outcome.talk.contains("is not a file"), "\(outcome.talk)")
  }

  @Test(.enabled(if: Machine.canMount, Machine.mountReason))
  func aFullDiskIsSaidAndNoHalfCopyIsLeft() throws {
    let material = try Material(good: 1)
    let script = """
      mkdir -p \(drawn(material))
      mount -t tmpfs -o size=16k anagen-test \(drawn(material))
      status=0
      "$@" || status=$?
      ls -A \(drawn(material)) > \(material.path)/left
      exit $status
      """
    let outcome = try AnagenProcess.run(
      [
        "measure", "\(material.images)/\(material.rows[0].file)", "--um-per-px", "5", "--out",
        drawn(material),
      ], through: Machine.mounting(script), printingTo: material.path)
    #expect(outcome.status == 74, "\(outcome.status): \(outcome.talk)")
    #expect(
      outcome.talk.contains("No space left on device; make room on the disk"), "\(outcome.talk)")
    #expect(outcome.results.contains("hairs"), "the figures do not need the drawing")
    #expect(try String(contentsOfFile: "\(material.path)/left", encoding: .utf8).isEmpty)
  }

  private func drawn(_ material: Material) -> String { "\(material.path)/drawn" }

  private func names(in folder: String) throws -> [String] {
    guard FileManager.default.fileExists(atPath: folder) else { return [] }
    return try FileManager.default.contentsOfDirectory(atPath: folder)
  }
}
