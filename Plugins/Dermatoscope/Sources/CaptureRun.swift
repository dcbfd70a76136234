import ClinicalRecords
import Glibc
import StageKit
import Synchronization
import VideoDevices

/// One run of a capturing stage: events of a camera in, accepted captures out.
struct CaptureRun<Settings: CapturePolicy>: Sendable {
  // A press whose picture waits for acceptance holds a megabyte; a queue of eight is seconds of the
  // fastest finger.
  private static var mostAnswers: Int { 8 }

  let feed: any CameraFeed
  let settings: Settings
  let assignment: CaptureAssignment?
  let context: StageContext
  private let refusals = Refusals()

  init(
    feed: any CameraFeed, settings: Settings, assignment: CaptureAssignment?, context: StageContext
  ) {
    self.feed = feed
    self.settings = settings
    self.assignment = assignment
    self.context = context
  }

  /// Runs until the feed ends or the run stops.
  func run(into output: SourceOutput<CapturedImage>) async throws {
    let (answers, arrival) = AsyncStream.makeStream(
      of: CaptureDesk.Answer.self, bufferingPolicy: .bufferingOldest(Self.mostAnswers))
    let desk = CaptureDesk(keepsEach: settings.trigger == .continuous) { answer in
      if case .dropped = arrival.yield(answer) { refuse("the pipeline is behind") }
    }
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await hand(answers, to: output) }
      group.addTask {
        // What was pressed before the end is answered, however the feed ends.
        do {
          try await watch(desk)
        } catch {
          await desk.drain()
          arrival.finish()
          throw error
        }
        await desk.drain()
        arrival.finish()
      }
      // The first that fails ends both.
      while try await group.next() != nil {}
    }
  }

  // MARK: Events

  private func watch(_ desk: CaptureDesk) async throws {
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

  private func note(_ event: CameraEvent, _ desk: CaptureDesk) {
    switch event {
    case .frame(let frame): desk.take(frame)
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

  private func press(at time: Double, _ desk: CaptureDesk) {
    guard assignment != nil else { return refuse("nobody is assigned") }
    desk.press(at: time)
  }

  // MARK: Captures

  private func hand(
    _ answers: AsyncStream<CaptureDesk.Answer>, to output: SourceOutput<CapturedImage>
  ) async throws {
    guard let assignment else {
      for await _ in answers {}
      return
    }
    var attempt = try await firstFreeAttempt(assignment)
    for await answer in answers {
      switch answer {
      case .refused(let refusal): refuse(refusal.rawValue)
      case .chosen(let frame, let bytes):
        let image = record(frame, bytes, assignment.key(study: context.study.id, attempt: attempt))
        do {
          if settings.trigger == .continuous {
            try await output.emit(image)
          } else {
            try await output.accept(image)
            log(.info, "captured", ["attempt": "\(attempt)", "bytes": "\(bytes.count)"])
          }
          attempt += 1
        } catch let error as StageError where error.failureClass == .unavailable {
          refuse(error.subject)
        }
      }
    }
  }

  /// The number of the first attempt that nobody made yet: a run that goes on does not count anew.
  private func firstFreeAttempt(_ assignment: CaptureAssignment) async throws -> Int {
    var attempt = 1
    while true {
      let identity = assignment.key(study: context.study.id, attempt: attempt)
        .identity(of: CapturedImage.schema)
      guard try await context.host.lookup(identity, schema: CapturedImage.schema) != nil else {
        return attempt
      }
      attempt += 1
    }
  }

  private func record(
    _ frame: CameraFrame, _ bytes: [UInt8], _ key: AcquisitionKey
  ) -> CapturedImage {
    var controls = frame.controls.mapValues { "\($0)" }
    if !frame.brokenLocks.isEmpty {
      controls["broken_locks"] = frame.brokenLocks.sorted().joined(separator: " ")
    }
    return CapturedImage(
      acquisition: key, original: context.content(bytes, mediaType: "image/jpeg"),
      fileName: "\(key.visit)_\(key.region)_p\(key.placement)_f\(key.field)_a\(key.attempt).jpg",
      date: day(context.host.now()),
      operatorCode: settings.operatorCode.isEmpty ? nil : settings.operatorCode,
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

  /// Says aloud that a press gave no picture: in the log, and counted with the results of the run.
  private func refuse(_ reason: String) {
    log(.warning, "a capture was refused", ["reason": reason])
    refusals.count(reason) { text in
      context.host.note(
        Notice(
          stage: context.stage, code: "capture_refused", what: text,
          hint: "look at the camera and capture again", isNegative: true))
    }
  }

  private func log(_ level: LogLevel, _ message: StaticString, _ values: [String: String]) {
    context.host.log(level, stage: context.stage, message, values)
  }
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
