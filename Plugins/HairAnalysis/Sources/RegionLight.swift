import ClinicalRecords
import ImageCodecs
import Imaging
import StageKit
import Synchronization

/// Which light a region is measured in: the one that its first picture shows hair best in, at every
/// visit.
///
/// A channel chosen for each picture follows the treatment: hair that darkens is seen better, and
/// the better sight counts as new hair. So the first picture of the region decides: of the study's
/// first visit, or of the picture's own visit where no study names one. It is looked up, so a
/// picture that was measured before its first one came in is measured again.
final class RegionLight: Sendable {
  /// More regions than a study has; then what is known is forgotten and found again.
  private static let mostRegions = 10_000

  private struct Question: Hashable {
    let picture: ContentDigest
    let micrometresPerPixel: Double
  }

  private let analyser: HairAnalyser
  private let firstVisit: String?
  private let firstSession: String?
  private let decoder = ImageDecoder()
  private let known = Mutex<[Question: MeasurementChannel]>([:])

  init(analyser: HairAnalyser, study: Study) {
    self.analyser = analyser
    firstVisit = (study.visits.first { $0.day == study.anchorDay } ?? study.visits.first)?.name
    firstSession = study.sessions.first?.name
  }

  /// The channel that holds for a picture's region; `nil` when no first picture can be read, so
  /// that the picture at hand decides.
  ///
  /// - Throws: ``StageError`` of class `transient` when there is no memory for the first picture.
  func channel(
    for image: CalibratedImage, in delivery: DeliveryContext
  ) async throws -> MeasurementChannel? {
    for key in candidates(image.captured.acquisition) {
      let identity = key.identity(of: CapturedImage.schema)
      guard let first = try await delivery.lookup(CapturedImage.self, identity),
        let channel = try channel(of: first, like: image, in: delivery)
      else { continue }
      return channel
    }
    return nil
  }

  /// Where the region's first picture may be, the likeliest first.
  private func candidates(_ own: AcquisitionKey) -> [AcquisitionKey] {
    func key(_ visit: String, _ session: String, _ placement: Int, _ field: Int) -> AcquisitionKey {
      AcquisitionKey(
        study: own.study, subject: own.subject, visit: visit, session: session, region: own.region,
        side: own.side, placement: placement, field: field)
    }
    let session = firstSession ?? own.session
    var keys: [AcquisitionKey] = []
    for visit in [firstVisit, own.visit].compactMap({ $0 }) {
      for key in [key(visit, session, 1, 1), key(visit, session, own.placement, own.field)]
      where !keys.contains(key) { keys.append(key) }
    }
    return keys
  }

  /// The light that a stored picture shows hair best in, at the scale of the picture at hand, since
  /// optics do not change within a region; `nil` when it cannot be decoded.
  private func channel(
    of first: CapturedImage, like image: CalibratedImage, in delivery: DeliveryContext
  ) throws -> MeasurementChannel? {
    let scale = image.scale.micrometresPerPixel
    let question = Question(picture: first.original.sha256, micrometresPerPixel: scale)
    if let answer = known.withLock({ $0[question] }) { return answer }
    let light: LinearLight
    do {
      light = StandardTone.light(
        of: try decoder.decode(delivery.stage.bytes(of: first.original), fileName: first.fileName))
    } catch let error as ImageCodecError {
      guard error.code == .outOfMemory else { return nil }
      throw StageError(.transient, error.code.name, subject: error.subject, hint: error.hint)
    }
    guard AnalyseHair.isMeasurable(light, micrometresPerPixel: scale) else { return nil }
    let answer = analyser.bestChannel(of: light, micrometresPerPixel: scale)
    known.withLock {
      if $0.count >= RegionLight.mostRegions { $0 = [:] }
      $0[question] = answer
    }
    return answer
  }
}
