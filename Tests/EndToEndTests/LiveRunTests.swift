import Foundation
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A run that watches its folder, and so goes on until it is told to stop.
final class LiveRun {
  let material: Material
  let process: AnagenProcess

  /// The pipeline's file.
  let pipeline: String

  /// Starts the run and waits until its pictures are measured and filed.
  init(
    pictures: Int = 3, _ more: [String] = [], variables: [String: String] = [:]
  ) throws {
    material = try Material(good: pictures)
    pipeline = "\(material.path)/watch.yaml"
    var text = try String(
      contentsOfFile: "\(AnagenProcess.root)/Pipelines/reprocess.yaml", encoding: .utf8)
    for (old, new) in [
      (
        #"with: {folder: "${var:images}", calibrations"#,
        #"with: {folder: "${var:images}", watch: true, watch_interval: 200ms, calibrations"#
      ), ("default: anagen-data", "default: \(material.data)"),
    ] {
      try #require(text.contains(old))
      text.replace(old, with: new)
    }
    try text.write(toFile: pipeline, atomically: true, encoding: .utf8)
    process = try AnagenProcess(
      [
        "run", pipeline, "--var", "images=\(material.images)", "--var",
        "study=\(AnagenProcess.root)/Pipelines/studies/open.yaml", "--format", "json",
      ] + more, printingTo: material.path, variables: variables)
    // Some seconds; a run that never comes to rest is shown and not waited for.
    let start = ContinuousClock.now
    while process.isRunning, .now - start < .seconds(300) {
      let top = try self.top(["--format", "json", "--interval", "0.1"])
      if top.status == 0, try Snapshot(top).hasHandled(pictures) { return }
      usleep(50_000)
    }
    Issue.record("the run ended or did not come to rest: \(try process.talk())")
  }

  deinit { process.send(SIGKILL) }

  func top(_ more: [String] = []) throws -> AnagenProcess.Outcome {
    try material.command(["top", "--data", material.data, "--once"] + more)
  }

  /// Has it drain.
  func stop() throws -> AnagenProcess.Outcome {
    process.send(SIGTERM)
    return try process.wait()
  }
}

/// What `top --format json` says.
private struct Snapshot: Decodable {
  struct Stage: Decodable {
    struct Identity: Decodable { let name: String }
    let identity: Identity
    let state: String
    let received: Int
    let sent: Int
  }
  let accepted: Int
  let stages: [Stage]

  init(_ outcome: AnagenProcess.Outcome) throws {
    self = try JSONDecoder().decode(Snapshot.self, from: Data(outcome.results.utf8))
  }

  /// Whether so many pictures have come to the end of every way.
  func hasHandled(_ count: Int) -> Bool {
    func stage(_ name: String) -> Stage? { stages.first { $0.identity.name == name } }
    let released = ["acquisitions", "rows", "pictures"].compactMap { stage($0)?.sent }.reduce(0, +)
    return accepted == count
      && ["calibrate", "analyse", "rows", "pictures"].allSatisfy { stage($0)?.received == count }
      && stage("registry")?.sent == released && released > 0
      && stages.dropFirst().allSatisfy { $0.state == "waitingForInput" }
  }
}

/// What a live run tells of itself, asked as people and programs ask.
@Suite(.timeLimit(.minutes(5)))
struct LiveRunTests {
  private static let parser = """
    import sys
    from prometheus_client.openmetrics.parser import text_string_to_metric_families
    samples = {}
    for family in text_string_to_metric_families(sys.stdin.read()):
        for sample in family.samples:
            labels = sample.labels.get("stage", "")
            samples.setdefault((sample.name, labels), 0)
            samples[(sample.name, labels)] += sample.value
    for (name, stage), value in sorted(samples.items()):
        print(name, stage, int(value))
    """

