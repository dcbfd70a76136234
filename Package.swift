// swift-tools-version: 6.2
import PackageDescription

/// One strict settings array for every target of our own.
let strict: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]

/// What everything but the kit for stages is built with; on unless a package says `traits: []`.
///
/// SwiftPM leaves out packages that only targets of a trait that is off name. So an author's package
/// with `.package(path: "anagen", traits: [])` resolves and builds nothing but `StageKit`.
let programTrait = "Program"

/// A product of a package that the kit for stages does without.
func external(_ product: String, _ package: String) -> Target.Dependency {
  .product(name: product, package: package, condition: .when(traits: [programTrait]))
}
let argumentParser = external("ArgumentParser", "swift-argument-parser")
let crypto = external("Crypto", "swift-crypto")
let deque = external("DequeModule", "swift-collections")
let grdb = external("GRDB", "GRDB.swift")
let grdbSQLite = external("GRDBSQLite", "GRDB.swift")
let logging = external("Logging", "swift-log")
let yams = external("Yams", "Yams")

/// A module under `Sources/`.
func module(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .target(
    name: name, dependencies: dependencies, path: "Sources/\(name)", swiftSettings: strict)
}

/// An in-tree plugin: `Plugins/NAME/Sources` and `Plugins/NAME/Tests`.
///
/// `Plugins/` is also SwiftPM's default folder for build plugins, hence the explicit paths.
func plugin(
  _ name: String, _ dependencies: [Target.Dependency] = [], testing: [Target.Dependency] = []
) -> [Target] {
  [
    .target(
      name: name, dependencies: ["StageKit", "ClinicalRecords", "Imaging"] + dependencies,
      path: "Plugins/\(name)/Sources", swiftSettings: strict),
    .testTarget(
      name: "\(name)Tests",
      dependencies: [.target(name: name), "StageKit", "ClinicalRecords", "Imaging", "StageTesting"]
        + dependencies + testing,
      path: "Plugins/\(name)/Tests", swiftSettings: strict),
  ]
}

func tests(
  _ name: String, _ dependencies: [Target.Dependency], data: [String] = []
) -> Target {
  .testTarget(
    name: "\(name)Tests", dependencies: dependencies, path: "Tests/\(name)Tests",
    exclude: data, swiftSettings: strict)
}

let plugins = [
  "Dermatoscope", "ImageFiles", "Phantom", "Calibration", "HairAnalysis", "Deidentification",
  "Registry",
  "Reports",
]

