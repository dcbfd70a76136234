import ClinicalRecords

// Imaging, analysis, outcomes and exports: how pictures become figures and who may have them.
extension StudyReading {
  mutating func readImaging() {
    guard let node = fields["imaging"],
      let given = reader.fields(
        node, of: "'imaging'", known: ["hair", "optics", "scale", "attempts"])
    else { return }
    if let hair = given["hair"] { readHair(hair) }
    if let optics = given["optics"] { readOptics(optics) }
    if let scale = given["scale"],
      let values = reader.fields(
        scale, of: "'scale'", known: ["from", "max_age", "max_relative_uncertainty"])
    {
      let from = values["from"].flatMap {
        reader.choice($0, "'from' of 'scale'", among: ["calibration", "manifest"])
      }
      study.imaging.scaleFromCalibration = from == "calibration"
      study.imaging.calibrationMaxAgeDays = values["max_age"].flatMap {
        reader.number($0, "'max_age'", unit: "d", within: 1...3650, needing: "7d").map {
          Int($0.rounded(.down))
        }
      }
      study.imaging.maxRelativeUncertainty = values["max_relative_uncertainty"].flatMap {
        reader.number($0, "'max_relative_uncertainty'", unit: "1", within: 0...1)
      }
    }
    if let attempts = given["attempts"],
      let values = reader.fields(attempts, of: "'attempts'", known: ["max", "keep"])
    {
      study.imaging.maxAttempts =
        values["max"].flatMap { reader.integer($0, "'max' of 'attempts'", within: 1...100) }
        ?? study.imaging.maxAttempts
      study.imaging.keptAttempt =
        values["keep"].flatMap {
          reader.choice($0, "'keep'", among: ["first_that_passes", "best_quality"])
        } ?? study.imaging.keptAttempt
    }
  }

  private mutating func readHair(_ node: DocumentNode) {
    guard let given = reader.fields(node, of: "'hair'", known: ["state", "stub", "dyed"]) else {
      return
    }
    study.imaging.hairState =
      given["state"].flatMap {
        reader.choice($0, "the state of 'hair'", among: ["clipped", "long", "unknown"])
      } ?? study.imaging.hairState
    study.imaging.stubMicrometres = given["stub"].flatMap { lengths($0, "'stub'") }.flatMap {
      guard $0[0] <= $0[1] else {
        reader.report(
          .wrongType, at: given.place(of: "stub"), "'stub' is not a range",
          hint: "write [SHORTEST, LONGEST]")
        return nil
      }
      return $0[0]...$0[1]
    }
    study.imaging.dyed = given["dyed"].flatMap { reader.boolean($0, "'dyed'") }
  }

  private mutating func readOptics(_ node: DocumentNode) {
    guard
      let given = reader.fields(
        node, of: "'optics'", known: ["profile", "field", "lighting", "contact", "immersion"])
    else { return }
    study.imaging.opticsProfile = given["profile"].flatMap { reader.text($0, "'profile'") }
    study.imaging.fieldMicrometres = given["field"].flatMap { lengths($0, "'field'") }
    study.imaging.lighting = given["lighting"].flatMap {
      reader.choice(
        $0, "'lighting'",
        among: ["cross_polarised", "parallel_polarised", "unpolarised", "ultraviolet", "unknown"])
    }
    study.imaging.contact = given["contact"].flatMap { reader.boolean($0, "'contact'") }
    study.imaging.immersion = given["immersion"].flatMap {
      reader.choice(
        $0, "'immersion'", among: ["none", "ultrasound_gel", "alcohol", "water", "oil", "unknown"])
    }
  }

  /// Two lengths in µm.
  private func lengths(_ node: DocumentNode, _ subject: String) -> [Double]? {
    guard let elements = reader.list(node, subject) else { return nil }
    guard elements.count == 2 else {
      reader.report(
        .wrongType, at: node.place, "\(subject) has \(elements.count) lengths", hint: "give two")
      return nil
    }
    let values = elements.compactMap { length($0, "an element of \(subject)") }
    return values.count == 2 ? values : nil
  }

