import GRDB
import Synchronization

/// The plan's stored edges as the ledger numbers them.
///
/// A route is an edge with the reuse key of what it leads to: deliveries of another plan on the
/// same edge are on another route.
struct RouteTable {
  /// One of the plan's routes.
  struct Route: Sendable {
    let id: Int64
    let edge: EdgeKey
    /// Where the sink that it leads to acts.
    let destination: EffectDestination?
  }

  /// The plan's routes, by the stage that they leave.
  private(set) var outOf: [String: [Route]] = [:]
  /// Each of the plan's routes.
  private var routes: [Int64: Route] = [:]
  /// The edge of each of the plan's routes.
  var edges: [Int64: EdgeKey] { routes.mapValues(\.edge) }

  /// The plan's routes into a stage.
  func into(_ stage: String) -> [Route] {
    routes.values.filter { $0.edge.to == stage }.sorted { $0.edge < $1.edge }
  }

  /// One of the plan's routes by its number.
  func route(_ id: Int64) -> Route? { routes[id] }

  /// Where a stage of the plan acts, when it is a sink.
  func destination(of stage: String) -> EffectDestination? { into(stage).first?.destination }

  fileprivate mutating func add(_ route: Route) {
    routes[route.id] = route
    outOf[route.edge.from, default: []].append(route)
  }
}

extension RunLedger {
  /// Names the edges that this run opens deliveries on; once, before the first commit.
  ///
  /// - Parameter edges: every edge of the plan that carries stored records.
  public func follow(_ edges: [StoredEdge]) throws {
    let table = try RunLedger.inWords {
      try database.write { db in
        var table = RouteTable()
        for edge in edges {
          try db.execute(
            sql: """
              INSERT INTO route(from_stage, to_stage, reuse_key, key_parts) VALUES (?, ?, ?, ?)
              ON CONFLICT DO UPDATE SET key_parts = excluded.key_parts
              """, arguments: [edge.edge.from, edge.edge.to, edge.reuseKey, edge.keyParts])
          let id = try Int64.fetchOne(
            db,
            sql: "SELECT id FROM route WHERE from_stage = ? AND to_stage = ? AND reuse_key = ?",
            arguments: [edge.edge.from, edge.edge.to, edge.reuseKey])
          if let id {
            table.add(
              RouteTable.Route(id: id, edge: edge.edge, destination: edge.destination))
          }
        }
        return table
      }
    }
    routes.withLock { $0 = table }
  }
}
