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
///
/// Two threads listen. The one that receives a request does what it asks for, and the other hears
/// meanwhile whether it is to be stopped: a thread that handed its requests on would cost each record
/// the time to wake another.
final class ServedSession: Sendable {
  private final class Waiter: Sendable {
    let ready = DispatchSemaphore(value: 0)
    let answer = Mutex<Channel.Received?>(nil)
  }
  private struct State {
    var waiters: [UInt64: Waiter] = [:]
    var work: (request: Channel.Received, task: Task<Void, Never>)?
    /// The last `cancel`; it may be heard before the work that it stops has begun.
    var cancel: Channel.Received?
  }

  let channel: Channel
  private let state = Mutex(State())
  /// Held by the thread that does what a request asks for.
  private let turn = Mutex<Void>(())

  init(channel: Channel) { self.channel = channel }

  /// Answers requests until the host is gone, which ends the process.
  func serve(_ answer: @escaping @Sendable (Channel.Received) async -> Void) async -> Never {
    for number in 1...2 {
      DispatchQueue(label: "anagen.channel.\(number)", qos: .userInteractive).async { [self] in
        listen(answer)
      }
    }
    while true { await withUnsafeContinuation { (_: UnsafeContinuation<Void, Never>) in } }
  }

  private func listen(_ answer: @escaping @Sendable (Channel.Received) async -> Void) {
    let thread = WaitingThread()
    do {
      while let received = try channel.receive() {
        if received.answers != 0 {
          let waiter = state.withLock { $0.waiters.removeValue(forKey: received.answers) }
          waiter?.answer.withLock { $0 = received }
          waiter?.ready.signal()
        } else if received.message.type == "cancel" {
          let task = state.withLock { state in
            state.cancel = received
            return state.work.flatMap { received.stops($0.request) ? $0.task : nil }
          }
          task?.cancel()
        } else {
          turn.withLock { _ in
            thread.run {
              await answer(received)
            } begun: {
              begin(received, $0)
            }
            state.withLock { $0.work = nil }
          }
        }
      }
    } catch {
      _exit(65)
    }
    // The host is gone: nobody waits for what is at work.
    _exit(0)
  }

  private func begin(_ request: Channel.Received, _ task: Task<Void, Never>) {
    let isStopped = state.withLock { state in
      state.work = (request, task)
      return state.cancel?.stops(request) ?? false
    }
    if isStopped { task.cancel() }
  }

  /// Asks the host and waits for its answer.
  ///
  /// Blocks its thread: a child works on one delivery, and answers come on another.
  func ask(_ message: Message) throws -> Channel.Received {
    let waiter = Waiter()
    try channel.send(message) { number in state.withLock { $0.waiters[number] = waiter } }
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

  /// Shows from now on that the process lives while it works.
  ///
  /// - Parameter heartbeat: how many seconds may lie between two signs (docs/stage-protocol.md 5.4).
  func beat(every heartbeat: Double) -> any DispatchSourceTimer {
    let timer = DispatchSource.makeTimerSource(queue: .global(qos: .userInteractive))
    let interval = max(heartbeat / 2, 0.05)
    timer.schedule(deadline: .now() + interval, repeating: interval)
    timer.setEventHandler { [self] in
      guard state.withLock({ $0.work != nil }) else { return }
      // A host that takes nothing now has other signs that this lives.
      do { try channel.send(Message("progress")) } catch {}
    }
    timer.resume()
    return timer
  }
}

extension Channel.Received {
  /// Whether this `cancel` is of a request that came before it.
  fileprivate func stops(_ request: Channel.Received) -> Bool {
    request.number < number && request.message.delivery != nil
      && request.message.delivery == message.delivery
      && request.message.attempt == message.attempt
  }
}
