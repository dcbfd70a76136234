import Foundation

/// A copy of a plugin of the tests, with the Python kit laid into it.
final class PluginFolder {
  let path: String

  init(_ name: String) throws {
    path = FileManager.default.temporaryDirectory
      .appending(path: "anagen-plugin-\(UUID().uuidString)").path()
    let manager = FileManager.default
    try manager.createDirectory(atPath: path, withIntermediateDirectories: true)
    let source =
      ["hostile", "tally"].contains(name)
      ? "\(AnagenProcess.root)Tests/EndToEndTests/Plugins/\(name)"
      : "\(AnagenProcess.root)Examples/\(name)"
    for file in try manager.contentsOfDirectory(atPath: source) where file != "lib" {
      try manager.copyItem(atPath: "\(source)/\(file)", toPath: "\(path)/\(file)")
    }
    try manager.createDirectory(atPath: "\(path)/lib", withIntermediateDirectories: true)
    try manager.copyItem(
      atPath: "\(AnagenProcess.root)Sources/PythonKit/anagen_stage",
      toPath: "\(path)/lib/anagen_stage")
  }

  deinit {
    do { try FileManager.default.removeItem(atPath: path) } catch {
      print("the folder \(path) could not be removed: \(error)")
    }
  }

  /// A pipeline in which the plugin's stage takes photographs, beside the data folder of `material`.
  func pipeline(_ stage: String, for material: Material) throws -> [String] {
    let file = "\(path)/pipeline.yaml"
    try """
    anagen: 1
    name: outside
    vars: {data: {type: path}, images: {type: path}}
    plugins: ['\(path)']
    stages:
      images: {use: image.files, with: {folder: "${var:images}"}}
      outside:
        from: images
    \(stage)
      list: {use: report.records, from: outside}

    """.write(toFile: file, atomically: true, encoding: .utf8)
    return [
      "run", file, "--var", "images=\(material.images)", "--var", "data=\(material.data)",
      "--format", "json",
    ]
  }
}

extension Material {
  /// What `report.records` wrote.
  func records() throws -> [[String: Any]] {
    try String(contentsOfFile: "\(data)/private/records.jsonl", encoding: .utf8)
      .split(separator: "\n").map {
        try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any] ?? [:]
      }
  }
}
