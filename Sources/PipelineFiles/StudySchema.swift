public import ClinicalRecords

/// The JSON Schema (2020-12) of study files, for editors: what `anagen schema study` prints.
public enum StudySchema {
  /// The schema.
  public static let document = JSONValue.object(
    [
      JSONValue.Member("$schema", .string(JSONSchema.dialect)),
      JSONValue.Member("$id", .string("urn:anagen:schema:study:1")),
      JSONValue.Member("title", .string("Anagen study")),
    ]
      + JSONSchema.members(
        of: JSONSchema.object(properties, required: ["anagen_study", "study"], help: nil)))

  private static let properties: [(key: String, schema: JSONValue)] =
    [("anagen_study", .object([JSONValue.Member("const", .integer(1))]))] + who + schedule + how
    + results

  private static let texts = JSONSchema.text("")

  private static let who: [(key: String, schema: JSONValue)] = [
    (
      "study",
      JSONSchema.object(
        [
          ("id", JSONSchema.text("The study's id, such as its registration number.")),
          ("protocol", JSONSchema.text("The protocol's name.")),
          ("version", JSONSchema.text("The version of this file.")),
          ("status", JSONSchema.words(Study.Status.self, "Whether rows may still change.")),
        ], required: ["id"], help: "Alone, it makes an open study.")
    ),
    ("assumed", JSONSchema.list(of: texts, "Keys whose values are assumptions until confirmed.")),
    ("sites", JSONSchema.map(of: texts, "Names of trial sites by code.")),
    (
      "subjects",
      JSONSchema.object(
        [
          ("pattern", JSONSchema.text("A regular expression that subject numbers match whole.")),
          ("check", JSONSchema.list(of: texts, "What is asked beside the number.")),
          ("planned", JSONSchema.integer(1...1_000_000, "How many are planned.")),
          (
            "eligibility",
            JSONSchema.object(
              [
                ("sex", JSONSchema.words(["male", "female", "any"], "")),
                ("age", pair(JSONSchema.integer(0...130, "Years."), "Lowest and highest age.")),
                ("norwood", pair(texts, "Lowest and highest grade.")),
              ], help: "Who may take part.")
          ),
        ], help: "The subjects.")
    ),
    (
      "arms",
      JSONSchema.object(
        [
          ("labels", JSONSchema.list(of: texts, "The arms; never who is in which.")),
          ("ratio", JSONSchema.text("The ratio of allocation.", pattern: "^[0-9]+(:[0-9]+)*$")),
          ("allocation", JSONSchema.words(["external"], "Kept in an encrypted file of its own.")),
        ], required: ["labels"], help: nil)
    ),
    (
      "masking",
      JSONSchema.object(
        [
          (
            "masked",
            JSONSchema.list(
              of: JSONSchema.words(
                ["participant", "investigator", "operator", "reader", "statistician"], ""),
              "Who may not know the arms.")
          ), ("operator_sees", JSONSchema.words(["quality", "figures"], "What a picture shows.")),
          ("unmask", JSONSchema.words(["after_lock"], "When the allocation may be opened.")),
        ], help: nil)
    ),
  ]

  private static let schedule: [(key: String, schema: JSONValue)] = [
    (
      "anchor",
      JSONSchema.object(
        [
          ("event", JSONSchema.text("What happens on day 1.")),
          ("is_day", .object([JSONValue.Member("const", .integer(1))])),
        ], help: "What study days count from.")
    ),
    (
      "visits",
      JSONSchema.map(
        of: JSONSchema.object(
          [
            ("day", JSONSchema.integer(-10_000...10_000, "The planned study day; never 0.")),
            (
              "window",
              pair(JSONSchema.integer(-3650...3650, "Days."), "Days before and after it.")
            ), ("before", JSONSchema.text("What the visit comes before.")),
            ("placements", JSONSchema.integer(1...100, "How often the probe is put on a spot.")),
            ("primary", JSONSchema.boolean("Whether the primary outcome is of this visit.")),
          ], required: ["day"], help: nil), "The visits by name, in order.")
    ),
    (
      "sessions",
      JSONSchema.map(
        of: JSONSchema.object(
          [
            (
              "hours_after_clip",
              pair(JSONSchema.integer(0...1000, "Hours."), "Of a phototrichogram.")
            )
          ], help: nil), "The sessions of a visit by name.")
    ),
    (
      "regions",
      JSONSchema.map(
        of: JSONSchema.object(
          [
            ("region", JSONSchema.words(StudyReading.places, "The place on the scalp.")),
            ("side", JSONSchema.words(StudyReading.sides, "The side.")),
            ("role", JSONSchema.words(StudyReading.regionRoles, "What it is for.")),
            ("fields", JSONSchema.integer(1...100, "How many patches are photographed.")),
            (
              "relocate",
              JSONSchema.object(
                [
                  ("by", JSONSchema.words(["tattoo_dot", "template", "landmarks", "overlay"], "")),
                  ("tolerance", JSONSchema.length("How far off it may be.")),
                ], required: ["by", "tolerance"], help: "How the same skin is found again.")
            ),
          ], required: ["region"], help: nil), "The regions by code.")
    ),
  ]

