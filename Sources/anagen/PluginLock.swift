import ArgumentParser
import ClinicalRecords
import Foundation
import PipelineFiles
import StageKit

/// What a pipeline's plugins were when somebody decided that they are right.
///
/// Name, version, program and every file of each, by SHA-256. It lies beside `NAME.yaml` as `NAME.lock`.
struct PluginLock: Codable, Equatable {
  /// The format's version.
  var anagenLock = 1
  /// The plugins in the order of the pipeline file.
  let plugins: [Pin]

  /// One plugin.
  struct Pin: Codable, Equatable {
    /// Its name and version as `plugin.yaml` has them.
    let name, version: String
    /// Its folder, relative to that of the lock.
    let folder: String
    /// The program that is started, when it lies outside of the folder, such as an interpreter.
    let program: Program?
    /// The SHA-256 of every file of the folder that is not hidden, by its path.
    let files: [String: String]
  }

  /// A program of the system.
  struct Program: Codable, Equatable {
    let path, sha256: String
  }

  /// The most files of a plugin: numpy has some 1,000, a package with an environment of its own some
  /// 10,000.
  private static let mostFiles = 50_000

  /// Reads what the plugins of a plan are now.
  ///
  /// - Parameter file: the pipeline's absolute path.
  /// - Throws: ``CommandFailure`` when a file of a plugin cannot be read.
  init(of plan: Plan, in file: String) throws {
    let base = URL(filePath: file).deletingLastPathComponent().path
    // Neither the lock nor what a run writes is part of a plugin that they lie in.
    let skipped = [PluginLock.path(for: file), plan.folder.path]
    plugins = try plan.plugins.map { plugin in
      let path = plugin.stages.first?.program?.command.first ?? ""
      let isOutside = !path.hasPrefix("\(plugin.folder)/")
      return Pin(
        name: plugin.name, version: plugin.version,
        folder: PluginLock.relative(plugin.folder, to: base),
        program: isOutside ? Program(path: path, sha256: try PluginLock.digest(of: path)) : nil,
        files: try PluginLock.files(of: plugin.folder, without: skipped))
    }
  }

  /// Where the lock of a pipeline lies.
  static func path(for file: String) -> String {
    URL(filePath: file).deletingPathExtension().path + ".lock"
  }

  /// Refuses a plan whose plugins are not what its lock says.
  ///
  /// - Parameter file: the pipeline's absolute path.
  static func check(_ plan: Plan, of file: String) throws {
    let place = path(for: file)
    let shown = URL(filePath: place).lastPathComponent
    let command = "anagen plugin lock \(file)"
    guard FileAccess.exists(place) else {
      throw CommandFailure(
        .configuration, "there is no \(shown) beside the pipeline",
        hint: "write one of the plugins as they are now: \(command)")
    }
    let locked: PluginLock
    do {
      locked = try RecordDecoder().decode(
        PluginLock.self, from: try FileAccess.read(place, hint: "write it anew: \(command)"))
    } catch is DecodingError {
      throw CommandFailure(
        .configuration, "\(shown) is no lock that can be read", hint: "write it anew: \(command)")
    }
    guard locked.anagenLock == 1 else {
      throw CommandFailure(
        .configuration, "\(shown) is of a later version of the program",
        hint: "use that version, or write it anew: \(command)")
    }
    let differences = try PluginLock(of: plan, in: file).differences(from: locked)
    guard differences.isEmpty else {
      throw CommandFailure(
        .configuration, "the plugins are not those of \(shown)",
        hint: "put them back, or look at what changed and take it: \(command)",
        details: differences)
    }
  }

  /// What is otherwise than in an earlier lock, a line each.
  func differences(from locked: PluginLock) -> [String] {
    var lines: [String] = []
    for pin in plugins where !locked.plugins.contains(where: { $0.folder == pin.folder }) {
      lines.append("plugin '\(pin.name)' in \(pin.folder) is not locked")
    }
    for old in locked.plugins {
      guard let pin = plugins.first(where: { $0.folder == old.folder }) else {
        lines.append(
          "plugin '\(old.name)' in \(old.folder) is locked, and the pipeline does not name it")
        continue
      }
      lines += pin.differences(from: old).map { "plugin '\(pin.name)': \($0)" }
    }
    return lines
  }
}

