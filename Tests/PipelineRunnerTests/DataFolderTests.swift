import Foundation
import Ledger
import PipelineRunner
import StageKit
import Testing

@Suite struct DataFolderTests {
  @Test func twoRunsOnOneFolderAreRefusedByName() async throws {
    let (folder, board) = (TemporaryFolder(), TestBoard())
    let name = board.register()
    let lock = try DataFolderLock(DataFolder(path: folder.path))
    let plan = try TestRuns.chain(folder.path, board: name, count: 1)
    let error = await #expect(throws: LedgerError.self) { try await TestRuns.run(plan) }
    #expect(error?.code == .inUse)
    #expect(error?.subject.contains("process \(getpid())") == true)
    withExtendedLifetime(lock) {}
  }

  @Test func theLockIsFreeOnceItsOwnerIsGone() throws {
    let folder = TemporaryFolder()
    do {
      let lock = try DataFolderLock(DataFolder(path: folder.path))
      withExtendedLifetime(lock) {}
    }
    _ = try DataFolderLock(DataFolder(path: folder.path))
  }

  @Test("a run that has ended, or failed, holds no file of its folder open")
  func everythingIsClosed() async throws {
    let (folder, board) = (TemporaryFolder(), TestBoard())
    let name = board.register()
    let plan = try TestRuns.chain(folder.path, board: name, count: 20)
    _ = try await TestRuns.run(plan)
    #expect(try open(below: folder.path).isEmpty)
    let broken = TestBoard { _, _ in
      throw StageError(.fatal, "broken", subject: "it", hint: "mend it")
    }
    let again = try TestRuns.chain(folder.path, board: broken.register(), count: 21)
    await #expect(throws: RunError.self) { try await TestRuns.run(again) }
    #expect(try open(below: folder.path).isEmpty)
    let files = try FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/private")
    #expect(!files.contains { $0.hasPrefix("ledger.sqlite-") }, "the log is taken over")
  }

  /// The files below a folder that this process has open.
  private func open(below folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").compactMap { name in
      guard let file = realpath("/proc/self/fd/\(name)", nil) else { return nil }
      defer { free(file) }
      let path = String(cString: file)
      return path.hasPrefix(folder + "/") ? path : nil
    }
  }

  /// A child that is being started holds a copy of every descriptor for a moment.
  @Test func theLockIsFreeThoughACopyOfItsDescriptorIsLeft() throws {
    let folder = TemporaryFolder()
    var copy: Int32 = -1
    do {
      let lock = try DataFolderLock(DataFolder(path: folder.path))
      for name in try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd") {
        guard let number = Int32(name), let file = realpath("/proc/self/fd/\(name)", nil) else {
          continue
        }
        defer { free(file) }
        if String(cString: file).hasSuffix("\(folder.path)/private/lock") { copy = dup(number) }
      }
      withExtendedLifetime(lock) {}
    }
    #expect(copy >= 0, "the lock's descriptor was found")
    defer { close(copy) }
    _ = try DataFolderLock(DataFolder(path: folder.path))
  }

  @Test func thePrivateFolderIsItsOwnersAlone() async throws {
    let (folder, board) = (TemporaryFolder(), TestBoard())
    let name = board.register()
    _ = try await TestRuns.run(try TestRuns.chain(folder.path, board: name, count: 1))
    let attributes = try FileManager.default.attributesOfItem(atPath: folder.path + "/private")
    #expect(attributes[.posixPermissions] as? NSNumber == 0o700)
  }

  @Test(arguments: [
    ("not a database at all, whatever its name says", LedgerError.Code.damaged)
  ])
  func aForeignFileIsRefused(content: String, code: LedgerError.Code) async throws {
    let (folder, board) = (TemporaryFolder(), TestBoard())
    let name = board.register()
    try FileManager.default.createDirectory(
      atPath: folder.path + "/private", withIntermediateDirectories: true)
    try Data(content.utf8).write(
      to: URL(filePath: folder.path + "/private/ledger.sqlite"))
    let plan = try TestRuns.chain(folder.path, board: name, count: 1)
    let error = await #expect(throws: LedgerError.self) { try await TestRuns.run(plan) }
    #expect(error?.code == code)
  }

  @Test func aFolderThatCannotBeMadeSaysSo() async throws {
    let board = TestBoard()
    let name = board.register()
    let plan = try TestRuns.chain("/proc/anagen-data", board: name, count: 1)
    let error = await #expect(throws: LedgerError.self) { try await TestRuns.run(plan) }
    #expect(error?.code == .io)
    #expect(error?.errno != nil)
  }
}
