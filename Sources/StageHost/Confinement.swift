import CStageHost
import Foundation
import Glibc

/// What a stage's process may do (docs/stage-protocol.md §7).
public struct Confinement: Codable, Sendable, Equatable {
  /// The most private memory, in bytes.
  public var memoryBytes: Int
  /// The largest file that it may write, in bytes.
  public var fileBytes: Int
  /// The most open files.
  public var openFiles: Int
  /// Whether it may use the network.
  public var network: Bool
  /// Whether it may start processes.
  public var processes: Bool
  /// What it may read and run, beside the system's libraries.
  public var readable: [String]
  /// What it may write.
  public var writable: [String]

  /// The tightest confinement for a stage that needs this much memory.
  public init(
    memoryBytes: Int, readable: [String] = [], writable: [String] = [], network: Bool = false,
    processes: Bool = false
  ) {
    self.memoryBytes = memoryBytes
    // A picture of 24 MiB as text, many times over, and still no full disk.
    fileBytes = 1 << 30
    // Python with numpy has some 30 open while it starts.
    openFiles = 256
    self.readable = readable
    self.writable = writable
    self.network = network
    self.processes = processes
  }

  /// What every program reads: libraries, their caches, time zones, and what the kernel tells.
  ///
  /// libdispatch ends a program that cannot read `/proc/THREAD/stat`. What another process holds (its
  /// memory, files and environment) the kernel keeps from it all the same.
  static let system = [
    "/usr", "/lib", "/lib64", "/bin", "/sbin", "/opt", "/etc/ld.so.cache", "/etc/ld.so.conf",
    "/etc/ld.so.conf.d", "/etc/alternatives", "/etc/localtime", "/etc/nsswitch.conf",
    "/dev/urandom", "/dev/random", "/dev/zero", "/proc", "/sys/devices/system", "/sys/fs/cgroup",
    "/sys/kernel/mm",
  ]

  /// Where a program keeps what it needs: an interpreter under `PREFIX/bin` reads `PREFIX/lib`.
  static func prefix(of program: String) -> [String] {
    [program, URL(filePath: program).resolvingSymlinksInPath().path].compactMap { path in
      let prefix = URL(filePath: path).deletingLastPathComponent().deletingLastPathComponent().path
      return prefix == "/" ? nil : prefix
    }
  }

  /// Confines this process and becomes a program.
  ///
  /// - Parameters:
  ///   - command: the program's absolute path and its arguments.
  ///   - parent: the process that it dies with.
  /// - Returns: only when it fails, with the reason in words.
  public func become(_ command: [String], parent: Int32) -> String {
    let reading = Confinement.system + readable
    let writing = ["/dev/null"] + writable
    let status = Confinement.withList(reading) { readable in
      Confinement.withList(writing) { writable in
        var confinement = anagen_confinement(
          memory_bytes: UInt64(memoryBytes), file_bytes: UInt64(fileBytes),
          open_files: UInt64(openFiles), network: network ? 1 : 0, processes: processes ? 1 : 0,
          readable: readable, writable: writable, parent: parent)
        return anagen_confine(&confinement)
      }
    }
    guard status >= 0 else { return "the process cannot be confined (error \(-status))" }
    var arguments = command.map { strdup($0) } + [nil]
    execv(command[0], &arguments)
    return "'\(command[0])' cannot be started (error \(errno))"
  }

  /// What this machine's kernel cannot hold of a confinement, in words; `nil` when it holds all.
  public static var lacks: String? {
    let lacks = anagen_confinement_lacks()
    let words = [
      (Int32(anagen_no_landlock), "which files a stage reads and writes (no Landlock)"),
      (
        Int32(anagen_no_seccomp),
        "the network and the starting of processes (no seccomp)"
      ),
    ].filter { lacks & $0.0 != 0 }.map(\.1)
    return words.isEmpty ? nil : words.joined(separator: ", ")
  }

  private static func withList<Result>(
    _ texts: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> Result
  ) -> Result {
    let copies = texts.map { strdup($0) }
    defer { for copy in copies { free(copy) } }
    var list = copies.map { UnsafePointer($0) } + [nil]
    return body(&list)
  }
}
