public import ClinicalRecords
import ImageCodecs
public import StageKit

/// Releases the picture that a measurement was made on, with its pixels and one constant mark.
///
/// What is metadata goes without a pixel changed; a picture with text drawn into its pixels, or
/// that is not fully understood, is held with its reason.
public struct DeidentifyImages: Transform {
  /// The most pixels of a picture that is released: the sensors of dermatoscopes and of the
  /// telephones they clip on to have up to 24 million.
  private static let mostPixels = 24_000_000

  /// What it declares of itself.
  ///
  /// Its working set is the decoded picture, three bytes a pixel, once more while it is turned
  /// upright, three bytes for the search for text, and the file twice.
  public static let manifest = StageManifest(
    id: "deidentify.images",
    summary: "Releases pictures without metadata, and holds those with text in their pixels.",
    resultVersion: "8", declassifiesTo: .deidentified, workingSetBytes: 12 * mostPixels,
    keepsFiles: true)

  private let recoding: Recoding
  private let context: StageContext
  private let decoder: ImageDecoder

  /// Reads the key, and opens the linking folder of a public release.
  ///
  /// - Throws: ``StageError`` of class `fatal` for a missing or short key and for a linking folder
  ///   that cannot be used.
  public init(settings: ReleaseSettings, context: StageContext) async throws {
    recoding = try Recoding(settings: settings, context: context)
    self.context = context
    decoder = ImageDecoder(limits: DecodingLimits(pixels: DeidentifyImages.mostPixels))
  }

  /// The released picture.
  ///
  /// - Throws: ``StageError`` of class `record` with the code of ``PhotographRefusal``, among them
  ///   `burned_in_text` with where it was found.
  public func process(
    _ input: HairMeasurement, in delivery: DeliveryContext
  ) async throws -> Released {
    guard let acquisition = input.acquisition else { throw ReleaseFailure.noAcquisition }
    guard let captured = try await delivery.ancestor(CapturedImage.self) else {
      throw StageError(
        .record, "no_picture", subject: "the measurement has no stored picture",
        hint: "release measurements of pictures that this run or an earlier one has taken in")
    }
    let scrubbed = try scrub(try context.bytes(of: captured.original))
    let decoded = try decode(scrubbed)
    let approval = try await checkText(
      in: decoded, of: captured.original.sha256, subject: acquisition.subject, delivery)
    let name = recoding.pictureName(of: acquisition, format: scrubbed.format)
    let picture = context.content(scrubbed.bytes, mediaType: scrubbed.format.mediaType)
    let removals = scrubbed.report.entries.map {
      Removal(carrier: $0.carrier, action: $0.action.rawValue, rule: $0.rule)
    }
    return Released(
      acquisition: try await recoding.released(acquisition, in: delivery),
      body: .image(
        ReleasedImage(
          picture: picture, name: name, width: decoded.width, height: decoded.height)),
      removals: recoding.removals(of: acquisition) + removals + approval,
      label: recoding.profile.label)
  }

  /// Eight bytes a pixel, as 16-bit samples with alpha take, and the file's frame.
  public func outputByteCount(for input: HairMeasurement) -> Int {
    8 * input.image.width * input.image.height + 65536
  }

  private func scrub(_ bytes: [UInt8]) throws -> ScrubbedPhotograph {
    do {
      return try PhotographScrubber().scrub(bytes)
    } catch {
      throw StageError(.record, error.code.name, subject: error.subject, hint: error.hint)
    }
  }

  /// Decodes what would leave.
  private func decode(_ scrubbed: ScrubbedPhotograph) throws -> DecodedImage {
    do {
      return try decoder.decode(scrubbed.bytes)
    } catch let error as ImageCodecError {
      throw StageError(.record, error.code.name, subject: error.subject, hint: error.hint)
    }
  }

  /// Looks for text in the pixels.
  ///
  /// - Returns: that a person let what was found pass; empty when there is nothing.
  private func checkText(
    in picture: DecodedImage, of original: ContentDigest, subject: String,
    _ delivery: DeliveryContext
  ) async throws -> [Removal] {
    let lines = BurnedInText().find(in: picture.eightBit())
    guard let first = lines.first else { return [] }
    let gate = PhotographRefusal.Code.burnedInText.name
    let finding = PictureFinding(
      gate: gate, version: BurnedInText.version, content: original, subject: subject,
      regions: lines.map {
        PictureFinding.Region(
          x: $0.x, y: $0.y, width: $0.width, height: $0.height,
          confidence: ($0.confidence * 100).rounded(.down) / 100)
      })
    if let audit = try await delivery.approval(of: finding) {
      return [
        Removal(
          carrier: "text in the pixels", action: "kept",
          rule: "approved by a person, audit entry \(audit)")
      ]
    }
    throw StageError(
      .record, gate,
      subject: "the picture seems to have drawn text at \(lines.count) place(s), the first "
        + "\(first.width) x \(first.height) pixels at (\(first.x), \(first.y))",
      hint: "look at it with 'anagen quarantine show'; approve it when nothing there identifies, "
        + "else switch the overlay off on the device, or crop the original and take it in again",
      finding: finding)
  }
}
