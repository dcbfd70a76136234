public import ClinicalRecords
public import StageKit

/// `registry.csv`: the release as tables that any program reads, with a data dictionary and a list
/// of every file that may leave.
///
/// Written whole from the released records at drain, in the order of the schedule, so the same
/// records give the same bytes. It runs after all other sinks, so its manifest
/// covers their files.
public struct RegistryTables: Projection {
  /// Where the tables go and what they hold.
  public struct Settings: StageSettings {
    /// The folder of the tables.
    public var path = "tables"
    /// Whether `hairs.csv` is written.
    public var hairs = false

    /// Makes the defaults.
    public init() {}

    /// Both settings.
    public static var declarations: [SettingDeclaration] {
      [
        SettingDeclaration("path", .outputPath, "The folder that the tables are written to."),
        SettingDeclaration(
          "hairs", .boolean, "Whether to write hairs.csv, one row a hair (about 150 bytes each)."),
      ]
    }
  }

  /// Written from what was released.
  public typealias Input = Released

  /// A projection.
  public static let manifest = StageManifest(
    id: "registry.csv",
    summary: "Writes released rows as CSV tables with a data dictionary and a manifest of files.",
    resultVersion: "1",
    // About 1 KB a picture, its keys and its file; figures and hairs are those of one region. 100,000
    // pictures are ten of the design's batches.
    workingSetBytes: 120 << 20, effect: .projection)

  private let context: StageContext
  private let folder: String
  private let writesHairs: Bool

  /// Opens nothing yet.
  public init(settings: Settings, context: StageContext) async throws {
    self.context = context
    folder = context.folder.resolve(settings.path)
    writesHairs = settings.hairs
  }

  /// Writes all tables, the dictionary and the manifest.
  ///
  /// Every record is read to know its place, and measurements once more when the turn of their region
  /// comes: their figures are never all in memory.
  public func project(_ records: ProjectedRecords<Released>) async throws {
    let order = ScheduleOrder(context.study)
    let acquisitions = try await acquisitions(of: records).sorted {
      order.precedes($0.key, $1.key)
    }
    try tellAltered()
    try await writeTables(of: acquisitions, records)
    if writesHairs { try await writeHairs(acquisitions.compactMap(\.measuredAt), records) }
    try writeDictionary()
    try ReleaseManifest(context: context, audit: records.audit).write()
  }

  /// A row for each acquisition, without its figures.
  private func acquisitions(
    of records: ProjectedRecords<Released>
  ) async throws -> [AcquisitionRow] {
    var rows: [ReleasedAcquisition: AcquisitionRow] = [:]
    for index in 0..<records.count {
      let released = try await records.record(at: index).record
      let key = released.acquisition
      rows[key, default: AcquisitionRow(key: key, label: released.label)].add(released, at: index)
    }
    for index in 0..<records.withdrawnCount {
      let released = try await records.withdrawn(at: index)
      let key = released.acquisition
      if rows[key] == nil { rows[key] = AcquisitionRow(withdrawn: key, label: released.label) }
    }
    return Array(rows.values)
  }

  /// Writes the tables whose rows come of one region at a visit after the other.
  private func writeTables(
    of acquisitions: [AcquisitionRow], _ records: ProjectedRecords<Released>
  ) async throws {
    let refusals = Refusals(records.setAside)
    var table = try begin(ReleasedTables.acquisitions)
    var measurements = try begin(ReleasedTables.measurements)
    var results = try begin(ReleasedTables.results)
    var start = 0
    while start < acquisitions.count {
      let visit = acquisitions[start].key.regionVisit
      let end = acquisitions[start...].firstIndex { $0.key.regionVisit != visit }
      var region = acquisitions[start..<(end ?? acquisitions.count)]
      for index in region.indices {
        if let place = region[index].measuredAt {
          region[index].measure(try await records.record(at: place).record)
        }
        region[index].complete(with: refusals)
      }
      for row in RegionFigures.rows(of: &region, visit) {
        try results.append(ReleasedTables.results.line(row))
      }
      for row in region {
        try table.append(ReleasedTables.acquisitions.line(row))
        guard let facts = row.measurement else { continue }
        try measurements.append(
          ReleasedTables.measurements.line(MeasurementRow(key: row.key, facts: facts)))
      }
      start = region.endIndex
    }
    let paths = [table.path, measurements.path, results.path]
    try table.commit()
    try measurements.commit()
    try results.commit()
    for path in paths { try context.release(written: path) }
  }

