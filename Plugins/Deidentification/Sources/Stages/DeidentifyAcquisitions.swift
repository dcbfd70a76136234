public import ClinicalRecords
public import StageKit

/// Releases that a picture was taken: subject, visit and place, under a reference that tells
/// nothing, and no pixel.
///
/// It takes pictures from their source, so that one that could not be measured, or is held, has
/// its row in the registry, where its reason is put.
public struct DeidentifyAcquisitions: Transform {
  /// What it declares of itself.
  public static let manifest = StageManifest(
    id: "deidentify.acquisitions",
    summary: "Releases what was taken of whom, so that what is missing later has its row.",
    resultVersion: "4", declassifiesTo: .deidentified, workingSetBytes: 64 << 10,
    keepsFiles: true)

  private let recoding: Recoding

  /// Reads the key, and opens the linking folder of a public release.
  ///
  /// - Throws: ``StageError`` of class `fatal` for a missing or short key and for a linking folder
  ///   that cannot be used.
  public init(settings: ReleaseSettings, context: StageContext) async throws {
    recoding = try Recoding(settings: settings, context: context)
  }

  /// The released acquisition.
  ///
  /// - Throws: ``StageError`` of class `transient` when a code's meaning cannot be kept.
  public func process(
    _ input: CapturedImage, in delivery: DeliveryContext
  ) async throws -> Released {
    Released(
      acquisition: try await recoding.released(input.acquisition, in: delivery),
      body: .acquisition, removals: recoding.removals(of: input.acquisition),
      label: recoding.profile.label)
  }

  /// An acquisition's few short texts.
  public func outputByteCount(for input: CapturedImage) -> Int { 1024 }
}
