import CStageHost
import CStageWire
import Foundation
import Glibc
import StageKit
import StageWire
import Synchronization

/// Why a child is no more.
struct ChildDeath: Error, Sendable, CustomStringConvertible {
  /// The stable word: `stage_died`, `stage_hung`, `stage_too_slow`, `stage_broke_protocol`,
  /// `memory_limit`, `processor_limit`.
  let code: String
  /// What happened, in words.
  let description: String
  /// What to do.
  var hint = "the log has what it said; 'anagen plugin test' tries the stage alone"
  /// Whether a signal ended it that neither the host nor a fault of its own sends.
  var isFromOutside = false
}

/// A stage's process with its channel.
///
/// A thread of its own starts it, listens to it and takes it away: a child dies with the thread that
/// started it, so that thread lives as long.
final class Child: Sendable {
  typealias Answer = (message: Message, tail: [UInt8], files: [OpenFile])
  typealias Waiter = CheckedContinuation<Channel.Received, any Error>

  /// What a child is given to start.
  struct Start: Sendable {
    let path: String
    let arguments: [String]
    let environment: [String: String]
    let folder: String
    /// The most private memory of the process, to be told when it had no more.
    let memoryBytes: Int
  }

  /// How often the thread looks at its clocks.
  private static let tick: Int32 = 100
  /// How many questions a child may have open: more than an honest one has threads that ask.
  private static let mostQuestions = 16
  /// How long a child that was told to close may take.
  private static let closing: Int32 = 2000

  private struct State {
    var process: Int32 = 0
    var isReaped = false
    var waiters: [UInt64: Waiter] = [:]
    var deadline: ContinuousClock.Instant?
    /// Until when what it was asked to stop must be answered; the asking may come before the request.
    var cancelled: ContinuousClock.Instant?
    var heard = ContinuousClock.now
    var silence: Duration?
    /// How much of the processor it may have used when it answers, and what was given it.
    var processor: (until: Int64, limit: Duration)?
    var death: ChildDeath?
    var isClosing = false
    var hasEnded = false
    var questions = 0
    var credits = 1
    var creditWaiter: CheckedContinuation<Void, any Error>?
    var endWaiters: [CheckedContinuation<Void, Never>] = []

    mutating func waitsForNothing() {
      deadline = nil
      silence = nil
      processor = nil
    }
  }

  private let channel: Channel
  private let memoryBytes: Int
  private let state = Mutex(State())
  private let asked: @Sendable (Message) async -> Answer
  private let said: @Sendable (_ level: LogLevel, _ line: String) -> Void

  /// Starts a process.
  ///
  /// - Parameters:
  ///   - asked: answers what the child asks for.
  ///   - said: takes its log lines.
  init(
    _ start: Start, asked: @escaping @Sendable (Message) async -> Answer,
    said: @escaping @Sendable (LogLevel, String) -> Void
  ) async throws {
    let (own, other) = try Channel.pair()
    channel = Channel(own)
    memoryBytes = start.memoryBytes
    self.asked = asked
    self.said = said
    let output = try Child.pipe()
    let handedOver = HandedOver([other, output.write])
    let log = output.read
    try await withCheckedThrowingContinuation { (started: CheckedContinuation<Void, any Error>) in
      let thread = Thread { [self] in
        let status = handedOver.use { Child.spawn(start, [$0[0], $0[1], $0[1]]) }
        guard status > 0 else {
          started.resume(
            throwing: ChildDeath(
              code: "stage_died", description: "the process cannot be started (error \(-status))"))
          return
        }
        state.withLock { $0.process = status }
        started.resume()
        live(log)
      }
      thread.name = "anagen.child"
      thread.start()
    }
  }

  /// What belongs to the child alone once it has started, so that its end is seen.
  private final class HandedOver: Sendable {
    private let files: Mutex<[OpenFile]>
    init(_ files: [OpenFile]) { self.files = Mutex(files) }

    func use(_ body: ([Int32]) -> Int32) -> Int32 {
      files.withLock { files in
        defer { files = [] }
        return body(files.map(\.number))
      }
    }
  }

