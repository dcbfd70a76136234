import Foundation

/// The package's own files as they lie on disk, found from where this file lies.
struct PackageTree: Sendable {
  /// What is built, fetched or written by running the program, and so is nobody's style.
  private static let notOurs: Set<String> = [
    "Package.resolved", "anagen-data", "demo-output", "__pycache__", "node_modules",
  ]
  /// Hidden folders and files that are ours all the same.
  private static let hiddenOurs: Set<String> = [".ci", ".gitignore", ".swift-format"]

  static let shared = PackageTree()

  let root: URL
  /// Paths relative to the root, sorted.
  let files: [String]

  private init() {
    root =
      URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().standardizedFileURL
    files = Self.walk(root, prefix: "").sorted()
  }

  private static func walk(_ folder: URL, prefix: String) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.flatMap { name -> [String] in
      guard !name.hasPrefix(".") || hiddenOurs.contains(name), !notOurs.contains(name) else {
        return []
      }
      let entry = folder.appending(path: name)
      var isFolder: ObjCBool = false
      let isThere = FileManager.default.fileExists(atPath: entry.path, isDirectory: &isFolder)
      return isThere && isFolder.boolValue
        ? walk(entry, prefix: "\(prefix)\(name)/") : [prefix + name]
    }
  }

  func text(_ path: String) throws -> String {
    try String(contentsOf: root.appending(path: path), encoding: .utf8)
  }

  func exists(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: root.appending(path: path).path)
  }

  /// The names of the folders directly in `folder`, as far as they hold files.
  func folders(in folder: String) -> [String] {
    let inside = files.filter { $0.hasPrefix(folder + "/") }.map { $0.dropFirst(folder.count + 1) }
    let names = inside.filter { $0.contains("/") }.map { String($0.prefix { $0 != "/" }) }
    return Set(names).sorted()
  }

  /// Files that people write and read as text.
  var textFiles: [String] {
    let endings = [
      ".swift", ".c", ".h", ".md", ".py", ".sh", ".yaml", ".yml", ".json", ".modulemap", ".css",
      ".html", "/run", "Makefile",
    ]
    return files.filter { path in endings.contains { ("/" + path).hasSuffix($0) } }
  }

  var swiftFiles: [String] { files.filter { $0.hasSuffix(".swift") } }

  /// Swift that becomes part of the program or of somebody else's: no tests, no manifest.
  var productFiles: [String] {
    swiftFiles.filter { path in
      path.hasPrefix("Sources/") || (path.hasPrefix("Plugins/") && path.contains("/Sources/"))
    }
  }
}
