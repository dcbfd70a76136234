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
    // About 12 KB a picture: 100 hairs of 72 bytes, a summary of 2 KB and its rows; 10,000
    // pictures in one release are the design's batch.
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
  public func project(_ records: ProjectedRecords<Released>) async throws {
    let order = ScheduleOrder(context.study)
    var rows: [ReleasedAcquisition: AcquisitionRow] = [:]
    var measured: [(key: ReleasedAcquisition, index: Int)] = []
    for index in 0..<records.count {
      let released = try await records.record(at: index).record
      let key = released.acquisition
      rows[key, default: AcquisitionRow(key: key, label: released.label)].add(released)
      if case .measurement = released.body { measured.append((key, index)) }
    }
    for index in 0..<records.withdrawnCount {
      let released = try await records.withdrawn(at: index)
      let key = released.acquisition
      if rows[key] == nil { rows[key] = AcquisitionRow(withdrawn: key, label: released.label) }
    }
    let refusals = Refusals(records.setAside)
    var acquisitions = rows.values.sorted { order.precedes($0.key, $1.key) }
    for index in acquisitions.indices { acquisitions[index].complete(with: refusals) }
    var figures: [FigureRow] = []
    var start = 0
    while start < acquisitions.count {
      let visit = acquisitions[start].key.regionVisit
      var end = start
      while end < acquisitions.count, acquisitions[end].key.regionVisit == visit { end += 1 }
      figures += RegionFigures.rows(of: &acquisitions[start..<end], visit)
      start = end
    }
    let measurements = acquisitions.compactMap { row in
      row.measurement.map { MeasurementRow(key: row.key, facts: $0) }
    }
    try tellAltered()
    try write(ReleasedTables.acquisitions, acquisitions)
    try write(ReleasedTables.measurements, measurements)
    try write(ReleasedTables.results, figures)
    if writesHairs {
      measured.sort { order.precedes($0.key, $1.key) }
      try await writeHairs(measured.map(\.index), records)
    }
    try writeDictionary()
    try ReleaseManifest(context: context, audit: records.audit).write()
  }

  /// Tells which of the files that are now written were changed or removed since they last were.
  private func tellAltered() throws {
    let tables = ["acquisitions", "measurements", "results", "hairs", "data-dictionary"]
    let altered = try context.altered(
      tables.map { "\(folder)/\($0).csv" } + [ReleaseManifest.path(in: context.folder)])
    if altered.isEmpty { return }
    context.host.note(
      .restored(
        "tables", code: "tables_restored", altered, in: context.folder.path, by: context.stage))
  }

  private func write<Row>(_ table: TableDefinition<Row>, _ rows: [Row]) throws {
    try writeTable(table.name) { file in
      try file.append(table.header)
      for row in rows { try file.append(table.line(row)) }
    }
  }

  private func writeTable(_ name: String, _ body: (inout OutputFile) throws -> Void) throws {
    let path = "\(folder)/\(name).csv"
    var file = try OutputFile(path)
    try body(&file)
    try file.commit()
    try context.release(written: path)
  }

  /// Reads each measurement again, so that the hairs of one picture at a time are in memory.
  private func writeHairs(_ indices: [Int], _ records: ProjectedRecords<Released>) async throws {
    let path = "\(folder)/\(ReleasedTables.hairs.name).csv"
    var file = try OutputFile(path)
    try file.append(ReleasedTables.hairs.header)
    for index in indices {
      let released = try await records.record(at: index).record
      guard case .measurement(let measurement) = released.body else { continue }
      for hair in measurement.hairs.sorted(by: { $0.id < $1.id }) {
        try file.append(
          ReleasedTables.hairs.line(HairRow(key: released.acquisition, hair: hair)))
      }
    }
    try file.commit()
    try context.release(written: path)
  }

  private func writeDictionary() throws {
    try writeTable("data-dictionary") { file in
      try file.append(DataDictionary.header)
      let lines =
        ReleasedTables.acquisitions.dictionaryLines + ReleasedTables.measurements.dictionaryLines
        + ReleasedTables.results.dictionaryLines
        + (writesHairs ? ReleasedTables.hairs.dictionaryLines : [])
      for line in lines { try file.append(line) }
    }
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
