import CCrashMark
import Glibc
import Ledger
import StageKit

/// `private/in-hand`: which deliveries were inside a stage's call when the program died.
///
/// A mapped file that is written before and after each call, so that what stands in it outlives
/// the program, whatever ends it. A death counts against the deliveries in hand when the program
/// brought it on itself (a trap, an abort, a fault) or when the kernel ended a process for want of
/// memory; a `kill -9` or a power cut tells nothing of them.
///
/// One place of eight bytes for each call that can be under way at once; each is written by one
/// worker at a time.
// Sendable: the mapping is constant, and a place is touched by the one worker that holds it.
final class InHandFile: @unchecked Sendable {
  /// What the last run died of, if it died of what it had in hand.
  struct Death: Sendable {
    /// The run that died.
    let run: Int64
    /// The deliveries in hand.
    let deliveries: [Int64]
    /// Whether the run had nothing else to do at that moment.
    let wasAlone: Bool
    /// Whether the kernel ended it for want of memory.
    let ranOutOfMemory: Bool
  }

  // The file: a header of 128 bytes, then the places.
  private enum Offset {
    static let magic = 0
    static let signal = 4
    static let memoryKills = 8
    static let run = 16
    static let alone = 24
    static let boot = 32
    static let places = 128
  }
  private static let magic: UInt32 = 0x416E_6148
  private static let bootLength = 36

  private let base: UnsafeMutableRawPointer
  private let byteCount: Int
  private let places: Int

  /// Opens the file and clears it for a run.
  ///
  /// - Parameters:
  ///   - folder: the data folder, whose lock the caller holds.
  ///   - run: the run's number in the ledger.
  ///   - places: how many calls can be under way at once.
  ///   - settle: is given what the last run died of, before it is forgotten.
  init(
    _ folder: DataFolder, run: Int64, places: Int, settle: (Death) throws -> Void
  ) throws {
    let path = "\(folder.privatePath)/in-hand"
    if let death = try InHandFile.death(path) { try settle(death) }
    self.places = places
    byteCount = Offset.places + 8 * places
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw InHandFile.failure("cannot open \(path)") }
    defer { close(descriptor) }
    guard ftruncate(descriptor, 0) == 0 else { throw InHandFile.failure("cannot make \(path)") }
    // Allocated, not only long: a write into a hole of a full disk would end the program.
    errno = posix_fallocate(descriptor, 0, off_t(byteCount))
    guard errno == 0,
      let mapped = mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0),
      mapped != MAP_FAILED
    else { throw InHandFile.failure("cannot make \(path)") }
    base = mapped
    base.storeBytes(of: InHandFile.memoryKills(), toByteOffset: Offset.memoryKills, as: UInt64.self)
    base.storeBytes(of: run, toByteOffset: Offset.run, as: Int64.self)
    for (index, byte) in InHandFile.bootID().enumerated() {
      base.storeBytes(of: byte, toByteOffset: Offset.boot + index, as: UInt8.self)
    }
    base.storeBytes(of: InHandFile.magic, toByteOffset: Offset.magic, as: UInt32.self)
    anagen_mark_crash_at(
      (base + Offset.signal).assumingMemoryBound(to: UInt32.self))
  }

  deinit {
    anagen_mark_crash_at(nil)
    munmap(base, byteCount)
  }

  /// A worker's place.
  func place(_ index: Int) -> Place {
    precondition((0..<places).contains(index), "a place for each worker")
    return Place(file: self, offset: Offset.places + 8 * index)
  }

  /// Says that one delivery is handled and nothing else.
  func setAlone(_ isAlone: Bool) {
    base.storeBytes(of: isAlone ? 1 : 0, toByteOffset: Offset.alone, as: UInt32.self)
  }

  /// Where one worker notes what it has in hand.
  struct Place: Sendable {
    fileprivate let file: InHandFile
    fileprivate let offset: Int

    /// A call begins; `nil` for a record that has no delivery yet.
    func begin(_ delivery: Int64?) {
      guard let delivery else { return }
      file.base.storeBytes(of: delivery, toByteOffset: offset, as: Int64.self)
    }

    /// The call has returned or thrown.
    func end() { file.base.storeBytes(of: 0, toByteOffset: offset, as: Int64.self) }
  }

  // MARK: The last run

  private static func death(_ path: String) throws -> Death? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    if descriptor < 0 {
      guard errno == ENOENT else { throw failure("cannot read \(path)") }
      return nil
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw failure("cannot read \(path)") }
    var bytes = [UInt8](repeating: 0, count: min(Int(status.st_size), 1 << 20))
    guard read(descriptor, &bytes, bytes.count) == bytes.count else {
      throw failure("cannot read \(path)")
    }
    guard bytes.count >= Offset.places else { return nil }
    return bytes.withUnsafeBytes { raw -> Death? in
      guard raw.loadUnaligned(fromByteOffset: Offset.magic, as: UInt32.self) == magic else {
        return nil
      }
      let boot = Array(raw[Offset.boot..<(Offset.boot + bootLength)])
      let kills = raw.loadUnaligned(fromByteOffset: Offset.memoryKills, as: UInt64.self)
      let signal = raw.loadUnaligned(fromByteOffset: Offset.signal, as: UInt32.self)
      let ranOutOfMemory = boot == bootID() && memoryKills() > kills
      guard signal != 0 || ranOutOfMemory else { return nil }
      let deliveries = stride(from: Offset.places, through: raw.count - 8, by: 8).map {
        raw.loadUnaligned(fromByteOffset: $0, as: Int64.self)
      }.filter { $0 > 0 }
      guard !deliveries.isEmpty else { return nil }
      let isAlone = raw.loadUnaligned(fromByteOffset: Offset.alone, as: UInt32.self) != 0
      return Death(
        run: raw.loadUnaligned(fromByteOffset: Offset.run, as: Int64.self),
        deliveries: deliveries, wasAlone: isAlone && deliveries.count == 1,
        ranOutOfMemory: signal == 0)
    }
  }

  /// How many processes the kernel has ended for want of memory since it started; 0 where it does
  /// not say.
  private static func memoryKills() -> UInt64 {
    let text = String(decoding: contents("/proc/vmstat"), as: UTF8.self)
    for line in text.split(separator: "\n") where line.hasPrefix("oom_kill ") {
      return UInt64(line.dropFirst("oom_kill ".count)) ?? 0
    }
    return 0
  }

  /// Which start of the kernel this is; its counters begin anew with each.
  private static func bootID() -> [UInt8] {
    let text = contents("/proc/sys/kernel/random/boot_id").prefix(bootLength)
    return text + [UInt8](repeating: 0, count: bootLength - text.count)
  }

  private static func contents(_ path: String) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return [] }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 64 << 10)
    let count = read(descriptor, &bytes, bytes.count)
    return Array(bytes.prefix(max(0, count)))
  }

  private static func failure(_ what: String) -> LedgerError {
    let number = errno
    return LedgerError(
      .io, subject: "\(what): \(String(cString: strerror(number)))",
      hint: "check owner, mode and free space of the data folder", errno: number)
  }
}
