import Dispatch
import Synchronization

/// Runs a task on the thread that waits for it, so that a record passes no border between threads.
///
/// What the task does at the same time as that (a task group's tasks) runs where every task does.
final class WaitingThread: TaskExecutor {
  private struct State {
    var next: UnownedJob?
    /// Whether the thread would take a job.
    var isIdle = false
    var isDone = false
  }
  private let state = Mutex(State())
  private let changed = DispatchSemaphore(value: 0)

  /// Runs a task to its end, on the thread that calls as far as that can be.
  ///
  /// - Parameter begun: is given the task before it runs.
  func run(
    _ body: @escaping @Sendable () async -> Void,
    begun: (Task<Void, Never>) -> Void
  ) {
    state.withLock { $0 = State(isIdle: true) }
    let task = Task(executorPreference: self) {
      await body()
      self.state.withLock { $0.isDone = true }
      self.changed.signal()
    }
    begun(task)
    while true {
      changed.wait()
      let (job, isDone) = state.withLock { state in
        defer { state.next = nil }
        return (state.next, state.isDone)
      }
      if let job {
        job.runSynchronously(on: asUnownedTaskExecutor())
        state.withLock { $0.isIdle = !$0.isDone }
      } else if isDone {
        return
      }
    }
  }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    let isTaken = state.withLock { state in
      guard state.isIdle else { return false }
      state.isIdle = false
      state.next = job
      return true
    }
    if isTaken { changed.signal() } else { globalConcurrentExecutor.enqueue(job) }
  }
}
