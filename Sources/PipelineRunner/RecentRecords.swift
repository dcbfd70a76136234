import ClinicalRecords
import Ledger
import StageKit
import Synchronization

/// Records that were committed lately, so that a delivery whose turn comes soon need not read its
/// record from the ledger and decode it again.
///
/// Bounded by what the payloads take as text; the oldest go first.
final class RecentRecords: Sendable {
  /// 8 MiB, an eighth of the program's memory allowance: 1,000 records of 8 KiB.
  private static let byteLimit = 8 << 20

  private struct State {
    var records: [LedgerReference: (record: any StoredRecord, bytes: Int)] = [:]
    var order: [LedgerReference] = []
    var next = 0
    var bytes = 0
  }
  private let state = Mutex(State())

  /// Keeps a record; bodies that lie in the content store do not count.
  func keep(_ record: any StoredRecord, as reference: LedgerReference, payloadBytes: Int) {
    guard payloadBytes <= RecentRecords.byteLimit / 16 else { return }
    state.withLock { state in
      guard state.records.updateValue((record, payloadBytes), forKey: reference) == nil else {
        return
      }
      state.order.append(reference)
      state.bytes += payloadBytes
      while state.bytes > RecentRecords.byteLimit, state.next < state.order.count {
        let oldest = state.order[state.next]
        state.next += 1
        state.bytes -= state.records.removeValue(forKey: oldest)?.bytes ?? 0
      }
      if state.next >= 4096 {
        state.order.removeFirst(state.next)
        state.next = 0
      }
    }
  }

  /// The record, if it is still here.
  func record(_ reference: LedgerReference) -> (any StoredRecord)? {
    state.withLock { $0.records[reference]?.record }
  }
}
