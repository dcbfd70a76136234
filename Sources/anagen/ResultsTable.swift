import ClinicalRecords
import Ledger
import Reports
import StageKit

/// The figures of every region and visit in a data folder, fields and placements combined.
///
/// The rows name subjects: they are shown to who ran the pipeline, who may see OUT/private.
struct ResultsTable {
  /// More rows than a person reads on a terminal; the registry has them all.
  static let rowLimit = 40

  private let rows: [(region: RegionMeasurement, truth: RegionTruth?)]
  /// How many measured pictures the quality gate accepted.
  let accepted: Int
  /// Those that it rejected.
  let rejected: [UnmeasuredPictures.Picture]

  /// Reads the current measurements from the ledger.
  ///
  /// - Parameters:
  ///   - folder: the data folder.
  ///   - truth: what is true of rendered pictures, if there are any.
  ///   - failed: pictures that cannot be measured as they are now; what an earlier version of one
  ///     gave does not count.
  init(
    folder: DataFolder, truth: PhantomTruthFile?, failed: [UnmeasuredPictures.Picture] = []
  ) throws {
    let failed = Set(failed.map(\.acquisition))
    let contents = "\(folder.privatePath)/content"
    let decoder = RecordDecoder(contentFolder: contents)
    var rows: [(region: RegionMeasurement, truth: RegionTruth?)] = []
    var open: [HairMeasurement] = []
    var accepted = 0
    var rejected: [UnmeasuredPictures.Picture] = []
    func close() throws {
      if !open.isEmpty {
        rows.append(
          (try RegionMeasurement.combine(open), truth.flatMap { RegionTruth(of: open, by: $0) }))
      }
      open = []
    }
    // Identities sort by subject, visit and region, so the pictures of one region come together.
    try LedgerReading(folder: folder).forEachCurrent(
      HairMeasurement.schema,
      { payload in
        let measurement = try decoder.decode(HairMeasurement.self, from: payload)
        guard let key = measurement.acquisition, !failed.contains(key) else { return }
        if let last = open.last?.acquisition, last.regionVisit != key.regionVisit { try close() }
        open.append(measurement)
        if measurement.quality.accepted {
          accepted += 1
        } else {
          rejected.append(
            UnmeasuredPictures.Picture(
              acquisition: key, state: "rejected",
              why: measurement.quality.reasons.joined(separator: "; ")))
        }
      }, contentFolder: contents)
    try close()
    // Of one subject the order of the identities stays.
    self.rows = rows.enumerated().sorted { left, right in
      let subjects = (left.element.region.regionVisit, right.element.region.regionVisit)
      return subjects.0.subject == subjects.1.subject
        ? left.offset < right.offset
        : NaturalOrder.precedes(subjects.0.subject, subjects.1.subject)
    }.map(\.element)
    self.accepted = accepted
    self.rejected = rejected
  }

  /// Whether nothing was measured.
  var isEmpty: Bool { rows.isEmpty }

  var text: String {
    let hasTruth = rows.contains { $0.truth != nil }
    let heading: [(title: String, alignment: TextTable.Alignment)] = [
      ("subject", .left), ("visit", .left), ("region", .left), ("cm2", .right), ("hairs", .right),
      ("density /cm2", .right), ("95 % interval", .left), ("median um", .right), ("T:V", .right),
    ]
    let truthHeading: [(title: String, alignment: TextTable.Alignment)] = [
      ("true: hairs", .right), ("density", .right), ("median", .right), ("T:V", .right),
    ]
    var table = TextTable(hasTruth ? heading + truthHeading : heading)
    for row in rows.prefix(ResultsTable.rowLimit) {
      table.add(cells(of: row.region) + (hasTruth ? cells(of: row.truth) : []))
    }
    let rest = rows.count - ResultsTable.rowLimit
    let hasCaution = rows.prefix(ResultsTable.rowLimit).contains { row in
      ResultsTable.diameters.contains { isCautioned($0, in: row.region) }
    }
    return table.text
      + (hasCaution
        ? "\n* more than a tenth of the hairs have no resolvable diameter and are not in the figure"
        : "") + (rest > 0 ? "\nand \(rest) more: the tables and the registry have all" : "")
  }

