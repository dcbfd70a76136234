import Glibc
public import StageKit

/// The kernel's lock on a data folder: one run, one owner; released by the kernel at death, so no
/// lock is ever stale.
public final class DataFolderLock: Sendable {
  private let descriptor: Int32

  /// Makes `private/` (mode 0700) if needed and takes its lock.
  ///
  /// - Throws: ``LedgerError`` with code `inUse` naming the process that holds it, or `io`.
  public init(_ folder: DataFolder) throws {
    try FileSystem.makeFolder(folder.path, sync: true)
    try FileSystem.makeFolder(folder.privatePath, mode: 0o700, sync: true)
    let path = "\(folder.privatePath)/lock"
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw FileSystem.failure("cannot open \(path)") }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      let owner = DataFolderLock.owner(descriptor)
      close(descriptor)
      throw LedgerError(
        .inUse, subject: "the data folder \(folder.path) is in use by process \(owner)",
        hint: "wait until it is done, or name another folder with --var data=OUT")
    }
    let text = "\(getpid())\n"
    guard ftruncate(descriptor, 0) == 0,
      text.withCString({ pwrite(descriptor, $0, strlen($0), 0) }) == text.utf8.count
    else {
      let error = FileSystem.failure("cannot write \(path)")
      close(descriptor)
      throw error
    }
    self.descriptor = descriptor
  }

  /// A child that is just being started has a copy of the descriptor until it becomes its program,
  /// so closing alone would leave the lock to it.
  deinit {
    flock(descriptor, LOCK_UN)
    close(descriptor)
  }

  /// The process that owns a data folder, such as `4711`; `nil` when none does.
  ///
  /// Takes a shared lock for an instant, in which an owner that begins is refused: asked only where
  /// a run says that it has not ended.
  public static func owner(of folder: DataFolder) throws -> String? {
    let path = "\(folder.privatePath)/lock"
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      if errno == ENOENT { return nil }
      throw FileSystem.failure("cannot open \(path)")
    }
    defer { close(descriptor) }
    return flock(descriptor, LOCK_SH | LOCK_NB) == 0 ? nil : owner(descriptor)
  }

  private static func owner(_ descriptor: Int32) -> String {
    var buffer = [UInt8](repeating: 0, count: 32)
    let count = pread(descriptor, &buffer, buffer.count, 0)
    let digits = buffer.prefix(max(0, count)).prefix { (48...57).contains($0) }
    return digits.isEmpty ? "another" : String(decoding: digits, as: UTF8.self)
  }
}
