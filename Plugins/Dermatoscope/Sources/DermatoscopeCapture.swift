public import ClinicalRecords
import ImageCodecs
import Imaging
public import StageKit
import VideoDevices

/// `dermatoscope.capture`: one captured image for each press of the button, command, interval or frame.
///
/// A camera that is away is waited for. A press is answered with the best frame around it, whose
/// bytes go on as the camera sent them, or refused aloud.
public struct DermatoscopeCapture: Source {
  /// What the stage declares of itself.
  ///
  /// The working set is the pool of copied frames, as much again for those that had to be copied for
  /// room, and two decoded pictures of 5 megapixels.
  public static let manifest = StageManifest(
    id: "dermatoscope.capture", summary: "Captures pictures from a USB dermatoscope.",
    resultVersion: "1", readsClock: true, workingSetBytes: 192 << 20, live: true)

  private let settings: CaptureSettings
  private let context: StageContext
  private let assignment: CaptureAssignment?
  private let feed: any CameraFeed

  /// Checks the assignment and prepares the session; the device is opened when the run begins.
  public init(settings: CaptureSettings, context: StageContext) async throws {
    self.settings = settings
    self.context = context
    assignment = try CaptureAssignment(settings)?.held(to: context.study)
    if let request = settings.request {
      feed = try CameraSession(request)
    } else {
      feed = try SyntheticCamera.feed(settings)
    }
  }

  /// Captures until the run stops.
  public func run(into output: SourceOutput<CapturedImage>) async throws {
    try await CaptureRun(
      feed: feed, settings: settings, assignment: assignment, context: context
    ).run(into: output)
  }
}

/// `dermatoscope.replay`: plays recorded frames as a camera would give them.
public struct DermatoscopeReplay: Source {
  /// What the stage declares of itself; the working set as that of `dermatoscope.capture`.
  public static let manifest = StageManifest(
    id: "dermatoscope.replay", summary: "Plays recorded frames as a dermatoscope gives them.",
    resultVersion: "1", readsClock: true, workingSetBytes: 192 << 20, live: true)

  // What a working set holds beside the pools.
  private static let mostBytes = 64 << 20

  private let settings: ReplaySettings
  private let context: StageContext
  private let assignment: CaptureAssignment?
  private let feed: any CameraFeed

  /// Reads every frame.
  ///
  /// - Throws: a fatal ``StageError`` when the folder has no JPEG, frames differ in size, or they are
  ///   too many.
  public init(settings: ReplaySettings, context: StageContext) async throws {
    self.settings = settings
    self.context = context
    assignment = try CaptureAssignment(settings)?.held(to: context.study)
    let pictures = try RecordedFrames.read(settings.frames, most: Self.mostBytes)
    let header: ImageHeader
    do {
      header = try ImageDecoder().inspect(pictures[0])
    } catch let error as ImageCodecError {
      throw StageError(
        .fatal, "frames", subject: "the first frame: \(error.subject)", hint: error.hint)
    }
    feed = PlayedCamera(
      pictures,
      format: FrameFormat(
        layout: .mjpeg, width: header.width, height: header.height,
        framesPerSecond: settings.framesPerSecond),
      identity: DeviceIdentity(vendor: 0, product: 0, serial: nil, port: "replay"),
      repeats: false)
  }

  /// Plays every frame once.
  public func run(into output: SourceOutput<CapturedImage>) async throws {
    try await CaptureRun(
      feed: feed, settings: settings, assignment: assignment, context: context
    ).run(into: output)
  }
}
