import ClinicalRecords
import Crypto
import Foundation
import Ledger
public import Logging
public import PipelineFiles
import StageKit

/// Runs the tests of a pipeline file, each with the real stages in a data folder of its own.
///
/// Everything that a test writes lies below its data folder, since the plan holds every output to
/// it; secrets are replaced by keys that are the same in every test and good for nothing else.
public struct PipelineTester: Sendable {
  private let text: [UInt8]
  private let fileName: String
  private let variables: [String: String]
  private let reader: PipelineReader
  private let scratch: String
  private let logger: Logger
  private let now: @Sendable () -> Double
  /// As that of ``PipelineRun/Options``.
  public var launcher: String?

  /// Prepares the tests of a file.
  ///
  /// - Parameters:
  ///   - text: the file's bytes.
  ///   - fileName: the file as messages name it.
  ///   - variables: what `--var` gives; a test's own values come before these.
  ///   - reader: reads the file.
  ///   - scratch: an absolute path of a folder that is the tests' alone; it is made.
  ///   - logger: where log lines go.
  ///   - now: seconds since 1970; the machine's clock when absent.
  public init(
    text: [UInt8], fileName: String, variables: [String: String], reader: PipelineReader,
    scratch: String, logger: Logger, now: (@Sendable () -> Double)? = nil
  ) {
    self.text = text
    self.fileName = fileName
    self.variables = variables
    self.reader = reader
    self.scratch = scratch
    self.logger = logger
    self.now = now ?? { Date().timeIntervalSince1970 }
  }

  /// Reads the file with its tests; makes the scratch folder.
  public func reading() throws -> PipelineReader.Reading {
    try FileManager.default.createDirectory(
      atPath: emptyFolder, withIntermediateDirectories: true,
      attributes: [.posixPermissions: 0o700])
    return reading(over: variables, folder: "\(scratch)/unused")
  }

  /// Runs one of the tests that ``reading()`` gave.
  ///
  /// - Parameter number: its position among them, which names its data folder.
  /// - Returns: what came of it; what a test's stages throw is part of that.
  /// - Throws: `CancellationError` alone.
  public func run(_ test: Plan.Test, number: Int) async throws -> TestResult {
    let start = now()
    func result(
      _ error: String?, _ failures: [TestResult.Failure] = [], _ report: RunReport? = nil
    ) -> TestResult {
      TestResult(
        test: test, failures: failures, error: error, seconds: now() - start,
        edges: report?.edges ?? [], quarantined: report?.quarantined ?? [])
    }
    let given = variables.merging(test.variables) { _, own in own }
    let reading = reading(over: given, folder: "\(scratch)/\(number)")
    guard let whole = reading.plan else {
      let first = reading.diagnostics.first { $0.severity == .error }
      return result(
        first.map { "\($0.file):\($0.line):\($0.column): \($0.message)" } ?? "the file has errors")
    }
    let plan: Plan
    do {
      plan = whole.testing(test.feed, record: try feeder(of: test, in: whole))
    } catch let error as FixtureError {
      return result(error.text)
    }
    switch try await outcome(of: plan, within: test.timeLimit) {
    case .failed(let text): return result(text)
    case .overdue: return result("it took longer than its limit of \(test.timeLimit)")
    case .ended(let report):
      guard report.mismatches.isEmpty else {
        return result("the sum of an edge is wrong; this is a fault of anagen: report it")
      }
      do {
        let judgement = TestJudgement(
          plan: plan, edges: report.edges, quarantined: report.quarantined)
        return result(nil, try judgement.failures(of: test), report)
      } catch {
        return result("what the test left cannot be read: \(PipelineTester.words(of: error))")
      }
    }
  }

  private var emptyFolder: String { "\(scratch)/empty" }

  private func reading(
    over variables: [String: String], folder: String
  ) -> PipelineReader.Reading {
    var variables = variables
    variables["data"] = folder
    return reader.read(
      text: text, fileName: fileName, variables: variables, for: .tests(emptyFolder: emptyFolder))
  }

  private func feeder(of test: Plan.Test, in plan: Plan) throws -> StageEntry? {
    guard let feed = test.feed, let path = feed.record, let stage = plan.stage(feed.stage),
      let input = stage.entry.input
    else { return nil }
    return try TestFixture(path: path, as: input, into: plan.folder)
      .feeder(after: feed.pictures?.source.output)
  }

  // MARK: - Within a time limit

  private enum Outcome: Sendable {
    case ended(RunReport)
    case failed(String)
    case overdue
  }

  /// How long a run that was told to stop may take to do so: twice what a 24-megapixel picture takes
  /// at the slowest stage on one core.
  private static let grace = Duration.seconds(30)

  /// Runs a plan; one that is over its limit is stopped, and left alone when it does not stop.
  private func outcome(of plan: Plan, within limit: Duration) async throws -> Outcome {
    var options = PipelineRun.Options(
      secrets: PipelineTester.keys(plan.secretNames), program: "anagen test", actor: "test",
      logger: logger)
    options.launcher = launcher
    let run = PipelineRun(plan: plan, options: options)
    let limit = TimeLimit(
      limit: limit, stage: nil, grace: PipelineTester.grace,
      sleep: { try await Task.sleep(for: $0) }, stop: { run.interrupt() })
    return try await withTaskCancellationHandler {
      do {
        let report = try await limit.run { try await run.run() }
        try Task.checkCancellation()
        return report.ending == .completed ? .ended(report) : .overdue
      } catch let error as CancellationError {
        throw error
      } catch  where TimeLimit.isOverdue(error) {
        return .overdue
      } catch {
        return .failed(PipelineTester.words(of: error))
      }
    } onCancel: {
      run.interrupt()
    }
  }

  /// A key for each secret, long enough for every stage, the same in every test.
  private static func keys(_ names: [String]) -> [String: [UInt8]] {
    Dictionary(
      uniqueKeysWithValues: names.map {
        ($0, Array(SHA256.hash(data: Array("anagen test key \($0)\n".utf8))))
      })
  }

  private static func words(of error: any Error) -> String {
    switch error {
    case let error as RunError: "\(error)"
    case let error as LedgerError: "\(error.subject); \(error.hint)"
    case let error as StageError: "\(error)"
    default: "\(type(of: error))"
    }
  }
}
