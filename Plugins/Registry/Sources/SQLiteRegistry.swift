public import ClinicalRecords
import GRDB
public import StageKit

/// `registry.sqlite`: files released records in the study's registry.
///
/// Each record is one transaction that holds its key and all its rows, so a record that comes
/// twice changes nothing. A record that comes again with other figures is a correction: new rows,
/// the old ones marked as superseded. Pictures are written first, then their row. What was set
/// aside before the registry has its disposition with the reason; a picture that is held after it
/// had been released goes back to `private/withdrawn`. A run files below `private/`; what may leave is
/// a copy, written when the run ends.
public struct SQLiteRegistry: Sink {
  /// Where the registry lies.
  public struct Settings: StageSettings {
    /// The database file.
    public var path = "registry.sqlite"
    /// The folder of released pictures.
    public var pictures = "pictures"

    /// Makes the defaults.
    public init() {}

    /// Both settings.
    public static var declarations: [SettingDeclaration] {
      [
        SettingDeclaration("path", .outputPath, "The registry's database file."),
        SettingDeclaration("pictures", .outputPath, "The folder where released pictures are put."),
      ]
    }
  }

  /// Takes what was released, at most pseudonymised when the pipeline file says so.
  public typealias Input = Released

  /// Transactional: key and rows are one transaction.
  public static let manifest = StageManifest(
    id: "registry.sqlite", summary: "Files released rows and pictures in the study's registry.",
    resultVersion: "1",
    // One picture in memory while it is written: 16 MiB holds a 16-megapixel JPEG at quality 95.
    workingSetBytes: 16 << 20, effect: .transactional)

  private let context: StageContext
  private let published: PublishedRegistry
  private let database: RegistryFile
  private let pictures: ReleasedPictures

  /// Opens or makes the registry.
  ///
  /// - Throws: a fatal ``StageError`` when the file is not a registry or cannot be written.
  public init(settings: Settings, context: StageContext) async throws {
    self.context = context
    published = try PublishedRegistry(path: context.folder.resolve(settings.path), context: context)
    pictures = ReleasedPictures(
      folder: context.folder.resolve(settings.pictures), in: context.folder)
    database = try RegistryFile(path: published.working)
    let study = context.study
    try await database.write { db in
      try db.execute(
        sql: "INSERT OR IGNORE INTO study VALUES (?, ?, ?, ?)",
        arguments: [
          study.id, study.version, study.fileDigest?.hexadecimal ?? "none", study.status.rawValue,
        ])
    }
  }

  /// The registry's own id, which lies in its file: another file is another destination.
  public var destination: String { "registry.sqlite:\(database.id)" }

  /// Files one record.
  ///
  /// - Throws: ``StageError`` of class `record` with code `unsafe_name` for a picture whose name is
  ///   not a plain file name, `reference_differs` when the acquisition was filed under another key.
  public func accept(_ input: Released, in delivery: DeliveryContext) async throws {
    let payload = try CanonicalJSONEncoder().encode(input)
    let digest = context.host.sha256(of: payload).hexadecimal
    if case .image(let image) = input.body { try pictures.write(image, in: context) }
    let study = context.study
    try await database.write { db in
      guard try isNew(input, digest: digest, in: db) else { return }
      let removals = try CanonicalJSONEncoder().encode(input.removals)
      try db.execute(
        sql: "INSERT INTO effect(identity, digest, label, removals) VALUES (?, ?, ?, ?)",
        arguments: [
          input.identity.text, digest, input.label.rawValue,
          String(decoding: removals, as: UTF8.self),
        ])
      let rows = RegistryRows(db: db, study: study)
      let acquisition = try rows.acquisition(input.acquisition)
      switch input.body {
      case .acquisition: break
      case .measurement(let measurement):
        try rows.insert(measurement, of: input.acquisition, acquisition: acquisition)
      case .image(let image):
        try rows.insert(image, after: input.removals, acquisition: acquisition)
      }
    }
  }

  /// Notes what became of every picture, combines the regions whose pictures changed, and makes
  /// the file whole in itself; holds every released picture to the digest it was filed with, and
  /// the file that may leave to this one.
  public func finish(_ upstream: UpstreamAccount) async throws {
    let study = context.study
    let (gone, filed, outside, acquisitions, isPublic) = try await database.write { db in
      let gone = try DispositionSettlement(db: db, study: study, upstream: upstream).settle()
      try VisitSettlement(db: db, upstream: upstream).settle()
      try RegionResults(db: db, study: study).update()
      return (
        gone: gone, pictures: try FiledPictures(db),
        outside: try RegistryRows(db: db, study: study).visitsOutsideWindow(),
        acquisitions: try Int.fetchOne(db, sql: "SELECT count(*) FROM acquisition") ?? 0,
        isPublic: try Bool.fetchOne(
          db, sql: "SELECT EXISTS (SELECT 1 FROM effect WHERE label = ?)",
          arguments: [PrivacyLabel.deidentified.rawValue]) == true
      )
    }
    for name in filed.withdrawn { try pictures.withdraw(name) }
    try await pictures.keep(filed.current, for: context)
    try await database.settle()
    try published.publish(acquisitions: acquisitions)
    tell(outside)
    tell(gone)
    if isPublic { tellOrder() }
  }
}

extension SQLiteRegistry {
  /// Random codes stand in the order in which their subjects were filed.
  private func tellOrder() {
    context.host.note(
      Notice(
        stage: context.stage, code: "order_of_filing",
        what: "the registry keeps the order in which pictures were filed: who knows the order of "
          + "enrolment could tell whose code is whose",
        hint: "of a public release give away tables and pictures, whose order tells nothing, and "
          + "not \(published.path)", isNegative: false))
  }

  private func tell(_ gone: [Disposition.Part: Int]) {
    let words = [
      (Disposition.Part.measurement, "the figures"), (.picture, "the released pictures"),
    ].compactMap { part, words in
      gone[part].map { "\(words) of \($0) acquisition\($0 == 1 ? "" : "s")" }
    }
    guard !words.isEmpty else { return }
    context.host.note(
      Notice(
        stage: context.stage, code: "stage_gone",
        what: "\(words.joined(separator: " and ")) were taken out: the stage that made them is in "
          + "the pipeline no more",
        hint: "pictures lie in \(pictures.withdrawnFolder); with the stage in the pipeline again, "
          + "under its name, they come back", isNegative: false))
  }

  /// A mistyped date shows here first: the figure it belongs to is compared with another day's.
  private func tell(_ outside: [String]) {
    guard !outside.isEmpty else { return }
    context.host.note(
      Notice(
        stage: context.stage, code: "visits_outside_window",
        what: "\(outside.count) visit\(outside.count == 1 ? " lies" : "s lie") outside the study's "
          + "window: \(Notice.list(outside))",
        hint: "check the dates in the list of pictures; the figures stand, and 'window_offset' of "
          + "the table 'visit' marks them", isNegative: false))
  }
}

/// Whether the last effect of this identity was another one.
private func isNew(_ input: Released, digest: String, in db: Database) throws -> Bool {
  let last = try String.fetchOne(
    db, sql: "SELECT digest FROM effect WHERE identity = ? ORDER BY id DESC LIMIT 1",
    arguments: [input.identity.text])
  return last != digest
}
