import ClinicalRecords
import Dispatch
import StageWire
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The child's end of the channel: requests one at a time, answers to what it asked.
final class ServedSession: Sendable {
  private final class Waiter: Sendable {
    let ready = DispatchSemaphore(value: 0)
    let answer = Mutex<Channel.Received?>(nil)
  }
  private struct State {
    var waiters: [UInt64: Waiter] = [:]
    var work: Task<Void, Never>?
  }

  let channel: Channel
  private let state = Mutex(State())
  private let requests: AsyncStream<Channel.Received>
  private let arrived: AsyncStream<Channel.Received>.Continuation

  init(channel: Channel) {
    self.channel = channel
    // A host has one request and its cancel on the way at most.
    (requests, arrived) = AsyncStream.makeStream(bufferingPolicy: .unbounded)
  }

  /// Starts to receive; the thread lives as long as the process.
  func start() {
    DispatchQueue(label: "anagen.channel", qos: .userInteractive).async { [self] in receiveAll() }
  }

  private func receiveAll() {
    do {
      while let received = try channel.receive() {
        if received.answers != 0 {
          let waiter = state.withLock { $0.waiters.removeValue(forKey: received.answers) }
          waiter?.answer.withLock { $0 = received }
          waiter?.ready.signal()
        } else if received.message.type == "cancel" {
          state.withLock { $0.work }?.cancel()
        } else {
          arrived.yield(received)
        }
      }
    } catch {
      _exit(65)
    }
    // The host is gone: nobody waits for what is at work.
    _exit(0)
  }

  /// The next request.
  func next() async -> Channel.Received? {
    for await request in requests { return request }
    return nil
  }

  /// Asks the host and waits for its answer.
  ///
  /// Blocks its thread: a child works on one delivery, and answers come on a thread of their own.
  func ask(_ message: Message) throws -> Channel.Received {
    let waiter = Waiter()
    try state.withLock { state in
      let number = try channel.send(message)
      state.waiters[number] = waiter
    }
    waiter.ready.wait()
    guard let received = waiter.answer.withLock({ $0 }) else {
      throw WireError(.closed, "the host is gone")
    }
    if let failure = received.message.failure {
      throw StageError(
        StageError.FailureClass(rawValue: failure.failureClass) ?? .record, failure.code,
        subject: failure.subject, hint: failure.hint)
    }
    return received
  }

  /// Runs what a `cancel` stops, and shows that it lives meanwhile.
  func work(heartbeat: Double, _ body: @escaping @Sendable () async -> Void) async {
    let timer = DispatchSource.makeTimerSource(queue: .global(qos: .userInteractive))
    let interval = max(heartbeat / 2, 0.05)
    timer.schedule(deadline: .now() + interval, repeating: interval)
    timer.setEventHandler { [channel] in
      // A host that takes nothing now has other signs that this lives.
      do { try channel.send(Message("progress")) } catch {}
    }
    timer.resume()
    let task = Task { await body() }
    state.withLock { $0.work = task }
    await task.value
    state.withLock { $0.work = nil }
    timer.cancel()
  }
}
