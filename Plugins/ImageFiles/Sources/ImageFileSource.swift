public import ClinicalRecords
import ImageCodecs
public import StageKit

/// `image.files`: captured images from a folder with a manifest, or by the study's file pattern.
///
/// The whole list is judged before the first picture is taken: a manifest with a problem stops the
/// run with every problem named and nothing half done. A picture that cannot be decoded is emitted
/// all the same, so that it is set aside later with its reason: every row ends in the ledger.
public struct ImageFileSource: Source {
  /// The stage's settings.
  public struct Settings: StageSettings {
    /// The folder of pictures.
    public var folder = ""
    /// The manifest's name below the folder.
    public var manifest = "manifest.csv"
    /// The calibrations that give pictures their scale.
    public var calibrations: String?
    /// How slashed dates are read.
    public var dateOrder = "unambiguous"
    /// The largest picture file in MiB.
    public var maxFileMib = 128
    /// Whether to stay and take what is added.
    public var watch = false
    /// Seconds between two looks at the folder.
    public var watchInterval = 2.0

    /// Makes the defaults.
    public init() {}

    /// The settings as the pipeline file shows them.
    public static let declarations: [SettingDeclaration] = [
      SettingDeclaration("folder", .inputFolder, "The folder of pictures.", required: true),
      SettingDeclaration(
        "manifest", .text,
        "The manifest's name below the folder; without the file the study's file pattern is used."),
      SettingDeclaration(
        "calibrations", .inputFile,
        "The calibrations of the device, as calibration.apply has them; without, the list states each scale."
      ),
      SettingDeclaration(
        "date_order", .choice(DateOrder.allCases.map(\.rawValue)),
        "How dates such as 05/03/2024 are read; as it is, they are refused."),
      SettingDeclaration(
        "max_file_mib", .integer(1...1024),
        "The largest picture file in MiB; a queue must have room for one."),
      SettingDeclaration("watch", .boolean, "Whether to stay and take what is added."),
      SettingDeclaration(
        "watch_interval", .number(0.05...3600, unit: "s"), "Seconds between two looks."),
    ]
  }

  /// What the stage declares of itself.
  ///
  /// The working set is the manifest and its checked rows: 64 MiB hold half a million.
  public static let manifest = StageManifest(
    id: "image.files", summary: "Takes photographs from a folder with a manifest.",
    resultVersion: "1", workingSetBytes: Manifest.byteLimit)

  private let settings: Settings
  private let context: StageContext
  private let folder: PictureFolder
  private let listed: [ListedAcquisition]
  private let numbers: FieldNumbers

  /// Opens the folder and judges the whole list.
  ///
  /// - Throws: ``StageError``: of class `record`, `manifest` with every problem on a line of its own;
  ///   of class `fatal` for what the folder itself lacks.
  public init(settings: Settings, context: StageContext) async throws {
    self.settings = settings
    self.context = context
    folder = try PictureFolder(path: settings.folder, byteLimit: settings.maxFileMib << 20)
    var numbers = FieldNumbers(try context.host.filedPictures())
    do {
      listed = try ImageFileSource.list(folder, settings, context, &numbers)
    } catch let problems as ManifestProblems {
      throw ImageFileSource.refusal(problems)
    } catch let refused as RefusedValue {
      throw StageError(.record, "manifest", subject: refused.what, hint: refused.hint)
    }
    self.numbers = numbers
  }

  /// Emits every listed picture in order; with `watch`, goes on until cancelled.
  public func run(into output: SourceOutput<CapturedImage>) async throws {
    logUnlisted()
    let today = Int(context.host.now() / 86_400)
    for notice in Plausibility(listed: listed, today: today).notices(by: context.stage) {
      context.host.note(notice)
    }
    // A watched folder has no end that anybody knows.
    if !settings.watch { context.expect(listed.count) }
    for acquisition in listed { try await emit(acquisition, into: output) }
    guard settings.watch else { return }
    var watcher = FolderWatcher(taken: listed)
    var numbers = numbers
    while true {
      try await Task.sleep(for: .seconds(settings.watchInterval))
      for acquisition in look(&watcher, &numbers) { try await emit(acquisition, into: output) }
    }
  }

