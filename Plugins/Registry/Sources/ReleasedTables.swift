import ClinicalRecords

/// The tables of a release, with every column's meaning.
enum ReleasedTables {
  static let acquisitions = TableDefinition<AcquisitionRow>(
    name: "acquisitions",
    columns: keyColumns(\.key) + [
      TableColumn(
        "reference", "text",
        "Keyed reference to the acquisition, the same when its picture is replaced (then "
          + "picture_sha256 is another); tells nothing without the key.",
        source: "de-identification"
      ) { .text($0.key.reference) },
      TableColumn(
        "label", "text", "What the row can tell about who it was.",
        allowed: "pseudonymised deidentified", source: "de-identification"
      ) { .text($0.label.rawValue) },
      TableColumn(
        "state", "text",
        "What became of its figures: selected is in its region's figures, accepted passed after "
          + "another attempt had, rejected is a matter of quality, failed a technical one, held "
          + "one of privacy; excluded was withdrawn by a person.",
        allowed: "selected accepted rejected failed held excluded not_measured",
        source: "disposition"
      ) { .text($0.figures?.state.rawValue ?? "not_measured") },
      TableColumn(
        "reason", "text",
        "Why: stable words; quality_reasons of the measurement says it in full.",
        source: "disposition"
      ) { TableCell($0.figures?.reason) },
      TableColumn(
        "picture_state", "text", "What became of the picture itself.",
        allowed: "released failed held excluded not_released", source: "disposition"
      ) { .text($0.picture?.state.rawValue ?? "not_released") },
      TableColumn(
        "picture_reason", "text",
        "Why: a stable word such as burned_in_text; no_axis_aligned_text_found says that the detector "
          + "saw no line of drawn text along rows or columns, and no more.",
        source: "disposition"
      ) { TableCell($0.picture?.reason) },
      TableColumn(
        "picture", "text", "The released picture's file; empty when there is none.",
        source: "de-identification"
      ) { TableCell($0.image?.name) },
      TableColumn("picture_sha256", "text", "Its SHA-256.", source: "de-identification") {
        TableCell($0.image?.sha256)
      },
      TableColumn(
        "picture_bytes", "integer", unit: "byte", "Its size.", source: "de-identification"
      ) { TableCell($0.image?.byteCount) },
      TableColumn("width", "integer", unit: "pixel", "Pixels a row.", source: "picture") {
        TableCell($0.image?.width ?? $0.measurement?.width)
      },
      TableColumn("height", "integer", unit: "pixel", "Rows.", source: "picture") {
        TableCell($0.image?.height ?? $0.measurement?.height)
      },
    ])

  static let measurements = TableDefinition<MeasurementRow>(
    name: "measurements",
    columns: keyColumns(\.key) + areaColumns + qualityColumns + provenanceColumns)

  static let results = TableDefinition<FigureRow>(
    name: "results",
    columns: [
      TableColumn(
        "level", "text", "Whether the figure is of one picture or of a region's pictures combined.",
        allowed: "image region_visit", source: "combination"
      ) { .text($0.level) }
    ] + keyColumns(\.key, hasPlace: { $0.level == "image" }) + figureColumns)

  static let hairs = TableDefinition<HairRow>(
    name: "hairs", columns: keyColumns(\.key) + hairColumns)

  private static func keyColumns<Row>(
    _ key: @escaping @Sendable (Row) -> ReleasedAcquisition,
    hasPlace: @escaping @Sendable (Row) -> Bool = { _ in true }
  ) -> [TableColumn<Row>] {
    func text(
      _ name: String, _ meaning: String, allowed: String = "",
      _ part: @escaping @Sendable (ReleasedAcquisition) -> String
    ) -> TableColumn<Row> {
      TableColumn(name, "text", meaning, allowed: allowed, source: "acquisition") {
        .text(part(key($0)))
      }
    }
    func number(
      _ name: String, _ meaning: String,
      _ part: @escaping @Sendable (ReleasedAcquisition) -> Int
    ) -> TableColumn<Row> {
      TableColumn(name, "integer", meaning, allowed: "1 or more", source: "acquisition") {
        hasPlace($0) ? .integer(part(key($0))) : .empty
      }
    }
    return [
      text("study", "The study.") { $0.study },
      text(
        "subject",
        "The trial subject number, or the code that stands for it: 16 letters and digits."
      ) { $0.subject },
      text(
        "visit",
        "The visit's name in the study file; visit- and a code where a name could identify."
      ) { $0.visit },
      TableColumn(
        "study_day", "integer", unit: "day",
        "The day relative to the study's anchor; day 1 is the anchor, there is no day 0.",
        allowed: "not 0", source: "acquisition"
      ) { TableCell(key($0).studyDay) },
      text("session", "The session of the visit.") { $0.session },
      text("region", "The region's code; region- and a code where a name could identify.") {
        $0.region
      },
      text("side", "The side.", allowed: "left right midline unknown") { $0.side },
      number("placement", "How often the probe was put on the spot.") { $0.placement },
      number("field", "Which patch of skin of the region.") { $0.field },
      number("attempt", "Which retake of the same skin.") { $0.attempt },
    ]
  }
}
