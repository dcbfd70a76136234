import Foundation

/// What a disk may hold after the power failed, from what a program had it do.
///
/// Nothing is promised but what POSIX promises: the bytes of a file once it is synced, and the
/// names in a folder once the folder is. Of everything since, any part may be there, in any order,
/// and of a write any of its sectors. File systems in use keep more than this; none keeps less.
struct PowerCutDisk {
  /// What becomes of changes that were not synced.
  enum Loss: Equatable, CustomStringConvertible {
    /// All of them are lost.
    case everything
    /// None: what a killed program leaves.
    case nothing
    /// Names are kept, the bytes behind them lost.
    case bytes
    /// Bytes are kept, the names lost.
    case names
    /// Everything is lost below this folder and kept elsewhere.
    case below(String)
    /// Everything is kept below this folder and lost elsewhere.
    case beside(String)
    /// Each change and each sector is lost or kept by chance.
    case some(seed: UInt64)

    var description: String {
      switch self {
      case .everything: "all that was not synced lost"
      case .nothing: "nothing lost"
      case .bytes: "bytes lost, names kept"
      case .names: "names lost, bytes kept"
      case .below(let folder): "lost below \(folder), kept elsewhere"
      case .beside(let folder): "kept below \(folder), lost elsewhere"
      case .some(let seed): "lost by chance, seed \(seed)"
      }
    }
  }

  /// The least that a disk writes at once.
  private static let sector = 512

  private enum Node { case file(Int), folder }

  private enum Edit {
    case write(Int, ArraySlice<UInt8>)
    case cut(Int)
    case grow(Int)

    func apply(to bytes: inout [UInt8]) {
      switch self {
      case .write(let offset, let part):
        if bytes.count < offset + part.count {
          bytes.append(contentsOf: repeatElement(0, count: offset + part.count - bytes.count))
        }
        bytes.replaceSubrange(offset..<offset + part.count, with: part)
      case .cut(let size):
        if size < bytes.count { bytes.removeLast(bytes.count - size) } else { grow(&bytes, size) }
      case .grow(let size): grow(&bytes, size)
      }
    }

    private func grow(_ bytes: inout [UInt8], _ size: Int) {
      guard size > bytes.count else { return }
      bytes.append(contentsOf: repeatElement(0, count: size - bytes.count))
    }
  }

  private struct File {
    var durable: [UInt8] = []
    var pending: [Edit] = []
  }

  private struct Folder {
    var durable: [String: Node] = [:]
    var pending: [(name: String, node: Node?)] = []
  }

  private let root: String
  private var files: [File] = []
  private var folders: [String: Folder]
  private var open: [String: Int] = [:]

  /// An empty folder that is durable itself.
  init(root: String) {
    self.root = root
    folders = [root: Folder()]
  }

  /// Does what the program had the disk do.
  mutating func apply(_ change: FaultLog.Change) {
    switch change.kind {
    case .made:
      open[change.path] = files.count
      name(change.path, .file(files.count))
      files.append(File())
    case .wrote: edit(change.path, .write(change.offset, change.bytes))
    case .cut: edit(change.path, .cut(change.offset))
    case .allocated: edit(change.path, .grow(change.offset))
    case .synced: sync(change.path)
    case .renamed, .linked:
      guard let file = open[change.path] else { return }
      open[change.target] = file
      if change.kind == .renamed {
        open[change.path] = nil
        name(change.path, nil)
      }
      name(change.target, .file(file))
    case .removed:
      open[change.path] = nil
      name(change.path, nil)
    case .madeFolder:
      folders[change.path] = Folder()
      name(change.path, .folder)
    }
  }

  private mutating func name(_ path: String, _ node: Node?) {
    let (folder, name) = PowerCutDisk.split(path)
    folders[folder]?.pending.append((name, node))
  }

  private mutating func edit(_ path: String, _ edit: Edit) {
    guard let file = open[path] else { return }
    files[file].pending.append(edit)
  }

  private mutating func sync(_ path: String) {
    if let folder = folders[path] {
      folders[path]?.durable = folder.pending.reduce(into: folder.durable) { $0[$1.name] = $1.node }
      folders[path]?.pending = []
    } else if let file = open[path] {
      for edit in files[file].pending { edit.apply(to: &files[file].durable) }
      files[file].pending = []
    }
  }

  private static func split(_ path: String) -> (folder: String, name: String) {
    let slash = path.lastIndex(of: "/") ?? path.startIndex
    return (String(path[..<slash]), String(path[path.index(after: slash)...]))
  }

  /// Writes a disk as it may be after the power fails now.
  ///
  /// - Parameter target: an empty folder that stands for the root.
  func write(to target: String, losing loss: Loss) throws {
    var chance = Chance(state: 0)
    if case .some(let seed) = loss { chance = Chance(state: seed) }
    try write(root, to: target, loss, &chance)
  }

  private func write(
    _ path: String, to target: String, _ loss: Loss, _ chance: inout Chance
  ) throws {
    guard let folder = folders[path] else { return }
    var names = folder.durable
    for entry in folder.pending where keeps(path, loss, names: true, &chance) {
      names[entry.name] = entry.node
    }
    for (name, node) in names.sorted(by: { $0.key < $1.key }) {
      switch node {
      case .folder:
        try FileManager.default.createDirectory(
          atPath: "\(target)/\(name)", withIntermediateDirectories: true)
        try write("\(path)/\(name)", to: "\(target)/\(name)", loss, &chance)
      case .file(let file):
        // SQLite makes its shared-memory index anew after a crash.
        if name.hasSuffix("-shm") { continue }
        let bytes = bytes(of: files[file], at: "\(path)/\(name)", loss, &chance)
        try Data(bytes).write(to: URL(filePath: "\(target)/\(name)"))
        try FileManager.default.setAttributes(
          [.posixPermissions: 0o600], ofItemAtPath: "\(target)/\(name)")
      }
    }
  }

  private func bytes(
    of file: File, at path: String, _ loss: Loss, _ chance: inout Chance
  ) -> [UInt8] {
    var bytes = file.durable
    for edit in file.pending {
      if case (.write(let offset, let part), .some) = (edit, loss) {
        var start = part.startIndex
        while start < part.endIndex {
          let place = offset + start - part.startIndex
          let end = min(
            part.endIndex, start + PowerCutDisk.sector - place % PowerCutDisk.sector)
          if chance.isHeads() { Edit.write(place, part[start..<end]).apply(to: &bytes) }
          start = end
        }
      } else if keeps(path, loss, names: false, &chance) {
        edit.apply(to: &bytes)
      }
    }
    return bytes
  }

  private func keeps(_ path: String, _ loss: Loss, names: Bool, _ chance: inout Chance) -> Bool {
    switch loss {
    case .everything: false
    case .nothing: true
    case .bytes: names
    case .names: !names
    case .below(let folder): !"\(path)/".hasPrefix("\(root)/\(folder)/")
    case .beside(let folder): "\(path)/".hasPrefix("\(root)/\(folder)/")
    case .some: chance.isHeads()
    }
  }

  /// SplitMix64, so that a seed in a failed test's words makes the same disk again.
  private struct Chance {
    var state: UInt64
    mutating func isHeads() -> Bool {
      state &+= 0x9E37_79B9_7F4A_7C15
      var mixed = state
      mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
      mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
      return (mixed ^ (mixed >> 31)) >> 63 == 1
    }
  }
}
