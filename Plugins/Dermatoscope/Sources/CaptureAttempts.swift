import ClinicalRecords
import StageKit
import Synchronization

/// Which attempt of an acquisition comes next: one that nobody made yet, in this run or before.
///
/// What a person took out counts too: a picture under its number would be taken out as well.
final class CaptureAttempts: Sendable {
  // What was counted for others can be read from the ledger again; a visit has some ten places.
  private static let mostKnown = 256

  private let context: StageContext
  private let known = Mutex<[AcquisitionKey: Int]>([:])

  init(_ context: StageContext) { self.context = context }

  /// The next attempt at what is assigned.
  func next(of assignment: CaptureAssignment) throws -> Int {
    let place = key(assignment, 1)
    if let next = known.withLock({ $0[place] }) { return next }
    let filed = try context.host.filedPictures().lazy.map(\.acquisition)
      .filter { self.key(assignment, $0.attempt) == $0 }.map(\.attempt).max()
    let next = (filed ?? 0) + 1
    return known.withLock { known in
      if known.count >= Self.mostKnown { known = [:] }
      // One that was taken meanwhile counts.
      known[place] = max(next, known[place] ?? 0)
      return known[place] ?? next
    }
  }

  /// An attempt was handed over.
  func took(_ attempt: Int, of assignment: CaptureAssignment) {
    known.withLock { $0[key(assignment, 1)] = attempt + 1 }
  }

  /// The acquisition of an attempt.
  func key(_ assignment: CaptureAssignment, _ attempt: Int) -> AcquisitionKey {
    assignment.key(study: context.study.id, attempt: attempt)
  }

  /// What is told of an attempt that was made before.
  ///
  /// - Throws: ``StageError`` when a person took it out.
  func receipt(of attempt: Int, _ assignment: CaptureAssignment) async throws -> CaptureReceipt {
    let identity = key(assignment, attempt).identity(of: CapturedImage.schema)
    guard
      let image = try await context.host.lookup(identity, schema: CapturedImage.schema)
        as? CapturedImage
    else {
      throw StageError(
        .record, "attempt_withdrawn", subject: "attempt \(attempt) was taken out by a person",
        hint: "capture the next one")
    }
    return receipt(of: image, wasThere: true)
  }

  /// What is told of a picture that is in the ledger.
  func receipt(of image: CapturedImage, wasThere: Bool) -> CaptureReceipt {
    CaptureReceipt(
      acquisition: image.acquisition.path, attempt: image.acquisition.attempt,
      picture: CaptureReceipt.Picture(
        sha256: image.original.sha256.hexadecimal, bytes: image.original.byteCount,
        wasThere: wasThere))
  }
}
