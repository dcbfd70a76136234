import ClinicalRecords

extension ReleasedTables {
  static let figureColumns: [TableColumn<FigureRow>] =
    [
      TableColumn(
        "quantity", "text", "What the figure measures: \(definitions)",
        allowed: HairQuantity.allCases.map(\.rawValue).joined(separator: " "), source: "figure"
      ) { .text($0.quantity.rawValue) },
      TableColumn(
        "hairs", "text", "Which counted hairs: all, a class, or a band of diameters.",
        source: "figure"
      ) { .text($0.hairs) },
      TableColumn("value", "number", unit: "column unit", "The estimate.", source: "figure") {
        TableCell($0.value?.value)
      },
      TableColumn(
        "unit", "text", "The unit of value, low, high and the standard errors.",
        allowed: Set(HairQuantity.allCases.map(\.unit)).sorted().joined(separator: " "),
        source: "figure"
      ) { .text($0.quantity.unit) },
      TableColumn(
        "low", "number", unit: "column unit", "The interval's lower end.", source: "figure"
      ) { TableCell($0.value?.low) },
      TableColumn(
        "high", "number", unit: "column unit", "The interval's upper end.", source: "figure"
      ) { TableCell($0.value?.high) },
      TableColumn(
        "level_of_confidence", "number", unit: "1", "The interval's level.", source: "figure"
      ) { $0.value?.low == nil ? .empty : .number($0.confidence) },
      TableColumn(
        "interval_kind", "text", "The sources of uncertainty that the interval covers.",
        allowed: "sampling sampling+scale", source: "figure"
      ) { TableCell($0.value?.interval) },
    ] + standardErrorColumns + [
      TableColumn(
        "n_hairs", "number", unit: "hairs",
        "Counted hairs that the figure is made of on a placement's fields together, mean over "
          + "placements; for figures of diameters those that have one.",
        source: "figure"
      ) { .number($0.basis.hairCount) },
      TableColumn(
        "n_unresolved", "number", unit: "hairs",
        "Counted hairs that the figure leaves out, since their diameter or class could not be told; "
          + "they may belong to its set. Empty where it needs neither.",
        source: "figure"
      ) { TableCell($0.basis.unresolvedCount) },
      TableColumn(
        "caution", "text",
        "unresolved_hairs where n_unresolved is more than "
          + "\(Int(FigureBasis.mostUnresolved * 100)) % of all counted hairs: the figure then follows "
          + "how sharp the pictures are.", allowed: "unresolved_hairs", source: "figure"
      ) { TableCell($0.basis.caution) },
      TableColumn(
        "n_fields", "integer", "Patches of skin used, the same in every placement.",
        source: "combination"
      ) {
        .integer($0.fieldCount)
      },
      TableColumn("n_placements", "integer", "Placements used.", source: "combination") {
        .integer($0.placementCount)
      },
      TableColumn(
        "area_cm2", "number", unit: "cm2",
        "The measured area of a placement's fields together, mean over placements.",
        source: "combination"
      ) { .number($0.area) },
      TableColumn(
        "picture_use", "text",
        "What became of the picture that the figure is of; empty for combined figures.",
        allowed: "selected accepted rejected", source: "disposition"
      ) { TableCell($0.use?.rawValue) },
      TableColumn(
        "missing_reason", "text", "Why there is no value; empty when there is one.",
        allowed: "no_hairs no_diameters one_diameter units_not_formed one_unit no_measured_area "
          + "image_rejected analysis_differs light_differs", source: "figure"
      ) { TableCell($0.missing) },
    ]

  private static var definitions: String {
    HairQuantity.allCases.map { "\($0.rawValue): \($0.definition)" }.joined(separator: " ")
  }

  private static var standardErrorColumns: [TableColumn<FigureRow>] {
    let meanings: [(RegionFigure.Uncertainty.Source, String)] = [
      (.sampling, "Standard error from which skin was seen."),
      (.placement, "Standard error from where the probe was put; needs repeated placements."),
      (.detection, "Standard error from how shafts were measured, where it is known."),
      (.scale, "Standard error from um_per_px; shared by all pictures of one calibration."),
    ]
    return meanings.map { source, meaning in
      TableColumn(
        "se_\(source.rawValue)", "number", unit: "column unit", meaning, source: "combination"
      ) { TableCell($0.standardErrors[source]) }
    }
  }

  static let hairColumns: [TableColumn<HairRow>] = [
    TableColumn("hair", "integer", "The hair's number in its picture.", source: "measurement") {
      .integer($0.hair.id)
    },
    number("root_x_px", "pixel", "Where it leaves the skin, to the right.") { $0.root.first },
    number("root_y_px", "pixel", "Where it leaves the skin, downwards.") { $0.root.last },
    number("root_certainty", "1", "How sure it is that this end is the root, from 0.5 to 1.") {
      $0.rootCertainty
    },
    number("diameter_um", "um", "The mean diameter of its free shaft.") { $0.diameter?.value },
    number("diameter_se_um", "um", "That mean's standard error.") { $0.diameter?.standardError },
    TableColumn(
      "class", "text", "Its class by the vellus cut-off.", allowed: "terminal vellus unresolved",
      source: "measurement"
    ) { .text($0.hair.class.rawValue) },
    number("length_um", "um", "Its length along the shaft.") { $0.length },
    TableColumn(
      "length_censored", "boolean", "Whether it goes on where it could not be followed.",
      allowed: "true false", source: "measurement"
    ) { .boolean($0.hair.isLengthCensored) },
    TableColumn("follicular_unit", "integer", "Which unit it grows from.", source: "measurement") {
      TableCell($0.hair.follicularUnit)
    },
    TableColumn(
      "counted", "boolean", "Whether its root lies in the measured area.", allowed: "true false",
      source: "measurement"
    ) { .boolean($0.hair.counted) },
    number("confidence", "1", "How sure it is that this is a hair.") { $0.confidence },
    TableColumn("flags", "text", "What else is known.", source: "measurement") {
      .text($0.hair.flags.joined(separator: " "))
    },
  ]

  private static func number(
    _ name: String, _ unit: String, _ meaning: String,
    _ part: @escaping @Sendable (Hair) -> Double?
  ) -> TableColumn<HairRow> {
    TableColumn(name, "number", unit: unit, meaning, source: "measurement") {
      TableCell(part($0.hair))
    }
  }
}
