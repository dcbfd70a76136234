import Foundation
import PythonKit

/// The files of a new plugin: a stage that works, and is visibly the place to write one's own code.
struct PluginTemplate {
  /// The languages that there is a kit for.
  enum Language: String, CaseIterable {
    case swift, python
  }

  let name: String
  let language: Language
  /// The checkout of this project, which a Swift plugin depends on.
  let checkout: String?

  /// The id of its stage.
  var stageID: String { "\(word).brightness" }

  /// A name as part of a stage's id.
  private var word: String { name.replacing("-", with: "_") }
  /// A name as a type.
  private var type: String {
    name.split(separator: "-").map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
  }

  /// Every file by its path below the plugin's folder.
  var files: [(path: String, text: String)] {
    switch language {
    case .python:
      [
        ("plugin.yaml", manifest(command: "[python3, stage.py]")), ("stage.py", pythonStage),
        ("test_stage.py", pythonTest), ("README.md", readme(test: "python3 -m unittest")),
      ] + PythonKit.files.map { ("lib/anagen_stage/\($0.name)", $0.text) }
    case .swift:
      [
        ("Package.swift", package), ("Sources/\(type)/\(type)Stage.swift", swiftStage),
        ("Sources/\(type)/Main.swift", swiftMain),
        ("Tests/\(type)Tests/\(type)StageTests.swift", swiftTest),
        ("README.md", readme(test: "swift test")), (".gitignore", ".build/\nPackage.resolved\n"),
        ("plugin.yaml", manifest(command: "[./.build/release/\(name)]")),
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
    command: \(command.replacing("[", with: "[\"").replacing(", ", with: "\", \"").replacing("]", with: "\"]"))
    stages:
      \(word).brightness:
        kind: transform
        summary: "Measures how bright a picture is; the place to write your own."
        takes: anagen.calibrated-image/1.0
        makes: \(word).brightness/1.0
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

  private var pythonStage: String {
    """
    #!/usr/bin/env python3
    \"""A stage of Anagen. What it takes, makes and can be set to stands in plugin.yaml.\"""

    import os
    import sys

    sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

    from anagen_stage import Delivery, Record, Stage, StageError, serve


    class Brightness(Stage):
        id = "\(word).brightness"

        def process(self, record: Record, delivery: Delivery) -> dict:
            # Your own code goes here. `record.frames` has the samples (`.array()` gives numpy's view),
            # `record.value` the rest; return what is to be filed.
            name = "light" if "light" in record.frames else "green"
            if name not in record.frames:
                raise StageError("record", "no_light", "the record has no samples", "give it a picture")
            samples = record.frames[name].samples
            counted = [value for value in samples if value >= self.settings["black_below"]]
            if not counted:
                raise StageError("record", "all_black", "no pixel is bright enough", "lower 'black_below'")
            return {"brightness": round(sum(counted) / len(counted), 6), "pixels": len(counted)}


    if __name__ == "__main__":
        serve(Brightness)

    """
  }

  private var pythonTest: String {
    """
    \"""Tests of the stage without a host: python3 -m unittest\"""

    import unittest

    import stage
    from anagen_stage import Frame, StageError


    class FakeRecord:
        def __init__(self, values):
            import array

            samples = memoryview(array.array("f", values)).cast("B")
            self.frames = {"light": Frame("light", "f32", [1, len(values)], samples)}


    class BrightnessTests(unittest.TestCase):
        def test_the_mean_of_what_is_bright_enough(self):
            brightness = stage.Brightness({"black_below": 0.25})
            self.assertEqual(brightness.process(FakeRecord([0.0, 0.5, 1.0]), None),
                             {"brightness": 0.75, "pixels": 2})

        def test_a_black_picture_is_refused(self):
            with self.assertRaises(StageError):
                stage.Brightness({"black_below": 0.5}).process(FakeRecord([0.0]), None)


    if __name__ == "__main__":
        unittest.main()

    """
  }

  private var package: String {
    """
    // swift-tools-version: 6.2
    import PackageDescription

    let package = Package(
      name: "\(name)",
      dependencies: [.package(name: "anagen", path: "\(checkout ?? "../anagen")")],
      targets: [
        .target(
          name: "\(type)", dependencies: [.product(name: "StageKit", package: "anagen")]),
        .executableTarget(
          name: "\(name)",
          dependencies: ["\(type)", .product(name: "StageKit", package: "anagen")]),
        .testTarget(
          name: "\(type)Tests",
          dependencies: ["\(type)", .product(name: "StageKit", package: "anagen")]),
      ])

    """
  }

  private var swiftStage: String {
    """
    public import ClinicalRecords
    public import StageKit

    /// What the stage can be set to; the defaults are those of `init()`.
    public struct BrightnessSettings: StageSettings {
      /// Pixels darker than this do not count.
      public var blackBelow = 0.0
      /// Makes the defaults.
      public init() {}
      /// The settings.
      public static var declarations: [SettingDeclaration] {
        [
          SettingDeclaration(
            "black_below", .number(0...1, unit: nil), "Pixels darker than this do not count.")
        ]
      }
    }

    /// The place to write your own: takes a picture, makes a record of figures.
    public struct Brightness: Transform {
      /// What it declares of itself; `plugin.yaml` is made from it.
      public static let manifest = StageManifest(
        id: "\(word).brightness",
        summary: "Measures how bright a picture is; the place to write your own.",
        resultVersion: "1", workingSetBytes: 64 << 20)
      /// What it makes.
      public static let made = SchemaID("\(word).brightness", 1, 0)

      private let settings: BrightnessSettings

      /// Opens the stage.
      public init(settings: BrightnessSettings, context: StageContext) async throws {
        self.settings = settings
      }

      /// Makes the figures of one picture.
      public func process(
        _ input: CalibratedImage, in delivery: DeliveryContext
      ) async throws -> ForeignRecord {
        let plane =
          switch input.light {
          case .grey(let plane): plane
          case .colour(_, let green, _): green
          }
        var sum = 0.0
        var count = 0
        plane.withUnsafeSamples { samples in
          for sample in samples where Double(sample) >= settings.blackBelow {
            sum += Double(sample)
            count += 1
          }
        }
        guard count > 0 else {
          throw StageError(
            .record, "all_black", subject: "no pixel is bright enough",
            hint: "lower 'black_below'")
        }
        return ForeignRecord(
          schema: Brightness.made, from: input,
          value: .object([
            .init("brightness", .number(sum / Double(count))), .init("pixels", .integer(Int64(count))),
          ]))
      }

      /// An upper bound on the memory that the output takes, in bytes.
      public func outputByteCount(for input: CalibratedImage) -> Int { 4096 }
    }

    """
  }

  private var swiftMain: String {
    """
    import \(type)
    import StageKit

    /// Serves the stages of this plugin; `--manifest` prints its plugin.yaml.
    @main
    enum Main {
      static func main() async {
        await StageServer.serve(
          PluginDescription(
            name: "\(name)", version: "0.1.0", command: ["./.build/release/\(name)"]),
          [StageEntry(Brightness.self, makes: Brightness.made)])
      }
    }

    """
  }

  private var swiftTest: String {
    """
    import \(type)
    import ClinicalRecords
    import StageKit
    import Testing

    @Test func `a setting out of range is refused by its declaration`() {
      let entry = StageEntry(Brightness.self, makes: Brightness.made)
      #expect(entry.settings.map(\\.key) == ["black_below"])
      #expect(entry.checkSettings(.object([]), nil) == nil)
    }

    """
  }

  private func readme(test: String) -> String {
    """
    # \(name)

    A plugin of Anagen with the stage `\(word).brightness`.

    | | |
    |---|---|
    | tests of its own code | `\(test)` |
    | tests from outside, as any host may treat it | `anagen plugin test .` |
    | what it takes, makes and can be set to | `anagen plugin inspect .` |

    A pipeline uses it so:
    ```yaml
    plugins: [path/to/\(name)]
    stages:
      brightness: {use: \(word).brightness, from: calibrate}
    ```
    Raise `result_version` whenever the same input would give another output: results are reused by it.

    """
  }
}