let package = Package(
  name: "anagen",
  products: [
    .executable(name: "anagen", targets: ["anagen"]),
    .library(name: "StageKit", targets: ["StageKit", "ClinicalRecords", "Imaging"]),
    .library(name: "StageTesting", targets: ["StageTesting"]),
  ],
  traits: [
    .trait(
      name: programTrait, description: "Everything but the kit for stages: the command, its runner."
    ),
    .default(enabledTraits: [programTrait]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  ],
  targets: [
    .systemLibrary(
      name: "CLibJPEG", path: "Sources/CLibJPEG", pkgConfig: "libjpeg",
      providers: [.apt(["libjpeg-dev"])]),
    .systemLibrary(
      name: "CLibPNG", path: "Sources/CLibPNG", pkgConfig: "libpng",
      providers: [.apt(["libpng-dev"])]),
    .systemLibrary(
      name: "CLibTIFF", path: "Sources/CLibTIFF", pkgConfig: "libtiff-4",
      providers: [.apt(["libtiff-dev"])]),
    .systemLibrary(
      name: "CLibLCMS2", path: "Sources/CLibLCMS2", pkgConfig: "lcms2",
      providers: [.apt(["liblcms2-dev"])]),
    .systemLibrary(
      name: "CLibUDev", path: "Sources/CLibUDev", pkgConfig: "libudev",
      providers: [.apt(["libudev-dev"])]),
    .systemLibrary(
      name: "CVideo4Linux", path: "Sources/CVideo4Linux",
      providers: [.apt(["linux-libc-dev"])]),
    .target(
      name: "CImageCodecs", dependencies: ["CLibJPEG", "CLibPNG", "CLibTIFF"],
      path: "Sources/CImageCodecs"),
    module("Imaging", []),
    module("ImageCodecs", ["Imaging", "CImageCodecs", "CLibLCMS2"]),
    module("ClinicalRecords", ["Imaging"]),
    .target(name: "CStageWire", path: "Sources/CStageWire"),
    module("StageWire", ["CStageWire", "ClinicalRecords"]),
    module("StageKit", ["StageWire", "ClinicalRecords", "Imaging"]),
    .target(name: "CStageHost", path: "Sources/CStageHost"),
    module(
      "StageHost",
      ["CStageHost", "CStageWire", "StageWire", "StageKit", "ClinicalRecords", "Imaging"]),
    module("StageTesting", ["StageKit", "ClinicalRecords", "Imaging"]),
    module("BoundedQueues", [deque]),
    module("LocalSockets", []),
    module("VideoDevices", ["Imaging", "CVideo4Linux", "CLibUDev"]),
    module("PipelineFiles", ["StageKit", "ClinicalRecords", yams]),
    module("Ledger", ["StageKit", "ClinicalRecords", grdb, grdbSQLite, crypto]),
    .target(name: "CCrashMark", path: "Sources/CCrashMark"),
    module(
      "PipelineRunner",
      [
        "PipelineFiles", "Ledger", "BoundedQueues", "LocalSockets", "StageHost", "StageKit",
        "ClinicalRecords", "CCrashMark", logging, crypto,
      ]),
    .target(
      name: "PythonKit", path: "Sources/PythonKit",
      exclude: ["pyproject.toml", "README.md", "anagen_stage/py.typed"],
      sources: ["PythonKit.swift"],
      resources: ["__init__", "_records", "_serve", "_wire"].map {
        .embedInCode("anagen_stage/\($0).py")
      }, swiftSettings: strict),
    module("BuiltInStages", ["StageKit"] + plugins.map { .target(name: $0) }),
    .executableTarget(
      name: "anagen",
      dependencies: [
        "PipelineRunner", "PipelineFiles", "Ledger", "LocalSockets", "BuiltInStages", "StageHost",
        "PythonKit", "StageTesting", "StageKit", "ClinicalRecords", "Imaging", "ImageCodecs",
        "HairAnalysis", "Calibration", "Reports", "Deidentification",
        "Dermatoscope", "VideoDevices", argumentParser, crypto, logging,
      ], path: "Sources/anagen", swiftSettings: strict),
    .executableTarget(
      name: "hair-candidates",
      dependencies: ["HairAnalysis", "ClinicalRecords", "Imaging", "ImageCodecs"],
      path: "Tools/HairTraining/Candidates", swiftSettings: strict),
    .executableTarget(
      name: "hair-phantoms",
      dependencies: ["Phantom", "StageKit", "Imaging", "ImageCodecs"],
      path: "Tools/HairTraining/Phantoms", swiftSettings: strict),
    .executableTarget(
      name: "runner-benchmark",
      dependencies: [
        "PipelineRunner", "PipelineFiles", "Ledger", "StageHost", "StageTesting", "StageWire",
        "StageKit", "ClinicalRecords", "Imaging", crypto, grdb, logging,
      ], path: "Benchmarks/Runner", swiftSettings: strict),
    .executableTarget(
      name: "hair-benchmark",
      dependencies: [
        "HairAnalysis", "Phantom", "ClinicalRecords", "Imaging", "ImageCodecs",
      ],
      path: "Benchmarks/Hair", swiftSettings: strict),
    .executableTarget(
      name: "text-benchmark",
      dependencies: ["Deidentification", "Phantom", "StageKit", "Imaging", "ImageCodecs"],
      path: "Benchmarks/Text", swiftSettings: strict),

    tests("Imaging", ["Imaging"]),
    tests("ImageCodecs", ["ImageCodecs", "Imaging"]),
    tests("ClinicalRecords", ["ClinicalRecords", "Imaging"]),
    // An example's source in-tree, as docs/stages.md says.
    .target(
      name: "HairCurlStages", dependencies: ["StageKit", "ClinicalRecords"],
      path: "Examples/hair-curl/Sources/HairCurlStages", swiftSettings: strict),
    tests("StageKit", ["StageKit", "ClinicalRecords", "StageTesting", "HairCurlStages"]),
    tests("StageWire", ["StageWire", "ClinicalRecords"]),
    tests("StageHost", ["StageHost", "ClinicalRecords"]),
    tests("BoundedQueues", ["BoundedQueues"]),
    tests("LocalSockets", ["LocalSockets"]),
    tests("VideoDevices", ["VideoDevices"]),
    tests(
      "PipelineFiles",
      ["PipelineFiles", "StageKit", "ClinicalRecords", "StageTesting", "BuiltInStages"]),
    tests("Ledger", ["Ledger", "StageKit", "ClinicalRecords", "StageTesting", grdb, crypto]),
    tests(
      "PipelineRunner",
      [
        "PipelineRunner", "PipelineFiles", "Ledger", "LocalSockets", "StageKit", "ClinicalRecords",
        "Imaging", "StageTesting", logging, crypto, grdb,
      ]),
    tests("Command", ["Imaging", "ImageCodecs"], data: ["Transcripts"]),
    tests(
      "EndToEnd", ["Imaging", "ImageCodecs", "Phantom", grdb, crypto],
      data: ["Faults/FaultShim.c", "Plugins"]),
    // Stages in Swift as an outside plugin has them, for the tests of processes.
    .executableTarget(
      name: "test-stages", dependencies: ["StageKit", "ClinicalRecords", "Imaging"],
      path: "Tests/Stages", swiftSettings: strict),
    tests("House", []),
    // What needs a camera: `make test-hardware` runs it on a kernel of its own.
    .testTarget(
      name: "HardwareTests",
      dependencies: [
        "VideoDevices", "Dermatoscope", "StageKit", "StageTesting", "ClinicalRecords", "Imaging",
        "ImageCodecs",
      ], path: "Tests/Hardware/Tests", exclude: ["bandwidth.c"],
      swiftSettings: strict),
    .executableTarget(
      name: "dermatoscope-simulator", path: "Tests/Hardware/Simulator", swiftSettings: strict),
  ]
    + plugin("Dermatoscope", ["ImageCodecs", "VideoDevices"])
    + plugin("ImageFiles", ["ImageCodecs"])
    + plugin("Phantom", ["ImageCodecs"])
    + plugin("Calibration", ["ImageCodecs", yams])
    + plugin("HairAnalysis", ["ImageCodecs"], testing: ["Phantom"])
    + plugin("Deidentification", ["ImageCodecs", crypto], testing: ["Phantom"])
    + plugin("Registry", [grdb, crypto])
    + plugin("Reports", ["ImageCodecs"]),
  swiftLanguageModes: [.v6]
)

// A build under a sanitizer (`Tests/Sanitizers/run.sh`) has the modules with threads and locks in
// them and what those need, and nothing else, since it builds its dependencies anew.
if Context.environment["ANAGEN_SANITIZED"] != nil {
  let sanitized: Set<String> = [
    "Imaging", "ClinicalRecords", "CStageWire", "StageWire", "StageKit", "CStageHost", "StageHost",
    "StageTesting", "BoundedQueues", "PipelineFiles",
    "Ledger", "LocalSockets", "CCrashMark", "PipelineRunner", "BoundedQueuesTests", "LedgerTests",
    "PipelineRunnerTests",
  ]
  package.products = []
  package.targets.removeAll { !sanitized.contains($0.name) }
}

// A build for the fuzzer (`Fuzzing/run`) has what reads bytes from outside, and nothing else.
if Context.environment["ANAGEN_FUZZED"] != nil {
  let fuzzed: Set<String> = [
    "Imaging", "ClinicalRecords", "CStageWire", "StageWire", "StageKit", "PipelineFiles",
  ]
  package.products = []
  package.targets.removeAll { !fuzzed.contains($0.name) }
  package.targets += [
    .systemLibrary(name: "CLibFuzzer", path: "Fuzzing/CLibFuzzer"),
    .executableTarget(
      name: "fuzz-stage-protocol",
      dependencies: [
        "CLibFuzzer", "StageWire", "StageKit", "PipelineFiles", "ClinicalRecords", "Imaging",
      ],
      path: "Fuzzing/StageProtocol", exclude: ["Corpus"], swiftSettings: strict),
  ]
}
