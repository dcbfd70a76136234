/// Does work for many items at once and hands the results over in the items' order.
enum OrderedWork {
  /// Calls `work` for each item, at most `limit` at once, and `deliver` with each result in order.
  ///
  /// Results that wait for a slower one before them are held: at most `2 * limit` are begun and not
  /// yet delivered.
  ///
  /// - Parameters:
  ///   - items: what there is to do.
  ///   - limit: how many at once, at least 1.
  ///   - mayBegin: asked before each item; `false` lets what is in hand finish and begins no more.
  ///   - work: called on any task.
  ///   - deliver: called on the caller's task, one at a time.
  /// - Returns: how many were delivered.
  static func run<Item: Sendable, Result: Sendable>(
    _ items: [Item], limit: Int, mayBegin: @Sendable () -> Bool = { true },
    work: @escaping @Sendable (Item) async -> Result, deliver: (Result) throws -> Void
  ) async throws -> Int {
    precondition(limit >= 1, "at least one at once")
    return try await withThrowingTaskGroup(of: (Int, Result).self) { group in
      var waiting: [Int: Result] = [:]
      var begun = 0
      var running = 0
      var delivered = 0
      while true {
        while running < limit, begun < items.count, begun - delivered < 2 * limit, mayBegin() {
          let index = begun
          group.addTask { (index, await work(items[index])) }
          begun += 1
          running += 1
        }
        guard running > 0, let (index, result) = try await group.next() else { break }
        running -= 1
        waiting[index] = result
        while let next = waiting.removeValue(forKey: delivered) {
          try deliver(next)
          delivered += 1
        }
      }
      return delivered
    }
  }
}
