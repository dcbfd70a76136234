import ClinicalRecords
public import StageKit

/// Something that a person asks of one stage of a live run.
///
/// A stage that can be asked has a verb of its own (`StageHost.answer`): the order's word and the
/// stage's name.
public struct StageOrder: Sendable {
  private let client: ControlClient
  private let verb: String
  /// The stage that is asked.
  public let stage: String

  /// Finds the stage of the run on a data folder that takes an order.
  ///
  /// - Parameter stage: its name; the only one that takes it when `nil`.
  /// - Throws: ``ControlError``: `noRun`; `noStage` when none takes it, or several do.
  public init(_ order: String, of stage: String?, in folder: DataFolder) async throws {
    client = ControlClient(folder)
    let hello: ControlHello = try await client.ask("hello")
    let prefix = StageOrder.verb(order, of: "")
    let stages = hello.verbs.filter { $0.hasPrefix(prefix) }.map {
      String($0.dropFirst(prefix.count))
    }
    let chosen = stage.map { name in stages.filter { $0 == name } } ?? stages
    guard let only = chosen.first, chosen.count == 1 else {
      throw ControlError(
        .noStage,
        what: chosen.isEmpty
          ? "no stage\(stage.map { " '\($0)'" } ?? "") of the run takes '\(order)'"
          : "several stages of the run take '\(order)'",
        hint: stages.isEmpty
          ? "its pipeline needs a camera; one that was started just now may open it still"
          : "give --stage, one of \(stages.joined(separator: ", "))")
    }
    self.stage = only
    verb = StageOrder.verb(order, of: only)
  }

  /// Asks it, and waits for the answer.
  ///
  /// - Throws: ``ControlError``, as ``ControlClient/ask(_:with:for:within:)``.
  public func ask<Order: Encodable & Sendable, Answer: Decodable & Sendable>(
    _ order: Order, for answer: Answer.Type = Answer.self
  ) async throws -> Answer {
    try await client.ask(verb, with: order)
  }

  static func verb(_ order: String, of stage: String) -> String { "\(order):\(stage)" }
}
