import Calibration
import Foundation
import HairAnalysis
import ImageCodecs

/// Writes the candidates of pictures as JSON lines, for `train.py`: `hair-candidates UM_PER_PX FILE…`.
@main
struct HairCandidates {
  /// One picture's line.
  private struct Line: Encodable {
    var image: String
    var candidates: [TrainingCandidate]
  }

  static func main() throws {
    let arguments = CommandLine.arguments.dropFirst()
    guard let scale = arguments.first.flatMap(Double.init), scale > 0, arguments.count > 1 else {
      FileHandle.standardError.write(Data("usage: hair-candidates UM_PER_PX FILE…\n".utf8))
      exit(64)
    }
    let analyser = HairAnalyser()
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    for path in arguments.dropFirst() {
      let url = URL(fileURLWithPath: path)
      let picture = try ImageDecoder().decode(
        [UInt8](try Data(contentsOf: url)), fileName: url.lastPathComponent)
      let line = Line(
        image: url.lastPathComponent,
        candidates: analyser.trainingCandidates(
          in: StandardTone.light(of: picture), micrometresPerPixel: scale))
      FileHandle.standardOutput.write(try encoder.encode(line) + Data("\n".utf8))
    }
  }
}
