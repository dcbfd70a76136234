import Foundation
import StageHost

/// How quick the runner and its ledger are, each figure beside a peer measured in the same run.
///
/// `runner-benchmark copy | records | ledger | recovery | frames` with `--NAME VALUE`; see
/// `Benchmarks/README.md`.
@main
enum RunnerBenchmark {
  static func main() async throws {
    let arguments = Array(CommandLine.arguments.dropFirst())
    guard let name = arguments.first else { usage() }
    if name == "one", arguments.count == 3 {
      return try CopyJob.copy(arguments[1], to: arguments[2])
    }
    if name == "serve" { return try await FramesBenchmark.serve(Array(arguments.dropFirst())) }
    if name == "plugin" { try becomeStage(arguments) }
    let options = Options(Array(arguments.dropFirst()))
    switch name {
    case "copy": try await CopyBenchmark(options).run()
    case "records": try await RecordsBenchmark(options).run()
    case "ledger": try LedgerBenchmark(options).run()
    case "recovery": try await RecoveryBenchmark(options).run()
    case "frames": try await FramesBenchmark(options).run()
    default: usage()
    }
  }

  /// What `anagen plugin exec CONFINEMENT -- COMMAND` does, which is how a stage's process starts.
  private static func becomeStage(_ arguments: [String]) throws -> Never {
    guard arguments.count > 4, arguments[1] == "exec" else { usage() }
    let confinement = try JSONDecoder().decode(Confinement.self, from: Data(arguments[2].utf8))
    let problem = confinement.become(Array(arguments.dropFirst(4)), parent: getppid())
    FileHandle.standardError.write(Data("\(problem)\n".utf8))
    exit(70)
  }

  static func usage() -> Never {
    let text = """
      usage: runner-benchmark copy [--rounds 10] [--files 1000] [--bytes 1000000] [--folder DIR]
             runner-benchmark records [--count 200000] [--rounds 3] [--folder DIR]
             runner-benchmark ledger [--batches 100] [--rounds 5] [--folder DIR]
             runner-benchmark recovery [--count 1000000] [--folder DIR]
             runner-benchmark frames [--frames 1000] [--folder DIR]

      """
    FileHandle.standardError.write(Data(text.utf8))
    exit(64)
  }
}

/// What the command line gives.
struct Options {
  private var values: [String: String] = [:]

  init(_ arguments: [String]) {
    var rest = arguments[...]
    while let name = rest.popFirst() {
      guard name.hasPrefix("--"), let value = rest.popFirst() else { RunnerBenchmark.usage() }
      values[String(name.dropFirst(2))] = value
    }
  }

  func number(_ name: String, _ standard: Int) -> Int {
    guard let text = values[name] else { return standard }
    guard let number = Int(text), number > 0 else { RunnerBenchmark.usage() }
    return number
  }

  /// A new folder below `--folder`, or below the temporary folder.
  ///
  /// The disk below it decides what a sync costs.
  func scratch() throws -> Scratch {
    try Scratch(below: values["folder"] ?? NSTemporaryDirectory())
  }
}

/// A folder that is removed at the end.
final class Scratch: Sendable {
  let path: String

  init(below parent: String) throws {
    path = "\(parent)/anagen-benchmark-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { remove("") }

  /// Removes what lies at a path below the folder, or all of it.
  func remove(_ below: String) {
    do {
      try FileManager.default.removeItem(atPath: below.isEmpty ? path : "\(path)/\(below)")
    } catch {
      FileHandle.standardError.write(Data("\(path) could not be removed: \(error)\n".utf8))
    }
  }
}

/// Wall and processor time of something.
struct Cost {
  private(set) var wall: [Double] = []
  private(set) var processor = 0.0

  var total: Double { wall.reduce(0, +) }

  /// The middle of the rounds: other work on the machine disturbs some of them.
  var median: Double {
    let sorted = wall.sorted()
    return sorted.isEmpty ? .nan : sorted[sorted.count / 2]
  }

  mutating func add<Result>(
    _ body: () async throws -> Result
  ) async throws -> Result {
    let (before, start) = (Cost.processorSeconds(), ContinuousClock.now)
    let result = try await body()
    wall.append((ContinuousClock.now - start).seconds)
    processor += Cost.processorSeconds() - before
    return result
  }

  /// Of this process and of the children that have ended.
  private static func processorSeconds() -> Double {
    [RUSAGE_SELF.rawValue, RUSAGE_CHILDREN.rawValue].reduce(0.0) { sum, who in
      var usage = rusage()
      getrusage(who, &usage)
      return [usage.ru_utime, usage.ru_stime].reduce(sum) {
        $0 + Double($1.tv_sec) + Double($1.tv_usec) / 1e6
      }
    }
  }
}

extension Duration {
  var seconds: Double {
    Double(components.seconds) + Double(components.attoseconds) / 1e18
  }
}

extension Double {
  func text(_ decimals: Int) -> String { String(format: "%.\(decimals)f", self) }
}

func say(_ text: String) { FileHandle.standardOutput.write(Data((text + "\n").utf8)) }