  @Test func aPictureIsWithdrawnWhileTheRunWorksAndTheSameRunTakesItOut() throws {
    let live = try LiveRun()
    let material = live.material
    let (file, data) = (material.rows[0].file, ["--data", material.data])
    let withdrawn = try material.command(
      ["withdraw", file, "--reason", "consent withdrawn", "--by", "maria"] + data)
    #expect(withdrawn.status == 0, "\(withdrawn.talk)")
    #expect(withdrawn.results.contains("the run takes them out of registry"))
    let status = try material.command(["status"] + data)
    #expect(status.results.contains("withdrawn: 1 by maria, "), "\(status.results)")
    #expect(status.results.contains(": consent withdrawn (\(file))"), "\(status.results)")
    let acquisition = try #require(material.rows[0].identity.split(separator: ":").last)
    for name in [file, String(acquisition)] {
      let told = try material.command(["explain", name] + data)
      #expect(told.status == 0, "\(told.talk)")
      #expect(told.results.contains("withdrawn by maria: consent withdrawn"), "\(told.results)")
    }
    let outcome = try live.stop()
    #expect(outcome.status == 0, "\(outcome.talk)")
    let rows = try String(
      contentsOfFile: "\(material.data)/tables/acquisitions.csv", encoding: .utf8)
    #expect(
      rows.split(separator: "\r\n").count { $0.contains(",excluded,withdrawn_by_a_person,") } == 1)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: "\(material.data)/pictures").count == 2)
  }

  @Test func topShowsTheStagesOfALiveRunAndSaysWhenThereIsNone() throws {
    let live = try LiveRun()
    let table = try live.top(["--interval", "0.2"])
    #expect(table.status == 0, "\(table.talk)")
    for (row, pattern) in [
      ("the pipeline", #"pipeline reprocess, process \#(live.process.identifier), working after "#),
      (
        "the heading", #"stage +state +in +out +rate/s +queue +bytes +p50 +p99 +retries +set aside"#
      ),
      ("a source", #"images +\w+.* 3 "#),
      (
        "a transform",
        #"analyse +waiting for input +3 +3 +0.0 +0 +0 B +[\d.]+ m?s +[\d.]+ m?s +0 +0"#
      ),
      ("a sink", #"registry +waiting for input +9 +9 "#),
      ("the ledger", #"ledger: \d+ entries in \d+ commits, "#),
    ] {
      let found = try table.results.contains(Regex(pattern))
      #expect(found, "\(row) in:\n\(table.results)")
    }
    #expect(!table.results.lowercased().contains(Photographs.name.lowercased()))
    let outcome = try live.stop()
    #expect(outcome.status == 0, "\(outcome.talk)")
    let none = try live.top()
    #expect(none.status == 69)
    #expect(none.talk.contains("error: no run is alive on \(live.material.data)"), "\(none.talk)")
  }

  @Test func aDecisionThatARunCouldNotBeginIsNeverCarriedOut() throws {
    let live = try LiveRun()
    try live.material.add(Array("no picture".utf8), named: "broken.jpg")
    try live.material.writeManifest()
    var list: AnagenProcess.Outcome
    repeat {
      list = try live.material.command(["quarantine", "list", "--data", live.material.data])
    } while list.results.isEmpty && live.process.isRunning
    let number = try #require(list.results.split(separator: "\n").last?.split(separator: " ").first)
    // Held still by the kernel, as a process that waits for a dead disk is.
    live.process.send(SIGSTOP)
    let purge = [
      "quarantine", "purge", String(number), "--reason", "no picture", "--data", live.material.data,
    ]
    let refused = try live.material.command(purge)
    live.process.send(SIGCONT)
    #expect(refused.status == 69)
    #expect(
      refused.talk.contains("did not answer within 10 s; nothing was changed"), "\(refused.talk)")
    // The run answers again, so it has read what was asked before.
    #expect(try live.top(["--interval", "0.5"]).status == 0)
    list = try live.material.command(["quarantine", "list", "--data", live.material.data])
    #expect(list.status == 1 && list.results.contains("\n"), "\(list.results)")
    let done = try live.material.command(purge)
    #expect(done.status == 0, "\(done.talk)")
    #expect(try live.stop().status == 0)
  }

  @Test func openMetricsAreServedOnASocketAndOnTheLoopback() throws {
    let port = Int.random(in: 30_000..<40_000)
    for (address, curl) in [
      ("unix:metrics.sock", ["--unix-socket", "metrics.sock", "http://localhost"]),
      ("127.0.0.1:\(port)", ["http://127.0.0.1:\(port)"]),
    ] {
      let live = try LiveRun(["--metrics", address])
      let folder = live.material.path
      let call = { (path: String, more: [String]) in
        var command = ["curl", "-sS", "--max-time", "5", "--noproxy", "*"] + more + curl
        command[command.count - 1] += path
        return try Machine.run(command, in: folder).text
      }
      let page = try call("/metrics", [])
      #expect(page.hasSuffix("# EOF\n"), "\(page)")
      let read = try Machine.run(
        ["/usr/bin/python3", "-c", Self.parser], in: folder, input: page
      ).text
      for line in [
        "accepted_records_total  3", "component_received_records_total analyse 3",
        "component_sent_records_total analyse 3", "component_sent_records_total registry 9",
        "component_errors_total analyse 0", "component_quarantined_records_total analyse 0",
        "component_latency_seconds_count analyse 3", "buffer_records analyse 0",
        "buffer_size_bytes analyse 0", "buffer_max_records calibrate 8",
        "component_state analyse 1",
      ] {
        #expect(read.split(separator: "\n").contains(line[...]), "\(line) in:\n\(read)")
      }
      let head = try call("/metrics", ["-I"])
      #expect(head.contains("HTTP/1.1 200 OK"), "\(head)")
      #expect(head.contains("application/openmetrics-text; version=1.0.0"), "\(head)")
      #expect(try call("/", ["-i"]).contains("HTTP/1.1 404"))
      #expect(try call("/metrics", ["-i", "-d", "x=1"]).contains("HTTP/1.1 405"))
      #expect(
        try call("/metrics", ["-i", "-H", "x: " + String(repeating: "y", count: 20_000)])
          .contains("HTTP/1.1 431"))
      #expect(try live.stop().status == 0)
    }
  }

  @Test(arguments: ["0.0.0.0:9464", "example.org:80", "9464"])
  func metricsAreServedNowhereBeyondThisMachine(_ address: String) throws {
    let material = try Material(good: 1)
    let outcome = try material.run(["--metrics", address])
    #expect(outcome.status == 64, "\(outcome.talk)")
    #expect(outcome.talk.contains("'\(address)' is no address of this machine"))
    #expect(!FileManager.default.fileExists(atPath: material.data))
  }

  @Test func logLinesAreJSONWhereNobodyReadsThem() throws {
    struct Line: Decodable {
      let timestamp: String
      let level: String
      let message: String
      let stage: String?
      let metadata: [String: String]?
    }
    let material = try Material()
    let count = 40
    for number in 0..<count {
      let bytes = Array("no picture \(number)".utf8)
      try material.add(bytes, named: "\(Photographs.name)-\(number).jpg")
    }
    try material.writeManifest()
    // Without a terminal everything that is said is a line for programs, also what is no log.
    let outcome = try material.run(["--log-format", "auto"])
    #expect(outcome.status == 1)
    let lines = try outcome.talk.split(separator: "\n").map {
      try JSONDecoder().decode(Line.self, from: Data($0.utf8))
    }
    // Ten, and one more for each second that the run took: not forty.
    #expect((10..<count).contains(lines.count { $0.message == "a record was set aside" }))
    let line = try #require(lines.first { $0.message == "a record was set aside" })
    #expect(line.level == "warning")
    #expect(line.stage == "calibrate")
    #expect(line.metadata?["class"] == "record")
    let isTime = line.timestamp.contains(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    #expect(isTime, "\(line.timestamp)")
    #expect(line.metadata?["delivery"].flatMap { Int($0) } != nil)
    let text = try material.run(["--log-format", "text"])
    #expect(!text.talk.contains("{"))
  }

  @Test func withJSONAskedForEveryLineOfStderrIsAnObject() throws {
    struct Line: Decodable {
      let level: String
      let message: String
      let metadata: [String: String]?
    }
    func lines(_ outcome: AnagenProcess.Outcome) throws -> [Line] {
      try outcome.talk.split(separator: "\n").map {
        try JSONDecoder().decode(Line.self, from: Data($0.utf8))
      }
    }
    let material = try Material(good: 1)
    try material.add(Array("no picture".utf8), named: "broken.jpg")
    try material.writeManifest()
    let first = try lines(try material.run(["--log-format", "json"]))
    #expect(first.first?.message.hasPrefix("made the secret") == true, "\(first)")
    #expect(first.contains { $0.message == "a record was set aside" })
    let lock = open("\(material.data)/private/lock", O_RDWR)
    try #require(flock(lock, LOCK_EX | LOCK_NB) == 0)
    let refused = try lines(try material.run(["--log-format=json"]))
    close(lock)
    #expect(refused.count == 1 && refused.first?.level == "error", "\(refused)")
    #expect(refused.first?.metadata?["hint"]?.isEmpty == false)
    let pipeline = "\(material.path)/bad.yaml"
    try "anagen: 1\nname: bad\n".write(toFile: pipeline, atomically: true, encoding: .utf8)
    let bad = try material.command(["run", pipeline, "--log-format", "json"])
    #expect(bad.status == 78)
    #expect(try lines(bad).map(\.level) == ["error", "error"])
    let wrong = try material.command(["run", pipeline, "--log-format", "json", "--vra", "x"])
    #expect(wrong.status == 64)
    #expect(try lines(wrong).map(\.level) == ["error"])
  }
}
