import ClinicalRecords

extension ReleasedTables {
  static let areaColumns: [TableColumn<MeasurementRow>] = [
    number("area_cm2", "cm2", "The measured area, masks taken off.") {
      $0.area.squareCentimetres
    },
    number("masked_cm2", "cm2", "What masks took off.") { $0.area.maskedSquareCentimetres },
    number("guard_um", "um", "How far the area is inset from the target area.") {
      $0.area.guardMicrometres
    },
    number("um_per_px", "um/pixel", "How large a pixel is.") { $0.scale.micrometresPerPixel },
    number("scale_rel_u", "1", "The standard uncertainty of um_per_px relative to it.") {
      $0.scale.relativeUncertainty
    },
    TableColumn(
      "scale_source", "text", "Where um_per_px comes from.",
      allowed: "argument manifest profile overlay", source: "calibration"
    ) { .text($0.facts.scale.source.rawValue) },
    TableColumn("calibration", "text", "The calibration record.", source: "calibration") {
      TableCell($0.facts.scale.calibration)
    },
    TableColumn(
      "calibration_age", "integer", unit: "day", "The calibration's age at capture.",
      source: "calibration"
    ) { TableCell($0.facts.scale.ageDays) },
    number("vellus_at_most", "um", "Vellus is at most this diameter.") { $0.cutOffs.vellusAtMost },
    number("thin_below", "um", "Thin is below this diameter.") { $0.cutOffs.thinBelow },
    TableColumn(
      "hairs_found", "integer", unit: "hairs", "Hairs found, counted or not.",
      source: "measurement"
    ) { .integer($0.facts.hairsFound) },
  ]

  static let qualityColumns: [TableColumn<MeasurementRow>] = [
    TableColumn(
      "quality_accepted", "boolean", "Whether the picture passed its quality gate.",
      allowed: "true false", source: "quality gate"
    ) { .boolean($0.facts.quality.accepted) },
    TableColumn("quality_reasons", "text", "Why it did not pass.", source: "quality gate") {
      .text($0.facts.quality.reasons.joined(separator: "; "))
    },
    number("sharpness", "1", "From 0, blurred, to 1, sharp.") { $0.quality.sharpness },
    TableColumn(
      "point_spread_sigma", "number", unit: "um", "The point spread's standard deviation.",
      source: "measurement"
    ) { TableCell($0.facts.quality.pointSpreadSigmaMicrometres) },
    number("glare_share", "1", "The share of the picture lost to glare.") {
      $0.quality.glareShare
    },
    TableColumn(
      "exposure", "text", "How the picture is exposed.", allowed: "good dark bright",
      source: "measurement"
    ) { .text($0.facts.quality.exposure) },
  ]

  static let provenanceColumns: [TableColumn<MeasurementRow>] = [
    provenance("origin", "Who decided.", allowed: "automatic corrected manual") {
      $0.origin.rawValue
    },
    provenance("stage", "The stage that measured.") { $0.stage },
    provenance("stage_version", "The version of its results.") { $0.version },
    provenance("model", "The digest of its classifier's table.") { $0.model },
    provenance("settings", "The digest of its settings.") { $0.settings },
    provenance("channel", "The channel that was measured.") { $0.channel },
  ]

  private static func number(
    _ name: String, _ unit: String, _ meaning: String,
    _ part: @escaping @Sendable (AcquisitionRow.MeasurementFacts) -> Double
  ) -> TableColumn<MeasurementRow> {
    TableColumn(name, "number", unit: unit, meaning, source: "measurement") {
      .number(part($0.facts))
    }
  }

  private static func provenance(
    _ name: String, _ meaning: String, allowed: String = "",
    _ part: @escaping @Sendable (MeasurementProvenance) -> String
  ) -> TableColumn<MeasurementRow> {
    TableColumn(name, "text", meaning, allowed: allowed, source: "provenance") {
      .text(part($0.facts.provenance))
    }
  }
}
