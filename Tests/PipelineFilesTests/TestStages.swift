import ClinicalRecords
import StageKit

/// Stages that do nothing, one of each kind and privacy, under the names the design uses.
enum TestStages {
  static let catalogue: [StageEntry] = [
    StageEntry(Folder.self), StageEntry(Camera.self), StageEntry(Calibrate.self),
    StageEntry(Measure.self), StageEntry(Release.self), StageEntry(Publish.self),
    StageEntry(Recode.self), StageEntry(Registry.self), StageEntry(Careless.self),
    StageEntry(Mute.self), StageEntry(Table.self), StageEntry(VisitReport.self),
    StageEntry(Watch.self), StageEntry(OldMeasure.self), StageEntry(ForeignMeasure.self),
  ]

  struct Picture: StoredRecord {
    static let schema = SchemaID("test.picture", 1, 1)
    var identity: RecordIdentity { RecordIdentity("picture") }
    var privacy: PrivacyLabel { .identified }
    var byteCount: Int { 0 }
  }
  struct Calibrated: Record {
    static let schema = SchemaID("test.calibrated", 1, 0)
    var identity: RecordIdentity { RecordIdentity("calibrated") }
    var privacy: PrivacyLabel { .identified }
    var byteCount: Int { 0 }
  }
  struct Measurement: StoredRecord {
    static let schema = SchemaID("test.measurement", 2, 1)
    var identity: RecordIdentity { RecordIdentity("measurement") }
    var privacy: PrivacyLabel { .identified }
    var byteCount: Int { 0 }
  }
  /// Another type of the same schema, as a second copy of a record library would bring.
  struct OtherMeasurement: StoredRecord {
    static let schema = Measurement.schema
    var identity: RecordIdentity { RecordIdentity("measurement") }
    var privacy: PrivacyLabel { .identified }
    var byteCount: Int { 0 }
  }
  struct OldMeasurement: StoredRecord {
    static let schema = SchemaID("test.measurement", 1, 0)
    var identity: RecordIdentity { RecordIdentity("measurement") }
    var privacy: PrivacyLabel { .identified }
    var byteCount: Int { 0 }
  }
}

// MARK: - Settings

struct FolderSettings: StageSettings {
  var path = ""
  var recursive = false
  static var declarations: [SettingDeclaration] {
    [
      SettingDeclaration("path", .inputFolder, "The folder of pictures.", required: true),
      SettingDeclaration("recursive", .boolean, "Whether folders within it count."),
    ]
  }
}

struct CameraSettings: StageSettings {
  var device = "usb:0000:0000"
  var trigger = "button"
  var framesPerSecond = 15
  static var declarations: [SettingDeclaration] {
    [
      SettingDeclaration("device", .text, "The device."),
      SettingDeclaration(
        "trigger", .choice(["button", "command", "interval", "continuous"]), "What captures."),
      SettingDeclaration("frames_per_second", .integer(1...120), "How many pictures a second."),
    ]
  }
}

struct CalibrateSettings: StageSettings {
  var profile: String?
  var umPerPx: Double?
  var maxAge = 7.0
  static var declarations: [SettingDeclaration] {
    [
      SettingDeclaration("profile", .inputFile, "The calibration profile."),
      SettingDeclaration("um_per_px", .number(0.1...100, unit: "um"), "The scale."),
      SettingDeclaration("max_age", .number(0.5...365, unit: "d"), "The oldest calibration."),
    ]
  }
  func problems() -> [SettingProblem] {
    profile != nil && umPerPx != nil
      ? [SettingProblem("um_per_px", "the profile has a scale already", hint: "keep one")] : []
  }
}

struct MeasureSettings: StageSettings {
  var channels = ["luma"]
  var sensitivity = 0.5
  static var declarations: [SettingDeclaration] {
    [
      SettingDeclaration("channels", .list(.choice(["luma", "red", "green"])), "Which channels."),
      SettingDeclaration("sensitivity", .number(0...1, unit: nil), "How much counts as a hair."),
    ]
  }
}

struct ReleaseSettings: StageSettings {
  var profile = "trial"
  var key = SecretReference(name: "unset")
  static var declarations: [SettingDeclaration] {
    [
      SettingDeclaration("profile", .choice(["trial", "public"]), "What is removed."),
      SettingDeclaration("key", .secret, "The key of codes.", required: true),
    ]
  }
  var givenLabel: GivenLabel? {
    GivenLabel(
      profile == "public" ? .deidentified : .pseudonymised, by: "profile",
      values: [.pseudonymised: "trial", .deidentified: "public"])
  }
}

struct OutputSettings: StageSettings {
  var path = "registry.sqlite"
  static var declarations: [SettingDeclaration] {
    [SettingDeclaration("path", .outputPath, "What is written.")]
  }
}

struct ReportSettings: StageSettings {
  var path = "private/report"
  static var declarations: [SettingDeclaration] {
    [SettingDeclaration("path", .outputPath, "The folder of reports.")]
  }
}

// MARK: - Stages

private func manifest(
  _ id: String, declassifiesTo: PrivacyLabel? = nil, workingSet: Int = 1 << 20,
  effect: SinkEffect? = nil, live: Bool = false, keepsFiles: Bool = false
) -> StageManifest {
  StageManifest(
    id: id, summary: "Does nothing.", resultVersion: "1", declassifiesTo: declassifiesTo,
    workingSetBytes: workingSet, effect: effect, live: live, keepsFiles: keepsFiles)
}