  mutating func readAnalysis() {
    if let node = fields["analysis"],
      let given = reader.fields(
        node, of: "'analysis'", known: ["stage", "settings_per", "reread"])
    {
      study.analysis = Study.Analysis(
        stage: given["stage"].flatMap { reader.text($0, "'stage'") } ?? "hair.analyse",
        settingsPer: given["settings_per"].flatMap {
          reader.choice($0, "'settings_per'", among: ["subject_region"])
        } ?? "subject_region",
        reread: given["reread"].flatMap {
          reader.choice($0, "'reread'", among: ["all_visits_at_lock"])
        } ?? "all_visits_at_lock")
    }
    if let node = fields["review"] { study.review = review(node) }
    if let node = fields["cutoffs"],
      let given = reader.fields(node, of: "'cutoffs'", known: ["thin_below", "vellus_at_most"])
    {
      let standard = CutOffs()
      let thin =
        given["thin_below"].flatMap { length($0, "'thin_below'", example: "30um") }
        ?? standard.thinBelow
      let vellus =
        given["vellus_at_most"].flatMap { length($0, "'vellus_at_most'", example: "40um") }
        ?? standard.vellusAtMost
      if thin > vellus {
        reader.report(
          .studyConflict, at: node.place, "thin hair would be thicker than vellus hair",
          hint: "make 'thin_below' at most 'vellus_at_most'")
      }
      if vellus > Self.thickestHair {
        reader.report(
          .studyConflict, at: node.place, "no hair is thicker than 'vellus_at_most' says",
          hint: "check its unit: cut-offs of 30um and 40um are usual")
      }
      study.cutOffs = CutOffs(vellusAtMost: vellus, thinBelow: thin)
    }
    study.missingReasons =
      fields["missing_reasons"].flatMap { reader.texts($0, "'missing_reasons'") } ?? []
    study.deviations = fields["deviations"].flatMap { reader.texts($0, "'deviations'") } ?? []
    if let node = fields["file_pattern"] { study.filePattern = filePattern(node) }
  }

  private func review(_ node: DocumentNode) -> Study.Review? {
    guard
      let given = reader.fields(
        node, of: "'review'", known: ["readers", "double_read", "order", "hide"])
    else { return nil }
    let hidden = (given["hide"].flatMap { reader.list($0, "'hide'") } ?? []).compactMap {
      reader.choice(
        $0, "an element of 'hide'", among: ["arm", "visit", "site", "operator", "subject"])
    }
    let review = Study.Review(
      readers: given["readers"].flatMap { reader.integer($0, "'readers'", within: 0...100) } ?? 1,
      doubleReadShare: given["double_read"].flatMap {
        reader.number($0, "'double_read'", unit: "1", within: 0...1)
      } ?? 0,
      order: given["order"].flatMap {
        reader.choice($0, "'order'", among: ["random", "as_captured"])
      } ?? "random", hidden: hidden)
    if study.masked.contains("reader"), !hidden.contains("arm") {
      reader.report(
        .unmasks, at: given.place(of: "hide"), "readers are masked and would see the arm",
        hint: "add 'arm' to 'hide'")
    }
    return review
  }

  /// In µm; the thickest scalp hairs known have some 180.
  static let thickestHair = 200.0
  /// The parts of an acquisition that a file's name can tell.
  static let patternParts = [
    "subject", "visit", "session", "region", "side", "placement", "field", "attempt", "date",
    "um_per_px",
  ]

