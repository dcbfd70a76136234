import StageKit

extension PipelineReader {
  /// The stages there are, with those of the outside plugins that the file names, and these plugins.
  func catalogue(
    with fields: Fields, _ reader: ValueReader, _ references: References, fileFolder: String
  ) -> (stages: [String: StageEntry], plugins: [PluginReader.Plugin]) {
    var catalogue = catalogue
    var plugins: [PluginReader.Plugin] = []
    guard let node = fields["plugins"], let folders = reader.list(node, "'plugins'") else {
      return (catalogue, [])
    }
    for element in folders {
      guard let text = reader.text(references.resolve(element), "a folder of 'plugins'") else {
        continue
      }
      let folder = FilePaths.absolute(text, base: fileFolder)
      let plugin: PluginReader.Plugin?
      do {
        plugin = try PluginReader(surroundings: surroundings).read(folder, reader.findings)
      } catch {
        reader.report(
          .missingFile, at: element.place,
          "'\(ValueReader.cut(text))' holds no plugin.yaml that can be read",
          hint: "looked for it in \(folder)")
        continue
      }
      if let plugin { plugins.append(plugin) }
      for stage in plugin?.stages ?? [] {
        if catalogue[stage.manifest.id] != nil {
          reader.report(
            .duplicateKey, at: element.place,
            "two plugins have a stage '\(stage.manifest.id)'",
            hint: "name one of them, or give the stage another id")
        }
        catalogue[stage.manifest.id] = stage
      }
    }
    return (catalogue, plugins)
  }
}
