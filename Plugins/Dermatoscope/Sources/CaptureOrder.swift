import StageKit
import Synchronization

/// What a station asks of a capturing stage while the run works: what the next captures show, and to
/// take one.
///
/// A capture that is commanded always names what it shows, so that nobody else's assignment can come
/// between.
public struct CaptureOrder: Sendable, Codable {
  /// The word of the order.
  public static let word = "assign"

  /// What captures show from now on; nothing until the next order when `nil`.
  public var assignment: CaptureAssignment?
  /// Whether one is taken at once.
  public var takes: Bool
  /// Which attempt is meant: one that is there already is not taken again, so that an order whose
  /// answer was lost can be given once more.
  public var attempt: Int?

  /// Makes an order.
  public init(_ assignment: CaptureAssignment?, takes: Bool = false, attempt: Int? = nil) {
    self.assignment = assignment
    self.takes = takes
    self.attempt = attempt
  }
}

/// What an order came to.
public struct CaptureReceipt: Sendable, Codable, Equatable {
  /// A picture that is in the ledger.
  public struct Picture: Sendable, Codable, Equatable {
    /// The SHA-256 of its bytes, in hexadecimal.
    public let sha256: String
    /// How many bytes.
    public let bytes: Int
    /// Whether it had been taken before this order.
    public let wasThere: Bool
  }

  /// The acquisition that was captured or will be next; `nil` when nobody is assigned.
  public let acquisition: String?
  /// The number of its attempt.
  public let attempt: Int?
  /// What was captured.
  public let picture: Picture?

  /// Makes a receipt.
  init(acquisition: String?, attempt: Int?, picture: Picture? = nil) {
    self.acquisition = acquisition
    self.attempt = attempt
    self.picture = picture
  }
}

/// What a press is of, fixed when it came, and who waits to hear what became of it.
struct CapturePress: Sendable {
  let assignment: CaptureAssignment
  /// Which attempt was asked for; the next one when `nil`.
  var attempt: Int?
  var reply: CaptureReply?
}

/// The one answer to who commanded a capture: given, or cut off when nobody can give it any more.
final class CaptureReply: Sendable {
  private let answers: AsyncThrowingStream<CaptureReceipt, any Error>.Continuation

  private init(_ answers: AsyncThrowingStream<CaptureReceipt, any Error>.Continuation) {
    self.answers = answers
  }

  deinit { answers.finish() }

  /// Answers; only the first answer counts.
  func answer(_ result: Result<CaptureReceipt, any Error>) {
    answers.yield(with: result)
    answers.finish()
  }

  /// Lends a reply to who will give it, and waits for it.
  ///
  /// - Throws: what `ask` throws, what was answered, `CancellationError` when nobody answers.
  static func wait(
    _ ask: (consuming CaptureReply) async throws -> Void
  ) async throws -> CaptureReceipt {
    let (stream, answers) = AsyncThrowingStream<CaptureReceipt, any Error>.makeStream(
      bufferingPolicy: .bufferingOldest(1))
    try await ask(CaptureReply(answers))
    for try await receipt in stream { return receipt }
    throw CancellationError()
  }
}

/// Where orders of a stage go while it captures; closed when it ends.
final class CaptureDoor: Sendable {
  typealias Taking =
    @Sendable (CaptureOrder, @Sendable () throws -> Void) async throws -> CaptureReceipt
  private let taking = Mutex<Taking?>(nil)

  /// Opens the door of a stage.
  init(of context: StageContext, _ taking: @escaping Taking) {
    self.taking.withLock { $0 = taking }
    context.host.answer(CaptureOrder.word, of: context.stage) {
      [self] (order: CaptureOrder, begin) in
      guard let taking = self.taking.withLock({ $0 }) else {
        throw StageError(
          .unavailable, "camera_closed", subject: "the camera takes no more: the run ends",
          hint: "start the run again")
      }
      return try await taking(order, begin)
    }
  }

  /// Lets nobody in any more, and go of what answered.
  func close() { taking.withLock { $0 = nil } }
}