  private static let how: [(key: String, schema: JSONValue)] = [
    (
      "target_area",
      JSONSchema.object(
        [
          ("shape", JSONSchema.words(Study.TargetArea.Shape.self, "")),
          ("diameter", JSONSchema.length("Of a circle.")),
          ("width", JSONSchema.length("Of a rectangle.")),
          ("height", JSONSchema.length("Of a rectangle.")),
          ("guard", JSONSchema.length("How far the measured area is inset.")),
          ("least_readable", JSONSchema.share("The least share that must be readable.")),
        ], required: ["shape"], help: "The patch of scalp the study names.")
    ), ("imaging", imaging),
    (
      "analysis",
      JSONSchema.object(
        [
          ("stage", JSONSchema.text("The stage that measures.")),
          ("settings_per", JSONSchema.words(["subject_region"], "What settings are fixed for.")),
          ("reread", JSONSchema.words(["all_visits_at_lock"], "When all is read again.")),
        ], help: nil)
    ),
    (
      "review",
      JSONSchema.object(
        [
          ("readers", JSONSchema.integer(0...100, "How many readers.")),
          ("double_read", JSONSchema.share("The share that two readers see.")),
          ("order", JSONSchema.words(["random", "as_captured"], "")),
          (
            "hide",
            JSONSchema.list(
              of: JSONSchema.words(["arm", "visit", "site", "operator", "subject"], ""),
              "What readers are not shown.")
          ),
        ], help: nil)
    ),
    (
      "cutoffs",
      JSONSchema.object(
        [
          ("thin_below", JSONSchema.length("Thin is below this diameter.")),
          ("vellus_at_most", JSONSchema.length("Vellus is at most this diameter.")),
        ], help: nil)
    ),
    (
      "file_pattern",
      JSONSchema.text(
        "How file names tell the acquisition, by "
          + StudyReading.patternParts.map { "{\($0)}" }.joined(separator: " ")
      )
    ),
  ]

  private static let imaging = JSONSchema.object(
    [
      (
        "hair",
        JSONSchema.object(
          [
            ("state", JSONSchema.words(["clipped", "long", "unknown"], "")),
            ("stub", pair(JSONSchema.length(""), "Shortest and longest stub.")),
            ("dyed", JSONSchema.boolean("Whether hair is dyed.")),
          ], help: nil)
      ),
      (
        "optics",
        JSONSchema.object(
          [
            ("profile", JSONSchema.text("The optics' profile.")),
            ("field", pair(JSONSchema.length(""), "Width and height of the field.")),
            (
              "lighting",
              JSONSchema.words(
                ["cross_polarised", "parallel_polarised", "unpolarised", "ultraviolet", "unknown"],
                "")
            ), ("contact", JSONSchema.boolean("Whether the optics touch the skin.")),
            (
              "immersion",
              JSONSchema.words(
                ["none", "ultrasound_gel", "alcohol", "water", "oil", "unknown"], "")
            ),
          ], help: nil)
      ),
      (
        "scale",
        JSONSchema.object(
          [
            ("from", JSONSchema.words(["calibration", "manifest"], "Where the scale comes from.")),
            ("max_age", JSONSchema.time("The oldest calibration.")),
            ("max_relative_uncertainty", JSONSchema.share("The largest uncertainty.")),
          ], help: nil)
      ),
      (
        "attempts",
        JSONSchema.object(
          [
            ("max", JSONSchema.integer(1...100, "The most retakes.")),
            ("keep", JSONSchema.words(["first_that_passes", "best_quality"], "Which counts.")),
          ], help: nil)
      ),
    ], help: "What the protocol asks of pictures.")

  private static let results: [(key: String, schema: JSONValue)] = [
    (
      "outcomes",
      JSONSchema.list(
        of: JSONSchema.object(
          [
            ("id", JSONSchema.text("The outcome's id.")),
            ("role", JSONSchema.words(["primary", "secondary", "exploratory"], "")),
            ("measure", JSONSchema.words(StudyReading.measures, "What is measured.")),
            ("hairs", JSONSchema.text("Which hairs: all, or a comparison such as >=30um.")),
            ("region", JSONSchema.text("A region's code.")), ("at", JSONSchema.text("A visit.")),
            ("change_from", JSONSchema.text("The visit that change is taken from.")),
            ("unit", JSONSchema.text("The unit.")), ("test", JSONSchema.text("The test.")),
            ("covariates", JSONSchema.list(of: texts, "What the test adjusts for.")),
            ("import", JSONSchema.text("The file that it is imported from.")),
            (
              "scale", pair(JSONSchema.integer(-1000...1000, ""), "Lowest and highest grade.")
            ),
            ("rater", JSONSchema.words(["investigator", "participant", "reader"], "Who grades.")),
          ], required: ["id"], help: nil), "The outcomes, in order.")
    ), ("missing_reasons", JSONSchema.list(of: texts, "Why a value may be missing.")),
    ("deviations", JSONSchema.list(of: texts, "Deviations that may be noted.")),
    (
      "exports",
      JSONSchema.map(
        of: JSONSchema.object(
          [
            ("label", JSONSchema.words(["pseudonymised", "deidentified"], "What leaves.")),
            ("subject", JSONSchema.words(["recode", "keep"], "Subject numbers.")),
            ("dates", JSONSchema.words(["none", "study_day"], "Dates.")),
            ("ages", JSONSchema.words(["none", "bands", "years"], "Ages.")),
            ("least_cell", JSONSchema.integer(1...1000, "The smallest group of a table.")),
          ], required: ["label"], help: nil), "What may be handed on, by name.")
    ),
  ]

  private static func pair(_ schema: JSONValue, _ help: String) -> JSONValue {
    JSONSchema.list(of: schema, help, count: 2)
  }
}
