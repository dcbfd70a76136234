public import Ledger
public import StageKit

/// What a person decides about deliveries that were set aside, and about pictures.
///
/// The run that owns the data folder carries it out when there is one (``decide(in:)``), since its
/// ledger has one writer; otherwise whoever takes the folder's lock does.
public struct LedgerDecision: Sendable, Codable {
  /// What is done.
  public enum Action: String, Sendable, Codable {
    /// A person looked, and what was found may pass.
    case approve
    /// Open again.
    case release
    /// Given up for good.
    case purge
    /// Pictures are taken out.
    case withdraw
    /// Pictures that were taken out may come back.
    case reinstate
  }

  /// What is done.
  public let action: Action
  /// The deliveries, as `quarantine list` shows them; of pictures, their records.
  public let numbers: [Int64]
  /// The subject whose pictures are meant, with those that are yet to come.
  public let subject: String?
  /// Where released ones re-enter; where they were set aside when `nil`.
  public let from: String?
  /// Who decides.
  public let by: String
  /// Why, in the decider's words.
  public let reason: String?

  /// Makes a decision.
  public init(
    _ action: Action, _ numbers: [Int64], of subject: String? = nil, from: String? = nil,
    by: String, reason: String?
  ) {
    self.action = action
    self.numbers = numbers
    self.subject = subject
    self.from = from
    self.by = by
    self.reason = reason
  }

  /// Carries it out: on all or on none.
  ///
  /// Called, as commits are, by one thread at a time.
  ///
  /// - Throws: ``LedgerError``, as the ledger's own methods do.
  public func carryOut(in ledger: RunLedger) throws -> DecisionOutcome {
    var outcome = DecisionOutcome()
    outcome.deliveries = numbers
    switch action {
    case .approve: outcome.opened = try ledger.approve(numbers, by: by, reason: reason ?? "")
    case .release:
      outcome.opened = try ledger.release(numbers, from: from, by: by, reason: reason)
    case .purge: outcome.purged = try ledger.purge(numbers, by: by, reason: reason ?? "")
    case .withdraw:
      outcome.deliveries = try ledger.withdraw(
        numbers, of: subject, by: by, reason: reason ?? "")
    case .reinstate:
      try ledger.reinstate(numbers, of: subject, by: by, reason: reason ?? "")
      outcome.deliveries = []
    }
    outcome.auditHead = try ledger.keepAuditHead().description
    outcome.auditProblem = ledger.auditProblem.map { "\($0.what); \($0.hint)" }
    return outcome
  }

  /// Has the run carry it out that owns the folder.
  ///
  /// - Parameter time: how long to wait until the run begins; one that has not is told nothing more
  ///   and drops it.
  /// - Returns: `nil` when no run is alive on it, so that the caller may take its lock.
  /// - Throws: ``ControlError``.
  public func decide(
    in folder: DataFolder, within time: Duration = .seconds(10)
  ) async throws -> DecisionOutcome? {
    do {
      return try await ControlClient(folder).ask(
        LedgerDecision.verb, with: self, within: time)
    } catch let error as ControlError where error.code == .noRun {
      return nil
    }
  }

  static let verb = "decide"
}

/// What a decision did.
public struct DecisionOutcome: Sendable, Codable {
  /// The deliveries that are open now.
  public var opened: [LedgerOutcome.Opened] = []
  /// The deliveries that were set aside and are decided about: what was drawn for them has served.
  public var deliveries: [Int64] = []
  /// The deliveries that were given up.
  public var purged: [PurgedDelivery] = []
  /// The audit chain's head after it.
  public var auditHead = ""
  /// What is wrong with the chain, and what to do.
  public var auditProblem: String?
}

extension RunSession {
  /// Lets the run be told what people decide, until it ends.
  func takeDecisions(_ committer: LedgerCommitter) {
    let (run, ledger) = (run, ledger)
    run.control.register(LedgerDecision.verb) { (decision: LedgerDecision, request) in
      try await committer.perform {
        try request.begin()
        let before = try ledger.deliveryCounts()
        let outcome = try decision.carryOut(in: ledger)
        for (edge, counts) in try ledger.deliveryCounts() {
          var change = counts - before[edge, default: DeliveryCounts()]
          // What is open now is counted when it is offered.
          change.opened -= outcome.opened.count { $0.edge == edge }
          run.account.decided(edge, change)
        }
        // What the program died with is handled alone, in a round of its own.
        let suspects = Set(try ledger.suspects())
        run.released(
          outcome.opened.filter { !suspects.contains($0.delivery) },
          later: outcome.opened.filter { suspects.contains($0.delivery) })
        return outcome
      }
    }
  }
}
