import Foundation
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A data folder has one run at a time.
struct TwoRunsTests {
  @Test func theSecondIsRefusedAtOnceWithTheProcessOfTheFirst() throws {
    let material = try Material(good: 12)
    let first = try AnagenProcess(material.runArguments(), printingTo: material.path)
    let lock = "\(material.data)/private/lock"
    while first.isRunning, (FileManager.default.contents(atPath: lock) ?? Data()).isEmpty {
      usleep(500)
    }
    // Held still, so that the second cannot come too late.
    first.send(SIGSTOP)
    let second = try material.run()
    #expect(second.status == 69, "\(second.status): \(second.talk)")
    #expect(
      second.talk.hasSuffix(
        "error: the data folder \(material.data) is in use by process \(first.identifier); wait "
          + "until it is done, or name another folder with --var data=OUT\n"), "\(second.talk)")
    first.send(SIGCONT)
    try material.expectEverythingAccountedFor(after: first.wait())
  }

  @Test func theSecondIsRefusedAlsoWhenSomebodyRemovedTheLockFile() throws {
    let material = try Material(good: 12)
    let first = try AnagenProcess(material.runArguments(), printingTo: material.path)
    let socket = "\(material.data)/private/control.sock"
    // The file is there an instant before somebody listens.
    while first.isRunning, !isListenedOn(socket) { usleep(500) }
    first.send(SIGSTOP)
    try FileManager.default.removeItem(atPath: "\(material.data)/private/lock")
    let second = try material.run()
    #expect(second.status == 69, "\(second.status): \(second.talk)")
    #expect(second.talk.contains("its lock file is gone; wait"), "\(second.talk)")
    first.send(SIGCONT)
    try material.expectEverythingAccountedFor(after: first.wait())
  }

  private func isListenedOn(_ path: String) -> Bool {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    return withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    } == 0
  }

  @Test func theLockOfAKilledRunIsGoneWithIt() throws {
    let material = try Material(good: 6)
    let first = try AnagenProcess(material.runArguments(), printingTo: material.path)
    let lock = "\(material.data)/private/lock"
    while first.isRunning, (FileManager.default.contents(atPath: lock) ?? Data()).isEmpty {
      usleep(500)
    }
    first.send(SIGSTOP)
    #expect(try material.run().status == 69)
    first.send(SIGKILL)
    _ = try first.wait()
    #expect(FileManager.default.fileExists(atPath: lock), "the file is there, its lock is not")
    try material.expectEverythingAccountedFor(after: material.run())
  }

  @Test(arguments: 1...4)
  func startedTogetherOnANewFolderTheyUseOneKey(_ round: Int) throws {
    let material = try Material(good: 3)
    let runs = try (0..<4).map { _ in
      try AnagenProcess(material.runArguments(), printingTo: material.path)
    }
    let outcomes = try runs.map { try $0.wait() }
    #expect(outcomes.allSatisfy { [0, 69].contains($0.status) }, "\(outcomes)")
    #expect(outcomes.contains { $0.status == 0 })
    // Another key would give every picture a second name.
    try material.expectEverythingAccountedFor(after: material.run(), "round \(round)")
  }
}
