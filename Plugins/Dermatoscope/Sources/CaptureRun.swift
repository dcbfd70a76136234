import ClinicalRecords
import Glibc
import StageKit
import Synchronization
import VideoDevices

/// One run of a capturing stage: events of a camera and orders in, accepted captures out.
struct CaptureRun<Settings: CapturePolicy>: Sendable {
  // A press whose picture waits for acceptance holds a megabyte; a queue of eight is seconds of the
  // fastest finger.
  private static var mostAnswers: Int { 8 }
  // A press that came before an order is chosen within a second; four of them, and time to spare.
  private static var orderPatience: Double { 5 }

  private typealias Desk = CaptureDesk<CapturePress>
  private struct Answered: Sendable {
    let press: CapturePress
    let answer: Desk.Answer
  }

  private let feed: any CameraFeed
  private let settings: Settings
  private let context: StageContext
  private let attempts: CaptureAttempts
  private let history: SharedHistory
  private let refusals = Refusals()

  init(
    feed: any CameraFeed, settings: Settings, assignment: CaptureAssignment?, context: StageContext
  ) {
    self.feed = feed
    self.settings = settings
    self.context = context
    attempts = CaptureAttempts(context)
    history = SharedHistory(assignment)
  }

  /// Runs until the feed ends or the run stops.
  func run(into output: SourceOutput<CapturedImage>) async throws {
    let (answers, arrival) = AsyncStream.makeStream(
      of: Answered.self, bufferingPolicy: .bufferingOldest(Self.mostAnswers))
    let desk = Desk { press, answer in
      switch arrival.yield(Answered(press: press, answer: answer)) {
      case .enqueued: break
      default: refuse(press, CaptureRefusal.isBehind.rawValue)
      }
    }
    let door = CaptureDoor(of: context) { try await take($0, desk, $1) }
    defer { door.close() }
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await hand(answers, to: output) }
      group.addTask {
        // What was pressed before the end is answered, however the feed ends.
        do {
          try await watch(desk)
        } catch {
          door.close()
          await desk.drain()
          arrival.finish()
          throw error
        }
        door.close()
        await desk.drain()
        arrival.finish()
      }
      // The first that fails ends both.
      while try await group.next() != nil {}
    }
  }

  // MARK: Events

  private func watch(_ desk: Desk) async throws {
    try await withThrowingTaskGroup(of: Bool.self) { group in
      group.addTask {
        do {
          try await feed.run { note($0, desk) }
        } catch let error as CameraError {
          throw StageError(
            .fatal, error.code.name, subject: error.subject, hint: error.hint, errno: nil)
        }
        return true
      }
      if settings.trigger == .interval {
        group.addTask {
          while true {
            try await Task.sleep(for: .seconds(settings.interval))
            press(at: CameraSession.monotonicSeconds(), desk)
          }
        }
      }
      // The feed alone ends by itself.
      while let hasEnded = try await group.next(), !hasEnded {}
      group.cancelAll()
    }
  }

  private func note(_ event: CameraEvent, _ desk: Desk) {
    switch event {
    case .frame(let frame):
      guard settings.trigger == .continuous else { return desk.take(frame) }
      guard let taken = history.taken(at: frame.timestamp) else { return refuseNobody() }
      desk.answer(frame, for: taken.ticket)
    case .pressed(let time):
      if settings.trigger == .button { press(at: time, desk) }
    case .opened(let identity, let format):
      log(.info, "the camera is open", ["model": identity.model, "format": "\(format)"])
    case .locked(let values):
      log(.info, "the camera's controls are held", values.mapValues { "\($0)" })
    case .changed(let name, let value, let wasHeld):
      guard wasHeld else { return }
      log(
        .warning, "a control that is held was changed by somebody else",
        ["control": name, "value": "\(value)"])
    case .damaged(let damage): log(.info, "a damaged frame was refused", ["as": damage.rawValue])
    case .unavailable(let error):
      desk.interrupt()
      log(.warning, "the camera cannot be used now", ["reason": error.code.name])
    }
  }

  private func press(at time: Double, _ desk: Desk) {
    if !desk.press(at: time, { history.taken(at: time) }) { refuseNobody() }
  }

  // MARK: Orders

  /// Does what a station asks.
  private func take(
    _ order: CaptureOrder, _ desk: Desk, _ begin: @Sendable () throws -> Void
  ) async throws -> CaptureReceipt {
    guard let assignment = try order.assignment?.held(to: context.study) else {
      try await whenFree(desk) { now in
        try begin()
        history.assign(nil, at: now)
        return nil
      }
      return CaptureReceipt(acquisition: nil, attempt: nil)
    }
    let next = try attempts.next(of: assignment)
    if let attempt = order.attempt, attempt != next {
      guard attempt < next else {
        throw StageError(
          .record, "attempt", subject: "attempt \(attempt) is not the next one",
          hint: "the next is \(next)")
      }
      if order.takes { return try await attempts.receipt(of: attempt, assignment) }
    }
    guard order.takes else {
      try await whenFree(desk) { now in
        try begin()
        history.assign(assignment, at: now)
        return nil
      }
      return CaptureReceipt(acquisition: attempts.key(assignment, next).path, attempt: next)
    }
    guard settings.trigger == .button || settings.trigger == .command else {
      throw StageError(
        .record, "trigger", subject: "this stage captures by itself",
        hint: "set its 'trigger' to command or button")
    }
    return try await CaptureReply.wait { reply in
      try await whenFree(desk) { now in
        try begin()
        history.assign(assignment, at: now)
        let press = CapturePress(assignment: assignment, attempt: order.attempt, reply: reply)
        return Desk.Taken(ticket: press, span: history.span(at: now))
      }
    }
  }

  /// Does something once no press collects its frames: what it assigns is not theirs.
  private func whenFree(
    _ desk: Desk, _ take: (_ now: Double) throws -> Desk.Taken?
  ) async throws {
    let end = CameraSession.monotonicSeconds() + Self.orderPatience
    while try !desk.whileNothingCollects(take) {
      guard CameraSession.monotonicSeconds() < end else {
        throw StageError(
          .unavailable, "capture_busy", subject: "captures are under way all the time",
          hint: "let go of the button, and ask again")
      }
      try await Task.sleep(for: .milliseconds(10))
    }
  }

  // MARK: Captures

  private func hand(
    _ answers: AsyncStream<Answered>, to output: SourceOutput<CapturedImage>
  ) async throws {
    for await answered in answers {
      let press = answered.press
      switch answered.answer {
      case .refused(let refusal): refuse(press, refusal.rawValue)
      case .chosen(let frame, let bytes):
        do {
          let receipt = try await hand(frame, bytes, of: press, to: output)
          press.reply?.answer(.success(receipt))
        } catch let error as StageError where error.failureClass == .unavailable {
          refuse(press, error.subject)
        }
      }
    }
  }

  /// Hands a picture over as the next attempt; returns when it is accepted, where somebody waits.
  private func hand(
    _ frame: CameraFrame, _ bytes: [UInt8], of press: CapturePress,
    to output: SourceOutput<CapturedImage>
  ) async throws -> CaptureReceipt {
    let attempt = try attempts.next(of: press.assignment)
    // Two who asked for the same attempt at once have one picture.
    if let asked = press.attempt, asked < attempt {
      return try await attempts.receipt(of: asked, press.assignment)
    }
    let image = record(frame, bytes, attempts.key(press.assignment, attempt), press.assignment)
    if settings.trigger == .continuous {
      try await output.emit(image)
    } else {
      try await output.accept(image)
      log(.info, "captured", ["attempt": "\(attempt)", "bytes": "\(bytes.count)"])
    }
    attempts.took(attempt, of: press.assignment)
    return attempts.receipt(of: image, wasThere: false)
  }

  private func record(
    _ frame: CameraFrame, _ bytes: [UInt8], _ key: AcquisitionKey, _ assignment: CaptureAssignment
  ) -> CapturedImage {
    var controls = frame.controls.mapValues { "\($0)" }
    if !frame.brokenLocks.isEmpty {
      controls["broken_locks"] = frame.brokenLocks.sorted().joined(separator: " ")
    }
    let time = context.host.now() - (CameraSession.monotonicSeconds() - frame.timestamp)
    let code = assignment.operatorCode ?? settings.operatorCode
    return CapturedImage(
      acquisition: key, original: context.content(bytes, mediaType: "image/jpeg"),
      fileName: "\(key.visit)_\(key.region)_p\(key.placement)_f\(key.field)_a\(key.attempt).jpg",
      date: day(time), capturedAt: CaptureTime(secondsSince1970: time),
      operatorCode: code.isEmpty ? nil : code,
      device: CaptureDevice(
        model: frame.identity.model, serial: frame.identity.serial, controls: controls,
        lossCounters: [
          "sequence_gaps": frame.lost.sequenceGaps, "timestamp_steps": frame.lost.timestampSteps,
          "error_flags": frame.lost.errorFlags,
        ]))
  }

  /// The day at the clinic: the machine's own zone.
  private func day(_ seconds: Double) -> CalendarDate? {
    var time = time_t(seconds)
    var parts = tm()
    guard localtime_r(&time, &parts) != nil else { return nil }
    return CalendarDate(
      year: Int(parts.tm_year) + 1900, month: Int(parts.tm_mon) + 1, day: Int(parts.tm_mday))
  }

  // MARK: What is said

  private func refuseNobody() { refuse(nil, CaptureRefusal.nobody.rawValue) }

  /// Says aloud that a press gave no picture: to who commanded it, in the log, and counted with the
  /// results of the run.
  private func refuse(_ press: CapturePress?, _ reason: String) {
    let hint = "look at the camera and capture again"
    press?.reply?.answer(
      .failure(
        StageError(
          .unavailable, "capture_refused", subject: "the capture was refused: \(reason)",
          hint: hint)))
    log(.warning, "a capture was refused", ["reason": reason])
    refusals.count(reason) { text in
      context.host.note(
        Notice(
          stage: context.stage, code: "capture_refused", what: text, hint: hint, isNegative: true))
    }
  }

  private func log(_ level: LogLevel, _ message: StaticString, _ values: [String: String]) {
    context.host.log(level, stage: context.stage, message, values)
  }
}