  private static func pipe() throws -> (read: OpenFile, write: OpenFile) {
    var ends: [Int32] = [0, 0]
    guard Glibc.pipe(&ends) == 0 else {
      throw WireError(.system, "no pipe can be made (error \(errno))")
    }
    for end in ends { _ = ioctl(end, UInt(FIOCLEX)) }
    return (OpenFile(ends[0]), OpenFile(ends[1]))
  }

  private static func spawn(_ start: Start, _ descriptors: [Int32]) -> Int32 {
    var arguments = ([start.path] + start.arguments).map { strdup($0) } + [nil]
    var environment = start.environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for text in arguments + environment { free(text) } }
    return anagen_start(start.path, &arguments, &environment, start.folder, descriptors)
  }
}

// MARK: - Asking it

extension Child {
  /// Whether it can be given work.
  var isAlive: Bool { state.withLock { !$0.hasEnded && $0.death == nil && !$0.isClosing } }

  /// Sends a request and waits for its answer.
  ///
  /// - Parameters:
  ///   - limit: after that the child is ended; `nil` for none.
  ///   - silence: how long it may be silent meanwhile.
  ///   - processor: how much of the processor it may use for it; `nil` for as much as there is.
  /// - Throws: ``ChildDeath``; ``WireFailure`` that it answered with.
  func request(
    _ message: Message, tail: [UInt8] = [], files: [OpenFile] = [], limit: Duration?,
    silence: Duration? = nil, processor: Duration? = nil
  ) async throws -> Channel.Received {
    let processorTime = processor.map { limit in
      let used = anagen_processor_time(state.withLock { $0.process })
      return (until: max(used, 0) + Int64(limit / .nanoseconds(1)), limit: limit)
    }
    let received = try await withCheckedThrowingContinuation { (waiter: Waiter) in
      var number: UInt64 = 0
      do {
        // The lock is not held while it is sent: the child may be done before this thread goes on.
        try channel.send(message, tail: tail, files: files) { given in
          number = given
          state.withLock { state in
            state.waiters[given] = waiter
            state.heard = .now
            state.silence = silence
            state.processor = processorTime
            state.deadline = limit.map { .now + $0 } ?? state.cancelled
          }
        }
      } catch {
        refuse(waiter, number, error)
      }
    }
    if received.message.type == "failed", let failure = received.message.failure { throw failure }
    return received
  }

  /// A request could not be sent: whoever waits is told why, or waits for the child's end, which says
  /// more.
  private func refuse(_ waiter: Waiter, _ number: UInt64, _ error: any Error) {
    let problem = state.withLock { state -> (any Error)? in
      let isClosed = (error as? WireError)?.code == .closed
      if isClosed, !state.hasEnded { return nil }
      // One that was numbered and waits no more was told by the child's end.
      guard number == 0 || state.waiters.removeValue(forKey: number) != nil else { return nil }
      state.waitsForNothing()
      return isClosed ? state.death ?? error : error
    }
    if let problem { waiter.resume(throwing: problem) }
  }

  /// Asks it to stop what it does, and ends it when it does not.
  func cancel(_ message: Message, grace: Duration) {
    do {
      try channel.send(message)
    } catch {
      return end(ChildDeath(code: "stage_hung", description: "it takes no messages"))
    }
    state.withLock { state in
      let last = ContinuousClock.now + grace
      state.cancelled = last
      state.deadline = min(state.deadline ?? last, last)
    }
  }

  /// Waits until the child takes a delivery.
  func credit() async throws {
    try await withCheckedThrowingContinuation { (waiter: CheckedContinuation<Void, any Error>) in
      let ready = state.withLock { state -> Result<Void, any Error>? in
        if let death = state.death { return .failure(death) }
        if state.credits > 0 { return .success(()) }
        state.creditWaiter = waiter
        state.heard = .now
        return nil
      }
      if let ready { waiter.resume(with: ready) }
    }
  }

