public import Ledger
public import PipelineFiles

/// What came of one of a pipeline file's tests.
public struct TestResult: Sendable {
  /// An expectation that was not met.
  public struct Failure: Sendable, Equatable {
    /// Where the expectation stands.
    public let place: Plan.FilePlace
    /// What was to come, in words.
    public let expected: String
    /// What came, in words.
    public let got: String
  }

  /// The test.
  public let test: Plan.Test
  /// The expectations that were not met.
  public let failures: [Failure]
  /// Why the test could not be carried out, and what to do.
  public let error: String?
  /// How long it took.
  public let seconds: Double
  /// What happened on each edge; empty when it could not be carried out.
  public let edges: [EdgeSum]
  /// What was set aside.
  public let quarantined: [QuarantinedDelivery]

  /// Whether all came as expected.
  public var isPassed: Bool { error == nil && failures.isEmpty }
}
