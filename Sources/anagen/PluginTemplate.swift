import PythonKit

/// The files of a new plugin: a stage that works, and is visibly the place to write one's own code.
struct PluginTemplate {
  /// The languages that there is a kit for.
  enum Language: String, CaseIterable {
    case swift, python
  }

  let name: String
  let language: Language
  /// The checkout of this project that a Swift plugin builds against.
  let checkout: String

  /// The id of its stage.
  var stageID: String { "\(word).brightness" }

  /// A name as part of a stage's id.
  var word: String { name.replacing("-", with: "_") }
  /// The module of a Swift plugin's stages; no module of the kit ends so.
  var library: String {
    name.split(separator: "-").map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
      + "Stages"
  }

  /// The commands that take a new plugin to its first test from outside.
  var steps: String {
    switch language {
    case .python: "python3 -m unittest && anagen plugin test ."
    case .swift: "make test && anagen plugin test ."
    }
  }

  /// Every file by its path below the plugin's folder.
  var files: [(path: String, text: String)] {
    let common = [("README.md", readme)]
    switch language {
    case .python:
      return common + [
        ("plugin.yaml", manifest(command: #"["python3", "stage.py"]"#)), ("stage.py", pythonStage),
        ("test_stage.py", pythonTest),
      ] + PythonKit.files.map { ("lib/anagen_stage/\($0.name)", $0.text) }
    case .swift:
      return common + [
        ("plugin.yaml", manifest(command: #"["./\#(name)"]"#)), ("Package.swift", swiftPackage),
        ("Makefile", makefile), (".gitignore", ".build/\nPackage.resolved\n/\(name)\n"),
        ("Sources/\(library)/Brightness.swift", swiftStage),
        ("Sources/\(name)/Main.swift", swiftMain),
        ("Tests/\(library)Tests/BrightnessTests.swift", swiftTest),
      ]
    }
  }

  /// As `--manifest` of the Swift program prints it, so that both are one text.
  private func manifest(command: String) -> String {
    """
    anagen_plugin: 1
    name: "\(name)"
    version: "0.1.0"
    protocols: [1]
    command: \(command)
    stages:
      \(stageID):
        kind: transform
        summary: "Measures how bright a picture is; the place to write your own."
        takes: anagen.calibrated-image/1.0
        makes: \(stageID)/1.0
        result_version: "1"
        working_set: 67108864B
        settings:
          black_below:
            type: number
            minimum: 0
            maximum: 1
            default: 0
            help: "Pixels darker than this do not count."

    """
  }

  private var readme: String {
    let build =
      language == .swift
      ? "| build; lays the program and its `plugin.yaml` here | `make` |\n" : ""
    return """
      # \(name)

      A plugin of Anagen with the stage `\(stageID)`. Your own code goes into \
      `\(language == .swift ? "Sources/\(library)/Brightness.swift" : "stage.py")`.

      | | |
      |---|---|
      \(build)| test its own code | `\(language == .swift ? "make test" : "python3 -m unittest")` |
      | test it from outside, as any host may treat it | `anagen plugin test .` |
      | show what it takes, makes and can be set to | `anagen plugin inspect .` |

      A pipeline uses it so:
      ```yaml
      plugins: [path/to/\(name)]
      stages:
        brightness: {use: \(stageID), from: calibrate}
        list: {use: report.records, from: brightness}
      ```
      Raise `\(language == .swift ? "resultVersion" : "result_version")` whenever the same input would \
      give another output: results are reused by it.

      """
  }
}