  /// Sets how many deliveries the child takes.
  ///
  /// - Throws: ``ChildDeath`` for more than it has slots; the child is ended.
  func set(credits: Int?) throws {
    guard let credits else { return }
    guard (0...1).contains(credits) else {
      let death = ChildDeath(
        code: "stage_broke_protocol", description: "it offered \(credits) credits and has one slot")
      end(death)
      throw death
    }
    let waiter = state.withLock { state in
      state.credits = credits
      guard credits > 0 else { return nil as CheckedContinuation<Void, any Error>? }
      defer { state.creditWaiter = nil }
      return state.creditWaiter
    }
    waiter?.resume()
  }

  /// Sends what is not answered.
  func tell(_ message: Message) throws { try channel.send(message) }

  /// Sends bytes as they are.
  func sendRaw(_ bytes: [UInt8]) { channel.sendRaw(bytes) }

  /// Closes the host's end, as the host's death does.
  func hangUp() { channel.hangUp() }

  /// Why it is no more; `nil` while it lives.
  var death: ChildDeath? { state.withLock { $0.hasEnded ? $0.death : nil } }

  /// Whether it ends by itself within a time.
  func ends(within time: Duration) async -> Bool {
    let last = ContinuousClock.now + time
    while ContinuousClock.now < last {
      if state.withLock({ $0.hasEnded }) { return true }
      do { try await Task.sleep(for: .milliseconds(5)) } catch { return false }
    }
    return false
  }

  /// Ends it now, for a reason.
  func end(_ death: ChildDeath) {
    state.withLock { state in
      if state.death == nil { state.death = death }
      if state.process > 0, !state.isReaped { kill(-state.process, SIGKILL) }
    }
  }

  /// Asks it to close, and returns when it is gone.
  func close() async {
    let isEnded = state.withLock { state in
      state.isClosing = true
      return state.hasEnded
    }
    if isEnded { return }
    do { try channel.send(Message("close")) } catch {
      end(ChildDeath(code: "stage_died", description: "it was closed"))
    }
    await withCheckedContinuation { waiter in
      let ended = state.withLock { state in
        if !state.hasEnded {
          state.endWaiters.append(waiter)
          state.deadline = .now + .milliseconds(Child.closing)
        }
        return state.hasEnded
      }
      if ended { waiter.resume() }
    }
  }
}

// MARK: - The thread

extension Child {
  private func live(_ output: OpenFile) {
    var log = LogLines()
    var lacksMemory = false
    let said = { [said] (level: LogLevel, line: String) in
      lacksMemory = lacksMemory || Child.noMemory.contains { line.contains($0) }
      said(level, line)
    }
    var descriptors = [channel.descriptor, output.number]
    while true {
      let ready = anagen_wire_wait(descriptors, Int32(descriptors.count), Child.tick)
      if ready & 2 != 0, !log.read(from: output, said) { descriptors.removeLast() }
      if ready & 1 != 0 {
        do {
          guard let received = try channel.receive() else { break }
          lacksMemory = false  // It lived on.
          try take(received)
        } catch {
          end(ChildDeath(code: "stage_broke_protocol", description: "it sent \(error)"))
          break
        }
      }
      lookAtClocks()
    }
    waitForEnd()
    // A runtime's last words tell why.
    for _ in 0..<Child.mostLastReads where log.isThere(output) {
      if !log.read(from: output, said) { break }
    }
    log.flush(said)
    takeAway(lacksMemory: lacksMemory)
  }

