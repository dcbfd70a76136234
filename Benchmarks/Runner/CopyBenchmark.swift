import ClinicalRecords
import Crypto
import Foundation
import PipelineRunner

/// The job of all contenders: read a file, hash it, write a copy named by its hash.
enum CopyJob {
  struct Failure: Error { let what: String }

  static func copy(_ source: String, to folder: String, isSynced: Bool = false) throws {
    let bytes = try read(source)
    let digest = ContentDigest(bytes: SHA256.hash(data: bytes)).hexadecimal
    let target = open("\(folder)/\(digest)", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard target >= 0 else { throw Failure(what: "cannot make a copy in \(folder)") }
    defer { close(target) }
    var offset = 0
    while offset < bytes.count {
      let count = bytes.withUnsafeBytes { all in
        let rest = UnsafeRawBufferPointer(rebasing: all[offset...])
        return write(target, rest.baseAddress, rest.count)
      }
      guard count > 0 else { throw Failure(what: "cannot write to \(folder)") }
      offset += count
    }
    if isSynced, fsync(target) != 0 { throw Failure(what: "cannot sync a copy in \(folder)") }
  }

  static func read(_ path: String) throws -> [UInt8] {
    let source = open(path, O_RDONLY | O_CLOEXEC)
    guard source >= 0 else { throw Failure(what: "cannot open \(path)") }
    defer { close(source) }
    var status = stat()
    guard fstat(source, &status) == 0 else { throw Failure(what: "cannot look at \(path)") }
    let size = Int(status.st_size)
    return try [UInt8](unsafeUninitializedCapacity: size) { buffer, filled in
      while filled < size {
        let rest = UnsafeMutableBufferPointer(rebasing: buffer[filled..<size])
        let count = Glibc.read(source, rest.baseAddress, rest.count)
        guard count > 0 else { throw Failure(what: "cannot read \(path)") }
        filled += count
      }
    }
  }
}

/// The same copy-and-hash job as a plain loop, as processes and as a pipeline, in turns.
struct CopyBenchmark {
  private enum Way: CaseIterable {
    case loop, processes, pipeline, loopSynced, pipelineSynced

    var name: String {
      switch self {
      case .loop: "plain loop"
      case .processes: "xargs -P2, a process a file"
      case .pipeline: "pipeline, durability: none"
      case .loopSynced: "plain loop, each file synced"
      case .pipelineSynced: "pipeline, durability: full"
      }
    }

    var peer: Way { self == .pipelineSynced || self == .loopSynced ? .loopSynced : .loop }
  }

  private let rounds: Int
  private let files: Int
  private let bytes: Int
  private let scratch: Scratch
  private var input: String { "\(scratch.path)/input" }

  init(_ options: Options) throws {
    rounds = options.number("rounds", 10)
    files = options.number("files", 1000)
    bytes = options.number("bytes", 1_000_000)
    scratch = try options.scratch()
  }

  func run() async throws {
    try makeInput()
    var costs: [Way: Cost] = [:]
    for round in 0..<rounds {
      // Another one begins in each round, so that none has the emptier disk queue.
      let ways = Way.allCases
      for index in ways.indices {
        let way = ways[(index + round) % ways.count]
        sync()
        try await costs[way, default: Cost()].add { try await perform(way) }
        try check(way)
        scratch.remove("output")
      }
    }
    say(
      "copy and hash, \(rounds) rounds of \(files) files of \(bytes) bytes, "
        + "\(rounds * files) copies each way; medians of the rounds")
    for way in Way.allCases {
      guard let cost = costs[way], let peer = costs[way.peer] else { continue }
      let rate = Double(files * bytes) / cost.median / 1e6
      say(
        "\(way.name.padding(toLength: 30, withPad: " ", startingAt: 0))"
          + " \(rate.text(0)) MB/s, \((cost.median / peer.median).text(2)) x the time of the "
          + "\(way.peer.name), \((cost.processor / Double(rounds)).text(2)) processor s a round")
    }
  }

  private func perform(_ way: Way) async throws {
    let output = "\(scratch.path)/output"
    try FileManager.default.createDirectory(atPath: output, withIntermediateDirectories: true)
    switch way {
    case .loop, .loopSynced:
      for name in try names() {
        try CopyJob.copy("\(input)/\(name)", to: output, isSynced: way == .loopSynced)
      }
    case .processes: try await runProcesses(output)
    case .pipeline, .pipelineSynced:
      let run = try BenchmarkPipeline.copy(
        input, to: output, durability: way == .pipeline ? "none" : "full")
      let report = try await run.run()
      guard report.mismatches.isEmpty, report.accepted == files else {
        throw CopyJob.Failure(what: "the pipeline took \(report.accepted) of \(files)")
      }
    }
  }

  private func runProcesses(_ output: String) async throws {
    let list = "\(scratch.path)/list"
    try Data(names().map { "\(input)/\($0)\0" }.joined().utf8).write(to: URL(filePath: list))
    let child = Process()
    child.executableURL = URL(filePath: "/usr/bin/xargs")
    child.arguments = [
      "-0", "-a", list, "-P2", "-I{}", CommandLine.arguments[0], "one", "{}", output,
    ]
    try child.run()
    child.waitUntilExit()
    guard child.terminationStatus == 0 else { throw CopyJob.Failure(what: "xargs failed") }
  }

  /// Every way leaves one file of the right size for each input.
  private func check(_ way: Way) throws {
    let isPipeline = way == .pipeline || way == .pipelineSynced
    let folder = "\(scratch.path)/output" + (isPipeline ? "/private/content" : "")
    let found = try FileManager.default.subpathsOfDirectory(atPath: folder).count { path in
      path.split(separator: "/").last?.count == 64
    }
    guard found == files else {
      throw CopyJob.Failure(what: "\(way.name) left \(found) of \(files) copies")
    }
  }

  private func names() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: input).sorted()
  }

  private func makeInput() throws {
    try FileManager.default.createDirectory(atPath: input, withIntermediateDirectories: true)
    var body = [UInt8](repeating: 0, count: bytes)
    var state: UInt64 = 1
    for index in body.indices {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      body[index] = UInt8(state >> 56)
    }
    for file in 0..<files {
      for (index, byte) in "\(file) ".utf8.enumerated() where index < body.count {
        body[index] = byte
      }
      let name = String(format: "%08d", file)
      try Data(body).write(to: URL(filePath: "\(input)/\(name)"))
    }
  }
}
