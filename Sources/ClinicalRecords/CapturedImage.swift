/// One picture as it came from the device or the folder: the original bytes and what is known of
/// how they came to be.
///
/// Identified and stored.
public struct CapturedImage: StoredRecord, Equatable {
  /// `anagen.captured-image/1.0`.
  public static let schema = SchemaID("anagen.captured-image", 1, 0)

  /// What identifies the acquisition.
  public let acquisition: AcquisitionKey
  /// The original bytes, never changed.
  public let original: StoredContent
  /// The file's own name, without folders; may identify.
  public let fileName: String
  /// The day of capture, if known.
  public let date: CalendarDate?
  /// When it was captured, if a camera of ours did; absent of pictures from files.
  public let capturedAt: CaptureTime?
  /// The scale stated with the picture (manifest), in µm per pixel.
  public let statedMicrometresPerPixel: Double?
  /// Who captured, as a code.
  public let operatorCode: String?
  /// The device that captured, if known.
  public let device: CaptureDevice?

  /// Makes a captured image.
  public init(
    acquisition: AcquisitionKey, original: StoredContent, fileName: String,
    date: CalendarDate? = nil, capturedAt: CaptureTime? = nil,
    statedMicrometresPerPixel: Double? = nil, operatorCode: String? = nil,
    device: CaptureDevice? = nil
  ) {
    self.acquisition = acquisition
    self.original = original
    self.fileName = fileName
    self.date = date
    self.capturedAt = capturedAt
    self.statedMicrometresPerPixel = statedMicrometresPerPixel
    self.operatorCode = operatorCode
    self.device = device
  }

  /// The acquisition's identity.
  public var identity: RecordIdentity { acquisition.identity(of: CapturedImage.schema) }
  /// Always identified.
  public var privacy: PrivacyLabel { .identified }
  /// The original's size plus the key: the bytes are in memory until they are stored.
  public var byteCount: Int { original.byteCount + 512 }
  /// The original.
  public var contents: [StoredContent] { [original] }
}

/// What is known of the device that made a picture.
public struct CaptureDevice: Codable, Sendable, Equatable {
  /// The model, such as `usb:a168:0840`.
  public let model: String
  /// The serial number; never leaves `OUT/private/`.
  public let serial: String?
  /// The controls as read back at capture: exposure, gain, white balance, polariser, magnification.
  public let controls: [String: String]
  /// Frames lost before this one: sequence gaps, timestamp steps, error flags.
  public let lossCounters: [String: Int]

  /// Makes a device description.
  public init(
    model: String, serial: String?, controls: [String: String] = [:],
    lossCounters: [String: Int] = [:]
  ) {
    self.model = model
    self.serial = serial
    self.controls = controls
    self.lossCounters = lossCounters
  }
}
