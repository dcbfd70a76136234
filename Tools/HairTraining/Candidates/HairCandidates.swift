import Foundation
import HairAnalysis
import ImageCodecs

/// Writes the candidates of pictures as JSON lines, for `train.py`.
///
/// `hair-candidates [--confidences FILE] UM_PER_PX FILE…`: with the confidences that the first table
/// gave each candidate, the likely ones are written with the features of the second.
@main
struct HairCandidates {
  /// One picture's line.
  private struct Line: Encodable {
    var image: String
    var candidates: [TrainingCandidate]
  }

  /// What the first table makes of one picture's candidates.
  private struct FirstConfidences: Decodable {
    var image: String
    var confidences: [Float]
  }

  static func main() throws {
    var arguments = CommandLine.arguments.dropFirst()
    var given: [String: [Float]]?
    if arguments.first == "--confidences", arguments.count > 1 {
      arguments.removeFirst()
      given = try confidences(in: arguments.removeFirst())
    }
    guard let scale = arguments.first.flatMap(Double.init), scale > 0, arguments.count > 1 else {
      FileHandle.standardError.write(
        Data("usage: hair-candidates [--confidences FILE] UM_PER_PX FILE…\n".utf8))
      exit(64)
    }
    let analyser = HairAnalyser()
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    for path in arguments.dropFirst() {
      let url = URL(fileURLWithPath: path)
      let picture = try ImageDecoder().decode(
        [UInt8](try Data(contentsOf: url)), fileName: url.lastPathComponent)
      let name = url.lastPathComponent
      if let given, given[name] == nil {
        FileHandle.standardError.write(Data("error: no confidences of \(name)\n".utf8))
        exit(65)
      }
      let line = Line(
        image: name,
        candidates: analyser.trainingCandidates(
          in: StandardTone.light(of: picture), micrometresPerPixel: scale,
          confidences: given?[name]))
      FileHandle.standardOutput.write(try encoder.encode(line) + Data("\n".utf8))
    }
  }

  private static func confidences(in path: String) throws -> [String: [Float]] {
    let lines = try Data(contentsOf: URL(fileURLWithPath: path)).split(separator: UInt8(10))
    let decoded = try lines.map { try JSONDecoder().decode(FirstConfidences.self, from: $0) }
    return Dictionary(decoded.map { ($0.image, $0.confidences) }) { first, _ in first }
  }
}
