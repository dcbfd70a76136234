import FoundationEssentials
import StageKit

/// The frames of a folder, in memory.
enum RecordedFrames {
  /// Reads every JPEG of a folder in the order of the names.
  ///
  /// - Throws: a fatal ``StageError`` when there is none, or more than `most` bytes of them.
  static func read(_ folder: String, most: Int) throws -> [[UInt8]] {
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: folder)
        .filter { $0.lowercased().hasSuffix(".jpg") }.sorted()
    } catch {
      throw StageError(
        .fatal, "frames", subject: "the folder of frames cannot be read",
        hint: "check the setting 'frames'")
    }
    guard !names.isEmpty else {
      throw StageError(
        .fatal, "frames", subject: "the folder of frames has no .jpg",
        hint: "check the setting 'frames'")
    }
    var pictures: [[UInt8]] = []
    var bytes = 0
    for name in names {
      let data: Data
      do {
        data = try Data(contentsOf: URL(filePath: "\(folder)/\(name)"))
      } catch {
        throw StageError(
          .fatal, "frames", subject: "frame \(pictures.count + 1) cannot be read",
          hint: "check the permissions of the files")
      }
      bytes += data.count
      guard bytes <= most else {
        throw StageError(
          .fatal, "frames", subject: "the frames have more than \(most >> 20) MiB",
          hint: "play fewer, or smaller ones")
      }
      pictures.append([UInt8](data))
    }
    return pictures
  }
}