  /// Tells which of the files that are now written were changed or removed since they last were.
  private func tellAltered() throws {
    let tables = ["acquisitions", "measurements", "results", "hairs", "data-dictionary"]
    let altered = try context.altered(
      tables.map(path) + [ReleaseManifest.path(in: context.folder)])
    if altered.isEmpty { return }
    context.host.note(
      .restored(
        "tables", code: "tables_restored", altered, in: context.folder.path, by: context.stage))
  }

  private func path(of table: String) -> String { "\(folder)/\(table).csv" }

  private func begin<Row>(_ table: TableDefinition<Row>) throws -> OutputFile {
    var file = try OutputFile(path(of: table.name))
    try file.append(table.header)
    return file
  }

  /// Reads each measurement again, so that the hairs of one picture at a time are in memory.
  private func writeHairs(_ indices: [Int], _ records: ProjectedRecords<Released>) async throws {
    var file = try begin(ReleasedTables.hairs)
    for index in indices {
      let released = try await records.record(at: index).record
      guard case .measurement(let measurement) = released.body else { continue }
      for hair in measurement.hairs.sorted(by: { $0.id < $1.id }) {
        try file.append(
          ReleasedTables.hairs.line(HairRow(key: released.acquisition, hair: hair)))
      }
    }
    let path = file.path
    try file.commit()
    try context.release(written: path)
  }

  private func writeDictionary() throws {
    var file = try OutputFile(path(of: "data-dictionary"))
    try file.append(DataDictionary.header)
    let lines =
      ReleasedTables.acquisitions.dictionaryLines + ReleasedTables.measurements.dictionaryLines
      + ReleasedTables.results.dictionaryLines
      + (writesHairs ? ReleasedTables.hairs.dictionaryLines : [])
    for line in lines { try file.append(line) }
    let path = file.path
    try file.commit()
    try context.release(written: path)
  }
}

/// The figures of one region at one session, picture by picture and combined.
private enum RegionFigures {
  /// Gives the rows, and notes in each acquisition what became of it.
  static func rows(
    of acquisitions: inout ArraySlice<AcquisitionRow>, _ visit: RegionVisit
  ) -> [FigureRow] {
    let parts = acquisitions.compactMap(\.measurement?.part)
    guard !parts.isEmpty, let first = acquisitions.first else { return [] }
    let combined = RegionMeasurement.combine(parts, of: visit)
    for attempt in combined.attempts {
      let index = acquisitions.firstIndex {
        ($0.key.placement, $0.key.field, $0.key.attempt)
          == (attempt.placement, attempt.field, attempt.attempt)
      }
      if let index { acquisitions[index].figures = Disposition(attempt) }
    }
    var rows: [FigureRow] = []
    for acquisition in acquisitions {
      guard let facts = acquisition.measurement else { continue }
      rows += facts.summary.entries.map { entry in
        FigureRow(
          level: "image", key: acquisition.key, quantity: entry.quantity, hairs: entry.hairs,
          figure: entry.figure, confidence: facts.level, area: facts.area.squareCentimetres,
          basis: facts.part.basis(of: entry.quantity, hairs: entry.hairs), fieldCount: 1,
          placementCount: 1, use: acquisition.figures?.state)
      }
    }
    return rows
      + combined.figures.map { figure in
        var row = FigureRow(
          level: "region_visit", key: first.key, quantity: figure.quantity, hairs: figure.hairs,
          figure: figure.figure, confidence: combined.intervalLevel,
          area: figure.squareCentimetres, basis: figure.basis,
          fieldCount: figure.fieldCount, placementCount: figure.placementCount)
        for source in RegionFigure.Uncertainty.Source.allCases {
          row.standardErrors[source] = figure.standardError(source)
        }
        return row
      }
  }
}

extension ReleasedAcquisition {
  /// The level at which fields and placements are combined.
  var regionVisit: RegionVisit {
    RegionVisit(
      study: study, subject: subject, visit: visit, session: session, region: region, side: side)
  }
}
