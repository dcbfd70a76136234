import ClinicalRecords
import Crypto
import PipelineFiles

/// A study file that the command line names.
enum StudyArgument {
  /// Whether a file is a study and no pipeline: a line of its own begins with `anagen_study:`.
  static func isStudy(_ text: [UInt8]) -> Bool {
    text.split(separator: UInt8(ascii: "\n")).contains { $0.starts(with: "anagen_study:".utf8) }
  }

  /// Reads a study file, or says everything that is wrong with it.
  static func reading(of text: [UInt8], named path: String) -> StudyReader.Reading {
    StudyReader.read(
      text: text, fileName: path, digest: ContentDigest(bytes: SHA256.hash(data: text)))
  }

  /// The study, after its diagnostics were shown.
  ///
  /// - Throws: ``CommandFailure`` when the file cannot be read or has errors.
  static func read(_ path: String, on terminal: Terminal) throws -> Study {
    let reading = reading(of: try FileAccess.read(path, hint: "name a study file"), named: path)
    terminal.show(reading.diagnostics)
    guard let study = reading.study else {
      throw Diagnostics.failure(reading.diagnostics, in: path)
    }
    return study
  }
}