  private func filePattern(_ node: DocumentNode) -> String? {
    guard let text = reader.text(node, "'file_pattern'") else { return nil }
    var parts: [String] = []
    var rest = text[...]
    while let open = rest.firstIndex(where: { $0 == "{" || $0 == "}" }) {
      guard rest[open] == "{", let close = rest[open...].firstIndex(of: "}") else {
        reader.report(
          .badPattern, at: node.place, "'file_pattern' has a brace without its partner",
          hint: "write {subject}_{visit}_{region}_{field}.jpg")
        return nil
      }
      let part = String(rest[rest.index(after: open)..<close])
      guard StudyReading.patternParts.contains(part), !parts.contains(part) else {
        reader.findings.reportUnknown(
          .badPattern, at: node.place, in: reader.source,
          "'file_pattern' has {\(ValueReader.cut(part))}\(parts.contains(part) ? " twice" : "")",
          name: part, known: StudyReading.patternParts,
          otherwise: "its parts are \(StudyReading.patternParts.joined(separator: ", "))")
        return nil
      }
      parts.append(part)
      rest = rest[rest.index(after: close)...]
    }
    let lacking = ["subject", "visit", "region"].filter { !parts.contains($0) }
    guard lacking.isEmpty, !text.contains("}{") else {
      reader.report(
        .badPattern, at: node.place,
        lacking.isEmpty
          ? "two parts of 'file_pattern' touch"
          : "'file_pattern' does not tell the \(lacking.joined(separator: " and the "))",
        hint: "write {subject}_{visit}_{region}_{field}.jpg")
      return nil
    }
    return text
  }

  // MARK: - Outcomes and exports

  /// What can be measured (DESIGN §9).
  static let measures = [
    "density", "terminal_density", "vellus_density", "terminal_share", "thin_hair_share",
    "mean_diameter", "median_diameter", "cumulative_thickness", "follicular_unit_density",
    "hairs_per_follicular_unit",
  ]

  mutating func readOutcomes() {
    let elements = fields["outcomes"].flatMap { reader.list($0, "'outcomes'") } ?? []
    for element in elements {
      guard let outcome = outcome(element) else { continue }
      if study.outcomes.contains(where: { $0.id == outcome.id }) {
        reader.report(
          .duplicateKey, at: element.place, "outcome '\(outcome.id)' is given twice",
          hint: "give each its own id")
      } else {
        study.outcomes.append(outcome)
      }
    }
  }

  private func outcome(_ node: DocumentNode) -> Study.Outcome? {
    guard
      let given = reader.fields(
        node, of: "an outcome",
        known: [
          "id", "role", "measure", "hairs", "region", "at", "change_from", "unit", "test",
          "covariates", "import", "scale", "rater",
        ])
    else { return nil }
    guard let idNode = given["id"] else {
      reader.report(.missingKey, at: node.place, "an outcome has no id", hint: "add 'id: ID'")
      return nil
    }
    guard let id = name(idNode, "an outcome's id") else { return nil }
    let subject = "outcome '\(id)'"
    var outcome = Study.Outcome(
      id: id,
      role: given["role"].flatMap {
        reader.choice(
          $0, "the role of \(subject)", among: ["primary", "secondary", "exploratory"])
      } ?? "secondary")
    outcome.measure = given["measure"].flatMap {
      reader.choice($0, "the measure of \(subject)", among: StudyReading.measures)
    }
    outcome.importFile = given["import"].flatMap { reader.text($0, "'import' of \(subject)") }
    if (given["measure"] == nil) == (given["import"] == nil) {
      reader.report(
        .studyConflict, at: node.place, "\(subject) is not either measured or imported",
        hint: "give 'measure' or 'import', one of the two")
    }
    outcome.hairs = given["hairs"].flatMap { hairSet($0, subject) }
    outcome.region = reference(given, "region", subject, "region", study.regions.map(\.code))
    outcome.at = reference(given, "at", subject, "visit", study.visits.map(\.name))
    outcome.changeFrom = reference(given, "change_from", subject, "visit", study.visits.map(\.name))
    outcome.unit = given["unit"].flatMap { reader.text($0, "the unit of \(subject)") }
    outcome.grades = given["scale"].flatMap {
      reader.range($0, "the scale of \(subject)", within: -1000...1000)
    }
    outcome.rater = given["rater"].flatMap {
      reader.choice(
        $0, "the rater of \(subject)", among: ["investigator", "participant", "reader"])
    }
    outcome.test = given["test"].flatMap { reader.text($0, "the test of \(subject)") }
    outcome.covariates =
      given["covariates"].flatMap { reader.texts($0, "the covariates of \(subject)") } ?? []
    return outcome
  }

