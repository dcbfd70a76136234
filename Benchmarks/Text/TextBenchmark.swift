import Foundation

/// How well drawn text is found, and how often clean pictures are held for none.
///
/// `text-benchmark recall | held`; see `Benchmarks/README.md`.
@main
enum TextBenchmark {
  static func main() throws {
    let arguments = Array(CommandLine.arguments.dropFirst())
    switch arguments.first {
    case "recall" where arguments.count <= 2:
      try RecallTable(scalps: arguments.count == 2 ? max(1, Int(arguments[1]) ?? 1) : 1).show()
    case "held" where arguments.count > 1:
      try HeldTable(places: Array(arguments.dropFirst())).print()
    case "phantoms" where arguments.count == 1: try HeldTable.printPhantoms()
    default:
      let text = """
        usage: text-benchmark recall [SCALPS]     drawn text over rendered scalps
               text-benchmark phantoms            clean rendered scalps of each family
               text-benchmark held FILE|FOLDER…   pictures: which are held, and how long it takes

        """
      FileHandle.standardError.write(Data(text.utf8))
      exit(64)
    }
  }
}