  var json: JSONValue {
    .array(
      rows.map { region, truth in
        let visit = region.regionVisit
        var members: [JSONValue.Member] = [
          .init("subject", .string(visit.subject)), .init("visit", .string(visit.visit)),
          .init("session", .string(visit.session)), .init("region", .string(visit.region)),
          .init("side", .string(visit.side)),
          .init("hairCount", number(of: .count, in: region)),
          .init("hairDensity", number(of: .density, in: region)),
          .init("medianDiameter", number(of: .medianDiameter, in: region)),
          .init("terminalShare", number(of: .terminalShare, in: region)),
        ]
        if let truth {
          members.append(
            .init(
              "truth",
              .object([
                .init("hairCount", .number(truth.count)),
                .init("hairDensity", .number(truth.density)),
                .init("medianDiameter", truth.medianDiameter.map { .number($0) } ?? .null),
              ])))
        }
        return .object(members)
      })
  }

  private func cells(of region: RegionMeasurement) -> [String] {
    let visit = region.regionVisit
    let density = figure(.density, in: region)
    return [
      visit.subject, visit.visit,
      visit.region + (visit.side == "unknown" ? "" : " \(visit.side)"),
    ]
      + (figure(.count, in: region).value == nil
        ? ["-", "none", "-", why(of: region), "-", "-"]
        : [
          MeasurementText.fixed(region.figure(.density)?.squareCentimetres ?? 0, 2),
          bare(figure(.count, in: region), 0), bare(density, 1), interval(density),
          bare(figure(.medianDiameter, in: region), 1) + mark(.medianDiameter, in: region),
          ratio(of: region) + mark(.terminalShare, in: region),
        ])
  }

  /// Why a region has no figures, as words.
  private func why(of region: RegionMeasurement) -> String {
    guard case .missing(let reason) = figure(.count, in: region) else { return "" }
    return FigureText.reason(reason)
  }

  /// The quantities shown that leave out hairs without a diameter.
  private static let diameters: [HairQuantity] = [.medianDiameter, .terminalShare]

  private func isCautioned(_ quantity: HairQuantity, in region: RegionMeasurement) -> Bool {
    region.figure(quantity)?.basis.isCautioned ?? false
  }

  private func mark(_ quantity: HairQuantity, in region: RegionMeasurement) -> String {
    isCautioned(quantity, in: region) ? "*" : ""
  }

  private func cells(of truth: RegionTruth?) -> [String] {
    guard let truth else { return ["", "", "", ""] }
    return [
      MeasurementText.fixed(truth.count, 0), MeasurementText.fixed(truth.density, 1),
      truth.medianDiameter.map { MeasurementText.fixed($0, 1) } ?? "none",
      truth.ratio.map { MeasurementText.fixed($0, 1) } ?? "undefined",
    ]
  }

  private func figure(_ quantity: HairQuantity, in region: RegionMeasurement) -> Figure {
    region.figure(quantity)?.figure ?? .missing("not_reported")
  }

  private func ratio(of region: RegionMeasurement) -> String {
    guard let terminal = region.figure(.count, hairs: "terminal")?.figure.value,
      let vellus = region.figure(.count, hairs: "vellus")?.figure.value, vellus > 0
    else { return "undefined" }
    return MeasurementText.fixed(terminal / vellus, 1)
  }

  private func bare(_ figure: Figure, _ decimals: Int) -> String {
    switch figure {
    case .known(let value): MeasurementText.fixed(value.value, decimals)
    case .missing: "none"
    }
  }

  private func interval(_ figure: Figure) -> String {
    guard case .known(let value) = figure, let low = value.low, let high = value.high else {
      return ""
    }
    return "\(MeasurementText.fixed(low, 1)) to \(MeasurementText.fixed(high, 1))"
  }

  private func number(of quantity: HairQuantity, in region: RegionMeasurement) -> JSONValue {
    do {
      return try CanonicalJSONEncoder().document(figure(quantity, in: region))
    } catch {
      preconditionFailure("a figure is finite: \(error)")
    }
  }
}
