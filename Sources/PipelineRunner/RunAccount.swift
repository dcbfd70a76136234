public import Ledger
import Synchronization

/// What one run did on one edge.
public struct EdgeSum: Sendable, Codable, Equatable {
  /// The edge.
  public let edge: EdgeKey
  /// Whether the ledger holds its deliveries.
  public let stored: Bool
  /// Deliveries that were open when the run started or opened in it, and how they stand.
  public var counts: DeliveryCounts
  /// Deliveries of earlier runs whose results stand.
  public var reused: Int
  /// Deliveries set aside by earlier runs that stay so.
  public var stillQuarantined: Int
}

/// Counts deliveries while a run goes on.
///
/// What is pending is not counted here: at the end it is asked of the ledger and the queues, so
/// that the sum is a check of one against the other.
final class RunAccount: Sendable {
  private let sums: Mutex<[EdgeKey: EdgeSum]>
  private let left = Mutex<[EdgeKey: Int]>([:])

  init(edges: [(edge: EdgeKey, stored: Bool)]) {
    var sums: [EdgeKey: EdgeSum] = [:]
    for (edge, stored) in edges {
      sums[edge] = EdgeSum(
        edge: edge, stored: stored, counts: DeliveryCounts(), reused: 0, stillQuarantined: 0)
    }
    self.sums = Mutex(sums)
  }

  func opened(_ edge: EdgeKey, _ number: Int = 1) { change(edge) { $0.counts.opened += number } }
  func done(_ edge: EdgeKey) { change(edge) { $0.counts.done += 1 } }
  func quarantined(_ edge: EdgeKey) { change(edge) { $0.counts.quarantined += 1 } }
  func superseded(_ edge: EdgeKey, _ number: Int = 1) {
    change(edge) { $0.counts.superseded += number }
  }
  /// A person's decision changed how deliveries stand.
  func decided(_ edge: EdgeKey, _ change: DeliveryCounts) {
    self.change(edge) { $0.counts = $0.counts + change }
  }
  func reused(_ edge: EdgeKey) { change(edge) { $0.reused += 1 } }
  func stillQuarantined(_ edge: EdgeKey) { change(edge) { $0.stillQuarantined += 1 } }

  /// A derived record was given up because the run stops; it is made again by the next run.
  func abandoned(_ edge: EdgeKey) { left.withLock { $0[edge, default: 0] += 1 } }

  /// The derived records given up so far.
  var abandoned: [EdgeKey: Int] { left.withLock { $0 } }

  /// The counts so far; pending is what is opened and not ended.
  func snapshot() -> [EdgeSum] {
    sums.withLock { sums in
      sums.values.sorted { $0.edge < $1.edge }.map { sum in
        var sum = sum
        let counts = sum.counts
        sum.counts.pending =
          counts.opened - counts.done - counts.quarantined - counts.purged - counts.superseded
        return sum
      }
    }
  }

  private func change(_ edge: EdgeKey, _ body: (inout EdgeSum) -> Void) {
    sums.withLock { sums in
      if var sum = sums[edge] {
        body(&sum)
        sums[edge] = sum
      }
    }
  }
}
