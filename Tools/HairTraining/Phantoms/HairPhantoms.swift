import Foundation
import ImageCodecs
import Phantom

/// Renders the pictures that `train.py` fits on beside photographs, each with its truth.
///
/// `hair-phantoms FOLDER`: of each kind of ``PhantomKind`` five scalps, NAME_1 to NAME_3 to fit on and
/// NAME_101 and NAME_102 to report. The same every time, to the last bit.
@main
struct HairPhantoms {
  static func main() throws {
    guard CommandLine.arguments.count == 2 else {
      FileHandle.standardError.write(Data("usage: hair-phantoms FOLDER\n".utf8))
      exit(64)
    }
    let folder = URL(filePath: CommandLine.arguments[1], directoryHint: .isDirectory)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    for kind in PhantomKind.all {
      for seed in [1, 2, 3, 101, 102] as [UInt64] {
        let picture = try kind.photographed(seed: seed)
        let name = "\(kind.name)_\(seed)"
        try Data(try JPEGEncoder(quality: 92).encode(picture.image))
          .write(to: folder.appending(path: "\(name).jpg"))
        try encoder.encode(picture.truth).write(to: folder.appending(path: "\(name).json"))
      }
    }
  }
}
