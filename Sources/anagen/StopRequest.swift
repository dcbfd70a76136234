import Synchronization

/// Whether somebody asked to stop.
final class StopRequest: Sendable {
  private let requested = Atomic(false)
  private let signals: Signals
  private let listener = Mutex<Task<Void, Never>?>(nil)

  init(_ signals: Signals, _ terminal: Terminal, noun: String) {
    self.signals = signals
    let requests = signals.requests
    listener.withLock {
      $0 = Task { [weak self] in
        for await _ in requests {
          self?.requested.store(true, ordering: .relaxed)
          terminal.talk("stopping after the \(noun) in hand; once more to stop at once")
        }
      }
    }
  }

  deinit { listener.withLock { $0?.cancel() } }

  var isRequested: Bool { requested.load(ordering: .relaxed) }
}
