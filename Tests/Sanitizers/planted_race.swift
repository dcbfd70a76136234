import Dispatch
import Synchronization

/// Four threads count under a lock that they fight for; with the argument `race` they count beside
/// it too, which is the race that the sanitizer must find, and without it must find nothing.
// Sendable: `locked` is guarded; `bare` is the planted race.
final class Counter: @unchecked Sendable {
  let locked = Mutex(0)
  var bare = 0
}

@main
enum PlantedRace {
  static func main() {
    let counter = Counter()
    let isRacing = CommandLine.arguments.dropFirst().first == "race"
    DispatchQueue.concurrentPerform(iterations: 4) { _ in
      for _ in 0..<20_000 {
        counter.locked.withLock { $0 += 1 }
        _ = counter.locked.withLockIfAvailable { $0 += 1 }
        if isRacing { counter.bare += 1 }
      }
    }
    precondition(counter.locked.withLock { $0 } >= 80_000, "no increment is lost")
  }
}
