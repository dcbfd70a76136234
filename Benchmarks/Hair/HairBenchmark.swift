import Foundation

/// How well a measurement repeats, and what it makes of changes that are none of the hair.
///
/// `hair-benchmark retest | drift`; see `Benchmarks/README.md`.
@main
enum HairBenchmark {
  static func main() throws {
    let arguments = Array(CommandLine.arguments.dropFirst())
    let count = arguments.count > 1 ? Int(arguments[1]) : 16
    guard arguments.count <= 2, let count, count > 1 else { usage() }
    switch arguments.first {
    case "retest": try RetestTable(scalps: count).show()
    case "drift": try DriftTable(scalps: count).show()
    default: usage()
    }
  }

  private static func usage() -> Never {
    let text = """
      usage: hair-benchmark retest [SCALPS]   the probe lifted and put back, three times each
             hair-benchmark drift [SCALPS]    darker hair or other skin, the hairs the same

      """
    FileHandle.standardError.write(Data(text.utf8))
    exit(64)
  }
}
