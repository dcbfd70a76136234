public import ClinicalRecords
public import StageKit

/// Releases a measurement: the figures and hairs, under a reference that tells nothing.
///
/// Apart from the pictures, so that a picture that cannot be released does not hold back its row.
public struct DeidentifyMeasurements: Transform {
  /// What it declares of itself.
  public static let manifest = StageManifest(
    id: "deidentify.measurements",
    summary: "Releases measurements without file names, digests and dates.",
    resultVersion: "4", declassifiesTo: .deidentified, workingSetBytes: 1 << 20,
    keepsFiles: true)

  private let recoding: Recoding

  /// Reads the key, and opens the linking folder of a public release.
  ///
  /// - Throws: ``StageError`` of class `fatal` for a missing or short key and for a linking folder
  ///   that cannot be used.
  public init(settings: ReleaseSettings, context: StageContext) async throws {
    recoding = try Recoding(settings: settings, context: context)
  }

  /// The released row.
  ///
  /// - Throws: ``StageError`` of class `record`, `no_acquisition`; of class `transient` when a code's
  ///   meaning cannot be kept.
  public func process(
    _ input: HairMeasurement, in delivery: DeliveryContext
  ) async throws -> Released {
    guard let acquisition = input.acquisition else { throw ReleaseFailure.noAcquisition }
    var removals = recoding.removals(of: acquisition)
    if input.scale.calibration != nil {
      removals.append(
        Removal(carrier: "calibration record", action: "recoded", rule: "keyed-reference"))
    }
    return Released(
      acquisition: try await recoding.released(acquisition, in: delivery),
      body: .measurement(ReleasedMeasurement(recoding.withoutDevice(input))), removals: removals,
      label: recoding.profile.label)
  }

  /// The measurement's own size and the report of removals.
  public func outputByteCount(for input: HairMeasurement) -> Int { input.byteCount + 8192 }
}

/// Failures that both stages share.
enum ReleaseFailure {
  static let noAcquisition = StageError(
    .record, "no_acquisition", subject: "the measurement names no acquisition",
    hint: "release pictures that came with a manifest or a study, not bare files")
}
