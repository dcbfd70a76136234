import ClinicalRecords
import Ledger
import StageKit

extension StageWorker {
  /// What a sink does with an item, as the ledger keeps it: `nil` for other stages, and for
  /// derived records, whose stretch is repeated as a whole.
  func effect(of item: InboxItem) -> Effect? {
    guard let destination = node.destination, let record = item.reference,
      let delivery = item.stretch.delivery
    else { return nil }
    return Effect(
      destination: destination, record: record, delivery: delivery, stage: node.name)
  }

  /// Brings an effect about that must not be brought about twice (DESIGN §5.5).
  ///
  /// That a call begins is durable before it does. Where one began and its end is unknown, after a
  /// crash or a failed attempt alike, the destination is asked first.
  func sendOnce(
    _ record: any Record, _ item: InboxItem, _ delivery: DeliveryContext,
    send: @Sendable (any Record, EffectKey, DeliveryContext) async throws -> Void,
    query: @Sendable (EffectKey) async throws -> Bool
  ) async throws {
    guard let effect = effect(of: item) else {
      preconditionFailure("a sink that is asked takes stored records")
    }
    switch try node.host.ledger.standing(of: effect.record, at: effect.destination) {
    case .confirmed: return
    case .sent(let key):
      if try await query(key) { return }
      try await send(record, key, delivery)
    case .intended(let key):
      try await committer.commit(LedgerEntry(sending: effect))
      try await send(record, key, delivery)
    }
  }
}