  /// A set of hairs: `all`, or a comparison of the diameter with a length, such as `>=30um`.
  private func hairSet(_ node: DocumentNode, _ subject: String) -> String? {
    guard let text = reader.text(node, "the hairs of \(subject)") else { return nil }
    let digits = text.drop { "<>=".contains($0) }
    let comparison = text[..<digits.startIndex]
    let isLength =
      Quantity(String(digits)).flatMap { quantity in
        quantity.unit.isEmpty ? nil : quantity.converted(to: "um")
      } != nil
    guard text == "all" || isLength && ["<", "<=", ">", ">="].contains(comparison) else {
      reader.report(
        .wrongType, at: node.place, "the hairs of \(subject) are '\(ValueReader.cut(text))'",
        hint: "write 'all' or a comparison of the diameter, such as \">=30um\"")
      return nil
    }
    return text
  }

  /// A name that another part of the file declares.
  private func reference(
    _ given: Fields, _ key: String, _ subject: String, _ what: String, _ known: [String]
  ) -> String? {
    guard let node = given[key], let text = reader.text(node, "'\(key)' of \(subject)") else {
      return nil
    }
    guard known.contains(text) || known.isEmpty else {
      reader.findings.reportUnknown(
        .unknownWord, at: node.place, in: reader.source,
        "\(subject) names the \(what) '\(ValueReader.cut(text))', which the study does not have",
        name: text, known: known, otherwise: "it has \(known.joined(separator: ", "))")
      return nil
    }
    return text
  }

  mutating func readExports() {
    for entry in fields["exports"].flatMap({ reader.named($0, "'exports'") }) ?? [] {
      let subject = "export '\(entry.key)'"
      guard
        let given = reader.fields(
          entry.value, of: subject, known: ["label", "subject", "dates", "ages", "least_cell"])
      else { continue }
      guard let labelNode = given["label"] else {
        reader.report(
          .missingKey, at: entry.place, "\(subject) has no label",
          hint: "add 'label: pseudonymised' or 'label: deidentified'")
        continue
      }
      func word(_ key: String, _ words: [String]) -> String {
        given[key].flatMap { reader.choice($0, "'\(key)' of \(subject)", among: words) } ?? words[0]
      }
      guard
        let label = reader.choice(
          labelNode, "the label of \(subject)", among: ["pseudonymised", "deidentified"]
        ).flatMap({ PrivacyLabel(rawValue: $0) })
      else { continue }
      let profile = Study.ExportProfile(
        name: entry.key, label: label, subject: word("subject", ["recode", "keep"]),
        dates: word("dates", ["none", "study_day"]),
        ages: word("ages", ["none", "bands", "years"]),
        leastCell: given["least_cell"].flatMap {
          reader.integer($0, "'least_cell' of \(subject)", within: 1...1000)
        } ?? 1)
      if label == .deidentified, profile.subject == "keep" {
        reader.report(
          .studyConflict, at: given.place(of: "subject"),
          "\(subject) is deidentified and keeps the subject number",
          hint: "write 'subject: recode', or 'label: pseudonymised'")
      }
      study.exports.append(profile)
    }
  }

  /// Each assumed key must be one of the file, so that none is called confirmed by a slip.
  mutating func readAssumed() {
    guard let node = fields["assumed"], let elements = reader.list(node, "'assumed'") else {
      return
    }
    for element in elements {
      guard let text = reader.text(element, "an element of 'assumed'") else { continue }
      var entries: [DocumentNode.Entry]? = fields.entries
      var isThere = true
      for part in text.split(separator: ".", omittingEmptySubsequences: false) {
        let entry = entries?.first { $0.key == part }
        isThere = isThere && entry != nil
        entries = entry?.value.entries
      }
      if isThere {
        study.assumed.append(text)
      } else {
        reader.findings.reportUnknown(
          .unknownWord, at: element.place, in: reader.source,
          "'\(ValueReader.cut(text))' is assumed and not in the file", name: text,
          known: fields.entries.map(\.key), otherwise: "name a key of the file, such as 'visits'")
      }
    }
  }
}