/// The assignments of a run, as the camera's thread and orders see them.
private final class SharedHistory: Sendable {
  private let history: Mutex<AssignmentHistory>

  init(_ first: CaptureAssignment?) { history = Mutex(AssignmentHistory(first)) }

  func assign(_ assignment: CaptureAssignment?, at now: Double) {
    history.withLock { $0.assign(assignment, at: now) }
  }

  /// What a press at a time is taken for; `nil` when nobody was assigned.
  func taken(at time: Double) -> CaptureDesk<CapturePress>.Taken? {
    let (assignment, span) = history.withLock { $0.inForce(at: time) }
    return assignment.map {
      CaptureDesk.Taken(ticket: CapturePress(assignment: $0), span: span)
    }
  }

  /// When frames show what is assigned at a time.
  func span(at time: Double) -> Range<Double> { history.withLock { $0.inForce(at: time).span } }
}

/// Captures that were refused in a run, by reason.
private final class Refusals: Sendable {
  private let counts = Mutex<[String: Int]>([:])

  /// Counts one, and hands on all of them in words; of two at once the later words have both.
  func count(_ reason: String, tell: (String) -> Void) {
    counts.withLock { counts in
      counts[reason, default: 0] += 1
      let reasons = counts.sorted { $0.key < $1.key }.map { "\($0.value) since \($0.key)" }
      tell("captures were refused: \(reasons.joined(separator: ", "))")
    }
  }
}
