import ClinicalRecords
import StageKit
import Yams

/// The calibrations of a station, from a YAML or JSON file: one for each time that a device was
/// calibrated.
struct CalibrationProfile: Sendable, Equatable {
  /// In the order of the file; ids are unique, and so are device and day together.
  let calibrations: [Calibration]

  /// What one calibration of one device with its optics found.
  struct Calibration: Sendable, Equatable {
    /// The record's name, carried to every figure.
    let id: String
    /// The serial number of the device that was calibrated; any device when `nil`.
    let deviceSerial: String?
    /// The optics' name.
    let optics: String?
    /// µm per pixel in the contact plane.
    let micrometresPerPixel: Double
    /// Standard uncertainty of the scale relative to it.
    let relativeUncertainty: Double
    /// The day it was measured, the first on which it may be used.
    let made: CalendarDate
    /// The last day on which it may be used.
    let expires: CalendarDate?
    /// A picture of an evenly lit matte target, relative to the profile.
    let flatField: FlatFieldFile?
    /// Radial distortion over the half diagonal: `r' = r (1 + k1 r² + k2 r⁴)`.
    let k1: Double
    let k2: Double

    /// The scale's uncertainty with what distortion adds.
    ///
    /// Distortion is not corrected, so that coordinates stay those of the picture; the local scale
    /// differs by at most `3 k1 r² + 5 k2 r⁴`, taken as a rectangular distribution (JCGM 100:2008,
    /// 4.3.7): its bound over √3.
    var combinedRelativeUncertainty: Double {
      let bound = max(abs(3 * k1 + 5 * k2), abs(3 * k1) / 2)
      return (relativeUncertainty * relativeUncertainty + bound * bound / 3).squareRoot()
    }
  }

  /// A flat field's file, named with its digest so that the profile's digest covers it.
  struct FlatFieldFile: Sendable, Hashable {
    let path: String
    let sha256: ContentDigest
  }
}

extension CalibrationProfile {
  /// The largest profile in bytes: ten devices calibrated weekly for five years are 2600
  /// calibrations of 300 bytes with every key.
  static let byteLimit = 1 << 20

  /// Reads a profile.
  ///
  /// - Parameters:
  ///   - bytes: the file's bytes.
  ///   - file: its name, for messages.
  /// - Throws: ``StageError`` of class `fatal` that lists every problem as `FILE:LINE:COLUMN`.
  init(_ bytes: [UInt8], file: String) throws {
    guard bytes.count <= CalibrationProfile.byteLimit else {
      throw CalibrationProfile.unreadable(
        "\(file):1:1: error: the profile is above 1 MiB", hint: "name the profile itself")
    }
    let root: Node?
    do {
      root = try Yams.compose(yaml: String(decoding: bytes, as: UTF8.self))
    } catch {
      throw CalibrationProfile.unreadable(
        "\(file): error: the profile is no YAML or JSON",
        hint: "compare it with the example in the plugin's README")
    }
    guard case .mapping(let mapping)? = root else {
      throw CalibrationProfile.unreadable(
        "\(file):1:1: error: the profile is no mapping",
        hint: "write 'anagen_calibration: 1' and the list 'calibrations'")
    }
    var keys = ProfileKeys(mapping, file: file)
    keys.version()
    let items = keys.list("calibrations")
    var problems = keys.finish()
    var calibrations: [Calibration] = []
    for item in items {
      guard case .mapping(let mapping) = item else {
        problems.append(
          ProfileKeys.line(
            "\(file):\(ProfileKeys.place(item.mark))", "a calibration is no mapping",
            hint: "write '- {id: NAME, um_per_px: 2.5, rel_u: 0.002, made: 2026-03-08}'"))
        continue
      }
      var keys = ProfileKeys(mapping, file: file)
      let calibration = Calibration(&keys)
      keys.distinguish(calibration, from: calibrations)
      calibrations.append(calibration)
      problems += keys.finish()
    }
    guard problems.isEmpty else {
      throw CalibrationProfile.unreadable(
        problems.joined(separator: "\n"), hint: "correct the profile and run again")
    }
    self.calibrations = calibrations
  }

  private static func unreadable(_ subject: String, hint: String) -> StageError {
    StageError(.fatal, "calibration_profile", subject: subject, hint: hint)
  }
}

extension CalibrationProfile.Calibration {
  fileprivate init(_ keys: inout ProfileKeys) {
    id = keys.text("id") ?? keys.missing("id", "")
    deviceSerial = keys.text("device_serial")
    optics = keys.text("optics")
    micrometresPerPixel = keys.number("um_per_px", 0.1...100) ?? keys.missing("um_per_px", 1)
    relativeUncertainty = keys.number("rel_u", 0...0.2) ?? keys.missing("rel_u", 0)
    let epoch = CalendarDate(year: 1970, month: 1, day: 1)
    guard let epoch else { preconditionFailure("1970 had a first day") }
    made = keys.date("made") ?? keys.missing("made", epoch)
    expires = keys.date("expires")
    flatField = keys.flatField()
    k1 = keys.number("k1", -0.2...0.2) ?? 0
    k2 = keys.number("k2", -0.2...0.2) ?? 0
    if let expires, expires < made {
      keys.problem("expires", "the calibration expires before it was made", hint: "correct a date")
    }
  }
}
