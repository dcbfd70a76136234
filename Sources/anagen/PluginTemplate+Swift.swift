/// A new plugin in Swift: a package of its own.
extension PluginTemplate {
  var swiftPackage: String {
    """
    // swift-tools-version: 6.2
    import PackageDescription

    // Without traits this is the kit for stages alone: nothing else is fetched or built.
    let anagen = Package.Dependency.package(name: "anagen", path: "\(checkout)", traits: [])
    let kit = Target.Dependency.product(name: "StageKit", package: "anagen")
    let testing = Target.Dependency.product(name: "StageTesting", package: "anagen")

    let package = Package(
      name: "\(name)",
      dependencies: [anagen],
      targets: [
        .target(name: "\(library)", dependencies: [kit]),
        .executableTarget(name: "\(name)", dependencies: ["\(library)", kit]),
        .testTarget(name: "\(library)Tests", dependencies: ["\(library)", kit, testing]),
      ])

    """
  }

  var makefile: String {
    """
    # One configuration serves the program and its tests: release, without what @testable needs, since
    # either would have everything built twice.
    SWIFT ?= swift

    .PHONY: build test clean

    # Lays the program here, and the plugin.yaml that it prints.
    build:
    \t$(SWIFT) build -c release --product \(name)
    \tinstall -m 0755 "$$($(SWIFT) build -c release --show-bin-path)/\(name)" \(name)
    \t./\(name) --manifest > plugin.yaml.new && mv plugin.yaml.new plugin.yaml

    test: build
    \t$(SWIFT) test -c release --disable-testable-imports --disable-xctest

    clean:
    \trm -rf .build \(name)

    """
  }

  var swiftStage: String {
    """
    public import ClinicalRecords
    public import StageKit

    /// What the stage can be set to; the defaults are those of `init()`.
    public struct BrightnessSettings: StageSettings {
      /// Pixels darker than this do not count.
      public var blackBelow = 0.0
      /// Makes the defaults.
      public init() {}
      /// Each setting once: checks, help and `plugin.yaml` come from here.
      public static var declarations: [SettingDeclaration] {
        [
          SettingDeclaration(
            "black_below", .number(0...1, unit: nil), "Pixels darker than this do not count.")
        ]
      }
    }

    /// Takes a picture, makes a record of figures.
    public struct Brightness: Transform {
      /// What it declares of itself.
      public static let manifest = StageManifest(
        id: "\(stageID)",
        summary: "Measures how bright a picture is; the place to write your own.",
        resultVersion: "1", workingSetBytes: 64 << 20)
      /// The schema of what it makes.
      public static let made = SchemaID("\(stageID)", 1, 0)
      /// The stage for a plugin's list.
      public static var entry: StageEntry { StageEntry(Brightness.self, makes: made) }

      private let settings: BrightnessSettings

      /// Opens the stage.
      public init(settings: BrightnessSettings, context: StageContext) async throws {
        self.settings = settings
      }

      /// Makes the figures of one picture.
      public func process(
        _ picture: CalibratedImage, in delivery: DeliveryContext
      ) async throws -> ForeignRecord {
        // Your own code goes here. `picture.light` has the samples, `picture.scale` their size;
        // return what is to be filed.
        let plane =
          switch picture.light {
          case .grey(let plane): plane
          case .colour(_, let green, _): green
          }
        var (sum, count) = (0.0, 0)
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
          schema: Brightness.made, from: picture,
          value: .object([
            .init("brightness", .number(sum / Double(count))),
            .init("pixels", .integer(Int64(count))),
          ]))
      }

      /// An upper bound on the memory that the output takes, in bytes.
      public func outputByteCount(for picture: CalibratedImage) -> Int { 4096 }
    }

    """
  }

  var swiftMain: String {
    """
    import \(library)
    import StageKit

    /// Serves the stages of this plugin; `--manifest` prints its plugin.yaml.
    @main
    enum Main {
      static func main() async {
        await StageServer.serve(
          PluginDescription(name: "\(name)", version: "0.1.0"), [Brightness.entry])
      }
    }

    """
  }

  var swiftTest: String {
    let modules = [library, "ClinicalRecords", "Imaging", "StageKit", "StageTesting", "Testing"]
    let imports = modules.sorted().map { "import \($0)" }.joined(separator: "\n")
    return """
      \(imports)

      @Suite struct BrightnessTests {
        let host = TestHost()

        func brightness(blackBelow: Double = 0) async throws -> Brightness {
          var settings = BrightnessSettings()
          settings.blackBelow = blackBelow
          return try await Brightness(settings: settings, context: host.context())
        }

        func picture(_ samples: [Float]) -> CalibratedImage {
          .sample(light: .grey(Plane(width: samples.count, height: 1, samples: samples)))
        }

        @Test func `the mean of what is bright enough`() async throws {
          let made = try await brightness(blackBelow: 0.25)
            .process(picture([0, 0.5, 1]), in: host.delivery(host.context()))
          #expect(made.value["brightness"] == .number(0.75))
          #expect(made.value["pixels"] == .integer(2))
        }

        @Test func `a black picture is refused`() async throws {
          let stage = try await brightness(blackBelow: 0.5)
          await #expect(throws: StageError.self) {
            try await stage.process(picture([0]), in: host.delivery(host.context()))
          }
        }

        @Test func `it is what every stage must be`() async throws {
          let problems = try await StageConformance.problems(
            of: Brightness.self, samples: [(picture([0, 0.5, 1]), nil)], host: host,
            context: host.context())
          #expect(problems == [])
        }
      }

      """
  }
}
