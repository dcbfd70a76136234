import ClinicalRecords
import ImageCodecs
import Imaging
import StageKit
import Synchronization

/// The flat fields of a profile, fitted to the size of the pictures.
///
/// Any number of tasks may correct at once. A file is decoded when a picture first asks for it, and
/// only its fit is kept: a sixty-fourth of a picture, of the last few asked for.
final class StoredFlatFields: Sendable {
  private let read: @Sendable (CalibrationProfile.FlatFieldFile) throws -> LinearLight
  private let fits = Mutex<[Fit]>([])

  /// Fits that are kept: a season of weekly calibrations, 16 x 1.1 MB for 24 megapixels in colour.
  private static let mostFits = 16

  /// One field for grey, or three for red, green and blue.
  private struct Fit: Sendable {
    let file: CalibrationProfile.FlatFieldFile
    let width: Int
    let height: Int
    let fields: [FlatField]
  }

  /// Keeps how a file becomes the light of its target.
  init(read: @escaping @Sendable (CalibrationProfile.FlatFieldFile) throws -> LinearLight) {
    self.read = read
  }

  /// Corrects a picture's light, in place where the caller gives its planes away.
  ///
  /// - Returns: the even light, and where it was too dark to measure.
  /// - Throws: ``StageError`` of class `record` when the picture is of another shape, `fatal` when
  ///   the file is no longer what the profile states.
  func corrected(
    _ light: consuming LinearLight, by file: CalibrationProfile.FlatFieldFile
  ) throws -> (light: LinearLight, unmeasurable: Plane<UInt8>?) {
    let fields = try fields(file, width: light.width, height: light.height)
    let mask = union(fields.compactMap { $0.unmeasurable() })
    switch consume light {
    case .grey(var plane):
      guard fields.count == 1 else {
        throw StageError(
          .record, "flat_field_mismatch", subject: "the picture is grey and the flat field colour",
          hint: "photograph the target with the camera's settings of the study")
      }
      fields[0].correct(&plane)
      return (.grey(plane), mask)
    case .colour(var red, var green, var blue):
      // One field for all channels, or one for each.
      fields[0].correct(&red)
      fields[fields.count / 2].correct(&green)
      fields[fields.count - 1].correct(&blue)
      return (.colour(red: red, green: green, blue: blue), mask)
    }
  }

  private func fields(
    _ file: CalibrationProfile.FlatFieldFile, width: Int, height: Int
  ) throws -> [FlatField] {
    let known = fits.withLock { fits in
      fits.first { $0.file == file && $0.width == width && $0.height == height }
    }
    if let known { return known.fields }
    let target = try read(file)
    // The same shape within a pixel in two hundred: a crop or a turn would put the light elsewhere.
    let shape = Double(width * target.height) / Double(height * target.width)
    guard abs(shape - 1) <= 0.005 else {
      throw StageError(
        .record, "flat_field_mismatch",
        subject: "the picture has another shape than the flat field",
        hint: "photograph the target at the size and orientation of the study's pictures")
    }
    let planes =
      switch target {
      case .grey(let plane): [plane]
      case .colour(let red, let green, let blue): [red, green, blue]
      }
    let fields = planes.compactMap { FlatField(target: $0, width: width, height: height) }
    guard fields.count == planes.count else {
      throw StageError(
        .fatal, "flat_field_black", subject: "the flat field has a channel without light",
        hint: "photograph an evenly lit white or grey target")
    }
    fits.withLock { fits in
      if fits.count == StoredFlatFields.mostFits { fits.removeFirst() }
      fits.append(Fit(file: file, width: width, height: height, fields: fields))
    }
    return fields
  }

  private func union(_ masks: [Plane<UInt8>]) -> Plane<UInt8>? {
    guard var result = masks.first else { return nil }
    for mask in masks.dropFirst() {
      result.withUnsafeMutableSamples { target in
        mask.withUnsafeSamples { source in
          for index in 0..<target.count { target[index] |= source[index] }
        }
      }
    }
    return result
  }
}
