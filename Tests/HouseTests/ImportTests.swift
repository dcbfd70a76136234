import Testing

/// Imports point one way (the house of `ARCHITECTURE.md`).
@Suite("what imports what")
struct ImportTests {
  /// Everything a module under `Sources/` may import; one row a module.
  ///
  /// Language and operating system, allowed everywhere: see `system`. `Foundation` is named where
  /// it is allowed, since the pure modules do without its size and its global state.
  static let modules: [String: Set<String>] = [
    // Pure: no Foundation, nothing of others.
    "Imaging": ["FoundationEssentials"],
    "ClinicalRecords": ["Imaging", "FoundationEssentials"],
    "BoundedQueues": ["DequeModule"],
    "LocalSockets": [],
    "VideoDevices": ["Imaging", "CVideo4Linux", "CLibUDev"],
    // What an author of stages builds against: nothing of others.
    "StageWire": ["CStageWire", "ClinicalRecords", "FoundationEssentials"],
    "StageKit": ["StageWire", "ClinicalRecords", "Imaging", "Foundation", "FoundationEssentials"],
    "StageTesting": [
      "StageKit", "ClinicalRecords", "Imaging", "Foundation", "FoundationEssentials", "Testing",
    ],
    "ImageCodecs": [
      "Imaging", "CImageCodecs", "CLibLCMS2", "Foundation", "FoundationEssentials",
    ],
    // The runner's side.
    "PipelineFiles": [
      "StageKit", "ClinicalRecords", "Foundation", "FoundationEssentials", "Yams",
    ],
    "StageHost": [
      "CStageHost", "CStageWire", "StageWire", "StageKit", "ClinicalRecords", "Imaging",
      "Foundation", "FoundationEssentials",
    ],
    "Ledger": [
      "StageKit", "ClinicalRecords", "Foundation", "FoundationEssentials", "GRDB", "GRDBSQLite",
      "Crypto",
    ],
    "PipelineRunner": [
      "PipelineFiles", "Ledger", "BoundedQueues", "LocalSockets", "StageHost", "StageKit",
      "ClinicalRecords", "Foundation", "FoundationEssentials", "Logging", "Crypto", "CCrashMark",
    ],
    "PythonKit": [],
    "BuiltInStages": Set(["StageKit"]).union(plugins.keys),
    // `measure`, `capture` and `deidentify check` call the same code as the stages, without a
    // ledger, hence the plugins here; `devices` lists what the capturing stage can name, hence the
    // cameras.
    "anagen": [
      "PipelineRunner", "BuiltInStages", "PipelineFiles", "Ledger", "LocalSockets", "StageHost",
      "StageKit", "StageTesting", "PythonKit", "ClinicalRecords",
      "Imaging", "ImageCodecs", "HairAnalysis", "Calibration", "Reports", "Deidentification",
      "Foundation", "Dermatoscope", "VideoDevices", "FoundationEssentials", "ArgumentParser",
      "Logging", "Crypto",
    ],
  ]

  /// What a plugin may import beyond `pluginModules`.
  static let plugins: [String: Set<String>] = [
    "Dermatoscope": ["VideoDevices"],
    "ImageFiles": [],
    "Phantom": [],
    "Calibration": ["Yams"],
    "HairAnalysis": [],
    "Deidentification": ["Crypto"],
    "Registry": ["GRDB", "Crypto"],
    "Reports": [],
  ]

  /// In-tree plugins have no privilege: this is what an outsider has as well.
  static let pluginModules: Set<String> = [
    "StageKit", "ClinicalRecords", "Imaging", "ImageCodecs", "Foundation", "FoundationEssentials",
  ]

  /// What a plugin's tests may import beyond the plugin's own row.
  ///
  /// `Phantom` renders scalps with
  /// known truth, which is what tests of other plugins measure and disguise.
  static let pluginTestModules: Set<String> = ["Testing", "StageTesting", "Phantom"]

  static let system: Set<String> = [
    "Swift", "Synchronization", "Dispatch", "Glibc", "Musl", "Darwin",
  ]

  @Test func `every import of a module stands in its row`() throws {
    for path in PackageTree.shared.swiftFiles where path.hasPrefix("Sources/") {
      let module = String(path.split(separator: "/")[1])
      guard let row = Self.modules[module] else { continue }
      try expect(path, importsOnly: row)
    }
  }

  @Test func `a plugin imports no other plugin and nothing of the runner`() throws {
    for path in PackageTree.shared.swiftFiles where path.hasPrefix("Plugins/") {
      let parts = path.split(separator: "/")
      let plugin = String(parts[1])
      guard let row = Self.plugins[plugin] else { continue }
      let own = row.union(Self.pluginModules)
      let isTest = parts.count > 2 && parts[2] == "Tests"
      try expect(
        path, importsOnly: isTest ? own.union(Self.pluginTestModules).union([plugin]) : own)
    }
  }

  @Test func `every module and plugin has a row, and every row its module`() {
    let tree = PackageTree.shared
    let swift = tree.folders(in: "Sources").filter { folder in
      tree.swiftFiles.contains { $0.hasPrefix("Sources/\(folder)/") }
    }
    #expect(Set(swift) == Set(Self.modules.keys), "add or remove a row of `modules`")
    #expect(
      Set(tree.folders(in: "Plugins")) == Set(Self.plugins.keys), "add or remove a row of `plugins`"
    )
  }

  @Test func `nothing is imported behind the public interface or handed on`() throws {
    for path in PackageTree.shared.swiftFiles {
      for (line, text) in try importLines(path)
      where text.contains(/^\s*@(testable|_)\w*\s.*import/) {
        Issue.record("\(path):\(line): \(text); tests use the public interface or `package`")
      }
    }
  }

  @Test(arguments: [
    ("import Imaging", "Imaging"), ("public import Imaging", "Imaging"),
    ("  @preconcurrency import Glibc", "Glibc"), ("import struct Foundation.Data", "Foundation"),
    ("package import var Glibc.errno", "Glibc"), ("let important = 1", nil), ("importer()", nil),
  ])
  func `an import line is read in each of its forms`(line: String, module: String?) {
    #expect(Self.module(importedBy: line[...]) == module)
  }

  static func module(importedBy line: Substring) -> String? {
    let form =
      /^\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:(?:public|package|internal|fileprivate|private)\s+)?import\s+(?:(?:struct|class|enum|protocol|typealias|func|let|var)\s+)?(\w+)/
    return line.firstMatch(of: form).map { String($0.1) }
  }

  private func importLines(_ path: String) throws -> [(Int, Substring)] {
    let source = SwiftSource(try PackageTree.shared.text(path))
    return source.codeLines.enumerated().map { ($0.offset + 1, $0.element) }
      .filter { $0.1.contains("import") }
  }

  private func expect(_ path: String, importsOnly allowed: Set<String>) throws {
    for (line, text) in try importLines(path) {
      guard let module = Self.module(importedBy: text) else { continue }
      if !allowed.union(Self.system).contains(module) {
        Issue.record("\(path):\(line): \(module) may not be imported here")
      }
    }
  }
}
