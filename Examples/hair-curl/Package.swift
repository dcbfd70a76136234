// swift-tools-version: 6.2
import PackageDescription

// Without traits this is the kit for stages alone: nothing else is fetched or built.
let anagen = Package.Dependency.package(name: "anagen", path: "../..", traits: [])
let kit = Target.Dependency.product(name: "StageKit", package: "anagen")
let testing = Target.Dependency.product(name: "StageTesting", package: "anagen")

let package = Package(
  name: "hair-curl",
  dependencies: [anagen],
  targets: [
    .target(name: "HairCurlStages", dependencies: [kit]),
    .executableTarget(name: "hair-curl", dependencies: ["HairCurlStages", kit]),
    .testTarget(name: "HairCurlStagesTests", dependencies: ["HairCurlStages", kit, testing]),
  ])