struct Folder: Source {
  static let manifest = PipelineFilesTests.manifest("test.folder")
  init(settings: FolderSettings, context: StageContext) {}
  func run(into output: SourceOutput<TestStages.Picture>) {}
}

struct Camera: Source {
  static let manifest = PipelineFilesTests.manifest("test.camera", live: true)
  init(settings: CameraSettings, context: StageContext) {}
  func run(into output: SourceOutput<TestStages.Picture>) {}
}

struct Watch: Source {
  static let manifest = PipelineFilesTests.manifest("test.watch", live: true)
  init(settings: NoSettings, context: StageContext) {}
  func run(into output: SourceOutput<TestStages.Picture>) {}
}

struct Calibrate: Transform {
  static let manifest = PipelineFilesTests.manifest("test.calibrate", workingSet: 64 << 20)
  init(settings: CalibrateSettings, context: StageContext) {}
  func process(
    _ input: TestStages.Picture, in delivery: DeliveryContext
  ) -> TestStages.Calibrated { TestStages.Calibrated() }
  func outputByteCount(for input: TestStages.Picture) -> Int { 0 }
}

struct Measure: Transform {
  static let manifest = PipelineFilesTests.manifest("test.measure", workingSet: 96 << 20)
  init(settings: MeasureSettings, context: StageContext) {}
  func process(
    _ input: TestStages.Calibrated, in delivery: DeliveryContext
  ) -> TestStages.Measurement { TestStages.Measurement() }
  func outputByteCount(for input: TestStages.Calibrated) -> Int { 0 }
}

struct OldMeasure: Transform {
  static let manifest = PipelineFilesTests.manifest("test.measure-old")
  init(settings: NoSettings, context: StageContext) {}
  func process(
    _ input: TestStages.Calibrated, in delivery: DeliveryContext
  ) -> TestStages.OldMeasurement { TestStages.OldMeasurement() }
  func outputByteCount(for input: TestStages.Calibrated) -> Int { 0 }
}

struct ForeignMeasure: Transform {
  static let manifest = PipelineFilesTests.manifest("test.measure-foreign")
  init(settings: NoSettings, context: StageContext) {}
  func process(
    _ input: TestStages.Calibrated, in delivery: DeliveryContext
  ) -> TestStages.OtherMeasurement { TestStages.OtherMeasurement() }
  func outputByteCount(for input: TestStages.Calibrated) -> Int { 0 }
}

/// Makes released records, down to pseudonymised ones.
struct Release: Transform {
  static let manifest = PipelineFilesTests.manifest(
    "test.release", declassifiesTo: .pseudonymised)
  init(settings: ReleaseSettings, context: StageContext) {}
  func process(
    _ input: TestStages.Measurement, in delivery: DeliveryContext
  ) throws -> Released { throw StageError(.record, "unused", subject: "test", hint: "none") }
  func outputByteCount(for input: TestStages.Measurement) -> Int { 0 }
}

/// Makes released records, as far down as its profile says.
struct Publish: Transform {
  static let manifest = PipelineFilesTests.manifest("test.publish", declassifiesTo: .deidentified)
  init(settings: ReleaseSettings, context: StageContext) {}
  func process(
    _ input: TestStages.Measurement, in delivery: DeliveryContext
  ) throws -> Released { throw StageError(.record, "unused", subject: "test", hint: "none") }
  func outputByteCount(for input: TestStages.Measurement) -> Int { 0 }
}

/// Takes released records further down.
struct Recode: Transform {
  static let manifest = PipelineFilesTests.manifest(
    "test.recode", declassifiesTo: .deidentified, keepsFiles: true)
  init(settings: NoSettings, context: StageContext) {}
  func process(_ input: Released, in delivery: DeliveryContext) -> Released { input }
  func outputByteCount(for input: Released) -> Int { 0 }
}

struct Registry: Sink {
  static let manifest = PipelineFilesTests.manifest("test.registry", effect: .transactional)
  init(settings: OutputSettings, context: StageContext) {}
  var destination: String { "registry" }
  func accept(_ input: Released, in delivery: DeliveryContext) {}
}

/// Says nothing of how its effect stays single.
struct Careless: Sink {
  static let manifest = PipelineFilesTests.manifest("test.careless")
  init(settings: OutputSettings, context: StageContext) {}
  var destination: String { "careless" }
  func accept(_ input: Released, in delivery: DeliveryContext) {}
}

/// Says that it can be asked, and cannot.
struct Mute: Sink {
  static let manifest = PipelineFilesTests.manifest("test.mute", effect: .queryable)
  init(settings: OutputSettings, context: StageContext) {}
  var destination: String { "mute" }
  func accept(_ input: Released, in delivery: DeliveryContext) {}
}

struct Table: Projection {
  static let manifest = PipelineFilesTests.manifest("test.table", effect: .projection)
  init(settings: OutputSettings, context: StageContext) {}
  func project(_ records: ProjectedRecords<Released>) {}
}

struct VisitReport: Projection {
  static let manifest = PipelineFilesTests.manifest("test.report", effect: .projection)
  init(settings: ReportSettings, context: StageContext) {}
  func project(_ records: ProjectedRecords<TestStages.Measurement>) {}
}