extension PluginLock.Pin {
  fileprivate func differences(from old: PluginLock.Pin) -> [String] {
    var lines: [String] = []
    if name != old.name { lines.append("it was locked as '\(old.name)'") }
    if version != old.version { lines.append("version \(version), locked is \(old.version)") }
    if program?.path != old.program?.path {
      lines.append(
        "it is started by \(program?.path ?? "a program of its own"), "
          + "locked is \(old.program?.path ?? "a program of its own")")
    } else if let program, program != old.program {
      lines.append("\(program.path) has other bytes than were locked")
    }
    for file in Set(files.keys).union(old.files.keys).sorted() where files[file] != old.files[file]
    {
      lines.append(
        old.files[file] == nil
          ? "'\(file)' was not there"
          : files[file] == nil ? "'\(file)' is gone" : "'\(file)' has other bytes than were locked")
    }
    return lines
  }
}

// MARK: - Files

extension PluginLock {
  private static func digest(of path: String) throws -> String {
    try PipelineArguments.files.digest(of: path).hexadecimal
  }

  /// Every file of a folder, but hidden ones and what Python leaves behind.
  private static func files(
    of folder: String, without skipped: [String]
  ) throws -> [String: String] {
    var files: [String: String] = [:]
    var folders = [""]
    while let inner = folders.popLast() {
      let names: [String]
      do {
        names = try FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(inner)")
      } catch {
        throw CommandFailure(
          .io, "the folder \(folder)/\(inner) cannot be read", hint: "look at its permissions")
      }
      for name in names where !name.hasPrefix(".") && name != "__pycache__" {
        let path = inner + name
        guard !skipped.contains("\(folder)/\(path)") else { continue }
        switch PipelineArguments.files.kind(of: "\(folder)/\(path)") {
        case .folder: folders.append("\(path)/")
        case .file: files[path] = try digest(of: "\(folder)/\(path)")
        case .other, nil:
          throw CommandFailure(
            .badData, "\(folder)/\(path) is no file, or a link that leads nowhere",
            hint: "remove it: what cannot be read cannot be locked")
        }
        // A link to a folder above would have no end.
        guard files.count + folders.count <= mostFiles else {
          throw CommandFailure(
            .badData, "\(folder) holds more than \(mostFiles) files",
            hint: "keep what the plugin does not need elsewhere")
        }
      }
    }
    return files
  }

  /// A folder as seen from another, both absolute.
  private static func relative(_ folder: String, to base: String) -> String {
    let parts = folder.split(separator: "/")
    let above = base.split(separator: "/")
    let shared = zip(parts, above).prefix { $0 == $1 }.count
    let path =
      Array(repeating: "..", count: above.count - shared) + parts[shared...].map(String.init)
    return path.isEmpty ? "." : path.joined(separator: "/")
  }
}

/// Whether a pipeline's plugins are held to its lock.
struct LockOption: ParsableArguments {
  @Flag(
    name: .customLong("locked"),
    help: "Refuses plugins that differ from the lock that 'anagen plugin lock' wrote.")
  var isSet = false
}

/// `anagen plugin lock`: writes down what a pipeline's plugins are.
struct PluginLockCommand: AnagenCommand {
  static let configuration = CommandConfiguration(
    commandName: "lock", abstract: "Write down what the plugins of a pipeline are, by SHA-256.",
    discussion: """
        anagen plugin lock trial.yaml          writes trial.lock beside it
        anagen run --locked trial.yaml --var data=OUT

      The lock holds name, version, program and every file of each plugin; hidden files and \
      __pycache__ do not count. Nothing is started.
      """)

  @OptionGroup var pipeline: PipelineArguments

  func run(in environment: CommandEnvironment) async throws -> ExitStatus {
    let plan = try pipeline.plan(in: environment, for: .drawing)
    let file = environment.absolute(pipeline.file)
    let lock = try PluginLock(of: plan, in: file)
    let place = PluginLock.path(for: file)
    let text = try CanonicalJSONEncoder().document(lock).indented() + "\n"
    try FileAccess.write(Array(text.utf8), to: place)
    let count = lock.plugins.reduce(0) { $0 + $1.files.count }
    try environment.terminal.result(
      """
      wrote \(URL(filePath: place).lastPathComponent): \(lock.plugins.count) plugin\
      \(lock.plugins.count == 1 ? "" : "s"), \(count) files
      """)
    return .done
  }
}
