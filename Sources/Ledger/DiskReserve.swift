import Glibc
import Synchronization

/// Room on the disk that a run takes when it starts, so that on a full disk what was done can still
/// be noted.
///
/// A sink that has acted must be able to say so, or its next run acts again; so when the ledger
/// meets a full disk the reserve is given back to it, for the ends of deliveries and of the run
/// only. The next start takes it again, and does not start without it.
final class DiskReserve: Sendable {
  /// Enough for every end that can be on its way.
  ///
  /// That is the committer's backlog of 1,024 entries and the batch in hand, 5 transactions of 256
  /// ends. An end touches at most 4 pages (its delivery, the
  /// index of what waits, and its quarantine or look-ups with their index), each 4,120 bytes in
  /// the log: 5 x 256 x 4 x 4,120 = 21.1 MB. The rest is for the database to take them over.
  static let byteCount = 24 << 20

  private let path: String
  private let isHeld = Mutex(true)

  /// Takes the room, or finds it taken.
  ///
  /// - Throws: ``LedgerError`` with code `io` when there is not so much room.
  init(path: String) throws {
    self.path = path
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw FileSystem.failure("cannot make the file \(path)") }
    defer { close(descriptor) }
    // An allocation that was there before keeps its blocks.
    let number = posix_fallocate(descriptor, 0, off_t(DiskReserve.byteCount))
    guard number == 0 else {
      unlink(path)
      errno = number
      throw FileSystem.failure(
        "cannot keep \(DiskReserve.byteCount >> 20) MiB in reserve at \(path)")
    }
  }

  deinit { _ = release() }

  /// Gives the room back to the file system.
  ///
  /// - Returns: whether it was still held.
  func release() -> Bool {
    isHeld.withLock { isHeld in
      guard isHeld else { return false }
      isHeld = false
      return unlink(path) == 0
    }
  }
}

extension LedgerError {
  /// How much room a run needs to start and to go on.
  static let roomHint =
    "make room and run again, nothing was lost: a run starts with \(DiskReserve.byteCount >> 20) MiB "
    + "free, which it keeps in reserve, and needs what it has still to write besides"
}