  private func emit(
    _ acquisition: ListedAcquisition, into output: SourceOutput<CapturedImage>
  ) async throws {
    try Task.checkCancellation()
    let bytes = try folder.read(acquisition.file)
    let mediaType: String
    do {
      mediaType = try ImageFormat.sniff(bytes).mediaType
    } catch is ImageCodecError {
      // Not a picture that is read here: it goes on, and decoding sets it aside with the reason.
      mediaType = "application/octet-stream"
    }
    try await output.emit(
      CapturedImage(
        acquisition: acquisition.key, original: context.content(bytes, mediaType: mediaType),
        fileName: acquisition.name,
        date: acquisition.date, statedMicrometresPerPixel: acquisition.micrometresPerPixel))
  }

  private func look(
    _ watcher: inout FolderWatcher, _ numbers: inout FieldNumbers
  ) -> [ListedAcquisition] {
    do {
      let current = try ImageFileSource.list(folder, settings, context, &numbers)
      return watcher.newlyComplete(current) { folder.signature(of: $0) }
    } catch {
      if watcher.isNewProblem("\(error)") {
        context.host.log(
          .warning, stage: context.stage,
          "the folder's list has problems; nothing is taken from it",
          ["problems": "\((error as? ManifestProblems)?.problems.count ?? 1)"])
      }
      return []
    }
  }

  private func logUnlisted() {
    let named = Set(listed.map(\.file))
    let unlisted = folder.pictures().count { !named.contains($0) }
    guard unlisted > 0 else { return }
    context.host.log(
      .warning, stage: context.stage, "the folder has pictures that the manifest does not list",
      ["pictures": "\(unlisted)"])
  }
}

extension ImageFileSource {
  private static func refusal(_ problems: ManifestProblems) -> StageError {
    let count = problems.problems.count
    return StageError(
      .record, "manifest",
      subject: "the list of pictures has \(count == 1 ? "a problem" : "\(count) problems")\n"
        + problems.description,
      hint: "correct \(count == 1 ? "it" : "them") and run again: nothing was taken")
  }

  /// The checked list of a folder.
  private static func list(
    _ folder: PictureFolder, _ settings: Settings, _ context: StageContext,
    _ numbers: inout FieldNumbers
  ) throws -> [ListedAcquisition] {
    let study = context.study
    let order = DateOrder(rawValue: settings.dateOrder) ?? .unambiguous
    let pictures: [ListedPicture]
    var decimalComma = true
    var problems = ManifestProblems()
    if folder.has(settings.manifest) {
      let manifest = try Manifest(folder.read(settings.manifest), file: settings.manifest)
      pictures = manifest.pictures
      problems = manifest.problems
      decimalComma = manifest.decimalComma
    } else if let pattern = study.filePattern {
      pictures = try matching(FileNamePattern(pattern), folder.pictures())
    } else {
      throw RefusedValue(
        "the folder has no \(settings.manifest), and the study states no file pattern",
        hint: "write one with the columns file,subject,visit,date,region,um_per_px")
    }
    let reader = try AcquisitionReader(
      study: study, dateOrder: order, decimalComma: decimalComma,
      needsScale: !study.imaging.scaleFromCalibration && settings.calibrations == nil,
      check: folder.check)
    let listed = try reader.acquisitions(pictures, after: problems)
    if pictures.first?.values[.field] != nil { return listed }
    return try numbers.numbered(listed, places: pictures.map(\.place)) { file in
      context.host.sha256(of: try folder.read(file))
    }
  }

  private static func matching(
    _ pattern: FileNamePattern, _ files: [String]
  ) throws -> [ListedPicture] {
    guard !files.isEmpty else {
      throw RefusedValue("the folder has no pictures", hint: "check the setting 'folder'")
    }
    var problems = ManifestProblems()
    var pictures: [ListedPicture] = []
    for file in files {
      if var values = pattern.values(in: file) {
        values[.file] = file
        pictures.append(ListedPicture(file: file, values: values, places: [:], place: file))
      } else {
        problems.add(
          file, "the name does not match the study's file pattern",
          hint: "rename the file, or write a manifest")
      }
    }
    guard problems.problems.isEmpty else { throw problems }
    return pictures
  }
}