  private func take(_ received: Channel.Received) throws {
    let message = received.message
    state.withLock { $0.heard = .now }
    if received.answers != 0 {
      guard
        let waiter = state.withLock({ state in
          state.waitsForNothing()
          return state.waiters.removeValue(forKey: received.answers)
        })
      else { throw WireError(.malformed, "an answer to what was not asked") }
      waiter.resume(returning: received)
      return
    }
    switch message.type {
    case "progress": try set(credits: message.credits)
    case "tell":
      said(
        message.level.flatMap { LogLevel(rawValue: $0) } ?? .info,
        ([message.message ?? ""]
          + (message.values ?? [:]).sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" })
          .joined(separator: " "))
    case "ask": try answer(received)
    case "result": throw WireError(.malformed, "a result that answers nothing")
    default: break
    }
  }

  private func answer(_ received: Channel.Received) throws {
    let open = state.withLock { state in
      state.questions += 1
      return state.questions
    }
    guard open <= Child.mostQuestions else {
      throw WireError(.malformed, "more than \(Child.mostQuestions) questions at once")
    }
    let (channel, asked) = (channel, asked)
    Task {
      let answer = await asked(received.message)
      do {
        try channel.send(
          answer.message, tail: answer.tail, files: answer.files, answering: received.number)
      } catch let error as WireError where error.code == .closed {
        // Its end is on the way.
      } catch {
        self.end(ChildDeath(code: "stage_hung", description: "it takes no answers"))
      }
      self.state.withLock { $0.questions -= 1 }
    }
  }

  private func lookAtClocks() {
    let overdue = state.withLock { state -> ChildDeath? in
      let now = ContinuousClock.now
      if let deadline = state.deadline, now > deadline {
        return ChildDeath(code: "stage_too_slow", description: "it did not answer in time")
      }
      if let silence = state.silence, now - state.heard > silence {
        return ChildDeath(
          code: "stage_hung", description: "it gave no sign of life for \(silence)")
      }
      if let processor = state.processor, anagen_processor_time(state.process) > processor.until {
        return ChildDeath(
          code: "processor_limit",
          description: "it used the processor for longer than its limit of \(processor.limit)",
          hint: "raise 'limits: {processor}' of the stage, or give it less to do at once")
      }
      return nil
    }
    if let overdue { end(overdue) }
  }

  private func waitForEnd() {
    let process = state.withLock { $0.process }
    if anagen_wait_end(process, state.withLock { $0.isClosing } ? Child.closing : 200) != 1 {
      end(ChildDeath(code: "stage_broke_protocol", description: "it closed its channel"))
      _ = anagen_wait_end(process, -1)
    }
  }

  /// Takes the ended process away with all of its group, and tells who waits.
  private func takeAway(lacksMemory: Bool) {
    let (waiters, credit, ends, death) = state.withLock { state in
      kill(-state.process, SIGKILL)  // Whatever it started and left behind.
      let status = anagen_reap(state.process)
      state.isReaped = true
      state.hasEnded = true
      let death = state.death ?? self.death(status, lacksMemory, wasAsked: state.isClosing)
      state.death = death
      defer {
        state.waiters = [:]
        state.creditWaiter = nil
        state.endWaiters = []
      }
      return (Array(state.waiters.values), state.creditWaiter, state.endWaiters, death)
    }
    for waiter in waiters { waiter.resume(throwing: death) }
    credit?.resume(throwing: death)
    for waiter in ends { waiter.resume() }
  }

  /// What a person, a service manager or the kernel short of memory ends a process with.
  private static let outsideSignals = [SIGKILL, SIGTERM, SIGINT, SIGHUP]

  /// What a process that gets no memory ends with (docs/stage-protocol.md 7.2).
  private static let noMemoryStatus: Int32 = 71
  /// What runtimes say of it: Swift's, C++'s, Python's, and the C library's.
  private static let noMemory = [
    "Fatal error: failed to allocate ", "std::bad_alloc", "MemoryError", "Cannot allocate memory",
    "can't start new thread",
  ]
  /// 256 KiB of last words.
  private static let mostLastReads = 64

  /// What its end tells, where the host had no reason of its own.
  private func death(_ status: Int32, _ lacksMemory: Bool, wasAsked: Bool) -> ChildDeath {
    let isFromOutside = Child.outsideSignals.contains(status - 256)
    if status == Child.noMemoryStatus || lacksMemory && status != 0 && !isFromOutside {
      return ChildDeath(
        code: "memory_limit",
        description: "its process reached its memory limit of \(memoryBytes >> 20) MiB",
        hint: "raise 'limits: {memory}' of the stage in the pipeline file")
    }
    return ChildDeath(
      code: wasAsked && status == 0 ? "stage_closed" : "stage_died",
      description: Child.words(of: status), isFromOutside: isFromOutside)
  }

  private static func words(of status: Int32) -> String {
    guard status >= 256 else { return "its process ended with status \(status)" }
    let signal = status - 256
    let name = anagen_signal_name(signal).map { "SIG\(String(cString: $0))" } ?? "signal \(signal)"
    return "its process was ended by \(name)"
  }
}
