public import ClinicalRecords
import FoundationEssentials
public import StageKit

/// `report.visit`: a page for each subject, with photographs, and an index.
///
/// Identified: it is written below `private/` and nowhere else. Every page stands alone.
public struct VisitReport: Projection {
  /// Where the report goes and how large its pictures are.
  public struct Settings: StageSettings {
    /// The folder of the report.
    public var path = "private/report"
    /// The widest picture in pixels.
    public var pictureWidth = 1000

    /// Makes the defaults.
    public init() {}

    /// Both settings.
    public static var declarations: [SettingDeclaration] {
      [
        SettingDeclaration("path", .outputPath, "The report's folder, below private/."),
        SettingDeclaration(
          "picture_width", .integer(320...2400), "The widest picture of a page, in pixels."),
      ]
    }
  }

  /// Written from measurements.
  public typealias Input = HairMeasurement

  /// A projection.
  public static let manifest = StageManifest(
    id: "report.visit",
    summary: "Writes a page for each subject: photographs with hairs drawn, figures, values.",
    resultVersion: "1",
    // One 12-megapixel picture as bytes (36 MB) and as three planes of floats (144 MB), and a page
    // of 24 pictures (4 MB): see PictureLimits.
    workingSetBytes: 192 << 20, effect: .projection)

  private let context: StageContext
  private let folder: String
  private let limits: PictureLimits

  /// Checks where the report goes.
  ///
  /// - Throws: a fatal ``StageError`` with code `identified_outside_private`.
  public init(settings: Settings, context: StageContext) async throws {
    self.context = context
    folder = try context.privateOutput(settings.path)
    limits = PictureLimits(widest: settings.pictureWidth)
  }

  /// Writes every page, then the index, then removes pages of subjects that are gone.
  public func project(_ records: ProjectedRecords<HairMeasurement>) async throws {
    let material = try await StudyMaterial.gather(records, study: context.study)
    let names = PageNames(material.subjects.map(\.subject), host: context.host)
    let pages = ReportPages(context: context)
    pages.tellAltered(
      names.all.sorted().map { "\(folder)/\($0)" } + ["\(folder)/index.html"], in: folder)
    for subject in material.subjects {
      let pictures = subject.regions.flatMap(\.visits).flatMap(\.combined.attempts)
        .count { $0.use == .selected }
      let page = SubjectPage(
        material: material, subject: subject,
        book: PictureBook(records: records, width: limits.width(forPage: pictures)),
        back: "index.html")
      try pages.write(
        try await page.bytes(), to: "\(folder)/\(names.page(of: subject.subject))")
    }
    let index = StudyOverview(material: material, title: "Visit report") {
      names.page(of: $0.subject)
    }
    try pages.write(try index.bytes(), to: "\(folder)/index.html")
    try removePages(except: names)
  }

  private func removePages(except names: PageNames) throws {
    for name in try FileManager.default.contentsOfDirectory(atPath: folder)
    where PageNames.isSubjectPage(name) && !names.all.contains(name) {
      try FileManager.default.removeItem(atPath: "\(folder)/\(name)")
    }
  }
}

/// `report.study`: the whole study on one page, without photographs.
public struct StudyReport: Projection {
  /// Where the report goes.
  public struct Settings: StageSettings {
    /// The page.
    public var path = "private/report/study.html"

    /// Makes the defaults.
    public init() {}

    /// The setting.
    public static var declarations: [SettingDeclaration] {
      [SettingDeclaration("path", .outputPath, "The report's page, below private/.")]
    }
  }

  /// Written from measurements.
  public typealias Input = HairMeasurement

  /// A projection.
  public static let manifest = StageManifest(
    id: "report.study", summary: "Writes one page of the whole study: figures and every value.",
    resultVersion: "1",
    // About 10 KB a picture and 2 KB of page a region and visit: 10,000 pictures.
    workingSetBytes: 128 << 20, effect: .projection)

  private let context: StageContext
  private let path: String

  /// Checks where the report goes.
  ///
  /// - Throws: a fatal ``StageError`` with code `identified_outside_private`.
  public init(settings: Settings, context: StageContext) async throws {
    self.context = context
    path = try context.privateOutput(settings.path)
  }

  /// Writes the page.
  public func project(_ records: ProjectedRecords<HairMeasurement>) async throws {
    let material = try await StudyMaterial.gather(records, study: context.study)
    let page = StudyOverview(material: material, title: "Study report") { _ in nil }
    let pages = ReportPages(context: context)
    pages.tellAltered([path], in: context.folder.privatePath)
    try pages.write(try page.bytes(), to: path)
  }
}

extension StageContext {
  /// An output that may identify: it lies below `private/`, or the run does not start.
  func privateOutput(_ path: String) throws -> String {
    let resolved = folder.resolve(path)
    let parts = resolved.split(separator: "/")
    guard resolved.hasPrefix(folder.privatePath + "/"), !parts.contains("..") else {
      throw StageError(
        .fatal, "identified_outside_private",
        subject: "\(stage) would write subjects and photographs outside private/",
        hint: "set its path below ${var:data}/private/")
    }
    return resolved
  }
}

/// The file names of subject pages: the subject number where it is plain, else a digest of it.
struct PageNames {
  private let names: [String: String]

  init(_ subjects: [String], host: any StageHost) {
    names = Dictionary(
      uniqueKeysWithValues: subjects.map { subject in
        let plain =
          subject.utf8.count <= 48
          && subject.utf8.allSatisfy {
            (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || $0 == 45
          }
        let code =
          plain ? subject : "x_\(host.sha256(of: Array(subject.utf8)).hexadecimal.prefix(12))"
        return (subject, "subject-\(code).html")
      })
  }

  /// Every page's name.
  var all: Set<String> { Set(names.values) }

  /// A subject's page.
  func page(of subject: String) -> String { names[subject] ?? "index.html" }

  /// Whether a file is a page of this report.
  static func isSubjectPage(_ name: String) -> Bool {
    name.hasPrefix("subject-") && name.hasSuffix(".html")
  }
}
