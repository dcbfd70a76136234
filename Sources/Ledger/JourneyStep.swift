import ClinicalRecords

/// One stage that a delivery passed on its way: how long the last call took, and what the earlier
/// ones failed of.
public struct JourneyStep: Sendable, Equatable, Codable {
  /// A call that failed and was made again.
  public struct Failure: Sendable, Equatable, Codable {
    /// The failure's class, as ``StageError/FailureClass``.
    public let failureClass: String
    /// The stable reason.
    public let reason: String
    /// How long the call took.
    public let microseconds: Int64

    /// Makes a failure.
    public init(failureClass: String, reason: String, microseconds: Int64) {
      self.failureClass = failureClass
      self.reason = reason
      self.microseconds = microseconds
    }
  }

  /// The stage's name in the pipeline file.
  public let stage: String
  /// Its result version in the run that ended the delivery; known once that run's plan was read.
  public internal(set) var version: String?
  /// How long the last call took.
  public let microseconds: Int64
  /// The calls before it.
  public let failures: [Failure]
  /// What the last call failed of; `nil` when it gave a result.
  public let end: Failure?

  /// Makes a step.
  public init(
    stage: String, microseconds: Int64, failures: [Failure] = [], end: Failure? = nil
  ) {
    self.stage = stage
    self.microseconds = microseconds
    self.failures = failures
    self.end = end
  }

  /// What `Codable` would write, without an encoder: it is written for every delivery.
  static func text(_ journey: [JourneyStep]) -> String {
    JSONValue.array(
      journey.map { step in
        .object(
          [
            .init("stage", .string(step.stage)), .init("microseconds", .integer(step.microseconds)),
            .init("failures", .array(step.failures.map(\.document))),
          ] + (step.end.map { [.init("end", $0.document)] } ?? []))
      }
    ).text
  }
}

extension JourneyStep.Failure {
  fileprivate var document: JSONValue {
    .object([
      .init("failureClass", .string(failureClass)), .init("reason", .string(reason)),
      .init("microseconds", .integer(microseconds)),
    ])
  }
}
