import ClinicalRecords
import Foundation
import PipelineFiles
import StageHost
import StageKit

extension RunSession {
  /// Starts the first process of a stage that runs in processes of its own.
  static func makeProcess(
    _ stage: Plan.Stage, _ isolation: Plan.Isolation, _ context: StageContext, launcher: String?
  ) async throws -> ProcessStage {
    guard let launcher else {
      throw RunError(
        code: .stageFailed, stage: stage.name, reason: "no_launcher",
        subject: "the stage runs in a process of its own, and this host starts none",
        hint: "run the pipeline with 'anagen run'")
    }
    let linked = StageProgram(
      command: [launcher, "plugin", "serve", stage.entry.manifest.id],
      folder: URL(filePath: launcher).deletingLastPathComponent().path, manifestSHA256: nil)
    var readable = isolation.readable
    for case .string(let path) in stage.inputPaths { readable.append(path) }
    var options = ProcessStage.Options(
      program: stage.entry.program ?? linked, launcher: launcher,
      confinement: Confinement(
        memoryBytes: isolation.memoryBytes, readable: readable, network: isolation.network,
        processes: isolation.processes),
      slotBytes: isolation.recordBytes)
    options.timeLimit = stage.timeLimit
    options.processorLimit = isolation.processorLimit
    options.declassify = stage.declassify
    do {
      return try await ProcessStage(
        stage.entry, settings: stage.settings, context: context, options: options)
    } catch let error as StageError {
      throw RunError(error, stage: stage.name, fatal: .stageFailed)
    }
  }
}

extension Plan.Stage {
  /// The files and folders that its settings name for it to read.
  fileprivate var inputPaths: [JSONValue] {
    entry.settings.flatMap { declaration -> [JSONValue] in
      switch (declaration.kind, settings[declaration.key]) {
      case (.inputFile, let value?), (.inputFolder, let value?): [value]
      case (.list(.inputFile), .array(let values)?): values
      default: []
      }
    }
  }
}
