import ClinicalRecords
import ImageCodecs
import Imaging
import StageKit
import Synchronization

/// The flat field of a profile, fitted to the size of the pictures.
///
/// Any number of tasks may correct at once; the fit of the last size is kept.
final class StoredFlatField: Sendable {
  private let target: LinearLight
  private let fitted = Mutex<Fit?>(nil)

  /// One field for grey, or three for red, green and blue.
  private struct Fit: Sendable {
    let width: Int
    let height: Int
    let fields: [FlatField]
  }

  /// Wraps the light of the target.
  init(target: LinearLight) { self.target = target }

  /// Corrects a picture's light, in place where the caller gives its planes away.
  ///
  /// - Returns: the even light, and where it was too dark to measure.
  /// - Throws: ``StageError`` of class `record` when the picture is of another shape.
  func corrected(
    _ light: consuming LinearLight
  ) throws -> (light: LinearLight, unmeasurable: Plane<UInt8>?) {
    let fields = try fields(width: light.width, height: light.height)
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

  private func fields(width: Int, height: Int) throws -> [FlatField] {
    // The same shape within a pixel in two hundred: a crop or a turn would put the light elsewhere.
    let shape = Double(width * target.height) / Double(height * target.width)
    guard abs(shape - 1) <= 0.005 else {
      throw StageError(
        .record, "flat_field_mismatch",
        subject: "the picture has another shape than the flat field",
        hint: "photograph the target at the size and orientation of the study's pictures")
    }
    let known = fitted.withLock { $0 }
    if let known, known.width == width, known.height == height { return known.fields }
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
    fitted.withLock { $0 = Fit(width: width, height: height, fields: fields) }
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
