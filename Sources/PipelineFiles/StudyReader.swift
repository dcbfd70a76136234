public import ClinicalRecords

/// Reads a study file (STUDY §4) into a study, or says everything that is wrong with it.
///
/// `study: {id: X}` beside the version makes an open study, which takes any subject, visit and
/// region. Lengths, times and shares are written with their units and kept in µm, days and parts
/// of 1.
public enum StudyReader {
  /// What a reading came to.
  public struct Reading: Sendable {
    /// The study, when there is no error.
    public let study: Study?
    /// Everything found, in the order of places.
    public let diagnostics: [Diagnostic]
  }

  static let keys = [
    "anagen_study", "study", "assumed", "sites", "subjects", "arms", "masking", "anchor", "visits",
    "sessions", "regions", "target_area", "imaging", "analysis", "review", "cutoffs", "outcomes",
    "missing_reasons", "deviations", "exports", "file_pattern",
  ]

  /// Reads the text of a study file.
  ///
  /// - Parameters:
  ///   - text: the file's bytes.
  ///   - fileName: the file as messages name it.
  ///   - digest: the SHA-256 of the bytes.
  public static func read(
    text: [UInt8], fileName: String, digest: ContentDigest
  ) -> Reading {
    let findings = Findings()
    let study = read(text, file: fileName, digest: digest, findings: findings)
    return Reading(
      study: findings.hasErrors ? nil : study, diagnostics: findings.diagnostics)
  }

  /// Reads a study as part of a larger reading; `nil` when there is nothing to go on with.
  static func read(
    _ bytes: [UInt8], file: String, digest: ContentDigest, findings: Findings
  ) -> Study? {
    guard let source = SourceText(bytes, file: file, findings: findings) else { return nil }
    var composer = DocumentComposer(source, findings)
    guard let root = composer.compose() else { return nil }
    let reader = ValueReader(source: source, findings: findings)
    guard let fields = reader.fields(root, of: "the study", known: keys) else { return nil }
    var reading = StudyReading(reader: reader, fields: fields)
    reading.readAll()
    reading.study.fileDigest = digest
    reportAllocation(root, reading.study, reader)
    return reading.study
  }

  /// An arm beside a subject number anywhere is an allocation, which never stands in a study file.
  private static func reportAllocation(
    _ node: DocumentNode, _ study: Study, _ reader: ValueReader
  ) {
    guard let arms = study.arms?.labels, let pattern = study.subjectPattern,
      let subject = try? Regex(pattern)
    else { return }
    let labels = Set(arms.map { $0.lowercased() })
    func isArm(_ text: String) -> Bool { labels.contains(text.lowercased()) }
    func isSubject(_ text: String) -> Bool {
      do {
        return try subject.wholeMatch(in: text) != nil
      } catch {
        return false
      }
    }
    func texts(_ node: DocumentNode) -> [String] {
      node.scalar.map { [$0.text] } ?? (node.elements ?? []).compactMap { $0.scalar?.text }
    }
    func isPair(_ node: DocumentNode) -> Bool {
      let together =
        (node.entries ?? []).compactMap { $0.value.scalar?.text }
        + (node.elements ?? []).compactMap { $0.scalar?.text }
      if together.contains(where: isArm), together.contains(where: isSubject) { return true }
      return (node.entries ?? []).contains { entry in
        isArm(entry.key) && texts(entry.value).contains(where: isSubject)
          || isSubject(entry.key) && texts(entry.value).contains(where: isArm)
      }
    }
    func visit(_ node: DocumentNode) {
      for element in node.elements ?? [] { visit(element) }
      for entry in node.entries ?? [] { visit(entry.value) }
      guard isPair(node) else { return }
      reader.findings.report(
        .allocationInStudy, at: node.place, in: reader.source,
        "a subject number stands with an arm",
        hint: "remove it: the allocation stays in its own encrypted file", isHidden: true)
    }
    visit(node)
  }
}

/// One reading of a study file's keys.
struct StudyReading {
  let reader: ValueReader
  let fields: Fields
  var study = Study.open()

  /// Reads every key, then checks what must fit together.
  mutating func readAll() {
    readHead()
    readSubjects()
    readMasking()
    readVisits()
    readSessions()
    readRegions()
    readTargetArea()
    readImaging()
    readAnalysis()
    readOutcomes()
    readExports()
    readAssumed()
    checkField()
  }

  private mutating func readHead() {
    if let version = fields["anagen_study"] {
      _ = reader.integer(version, "the format's version 'anagen_study'", within: 1...1)
    } else {
      reader.report(
        .missingKey, at: fields.place, "the file does not say which version of the format it has",
        hint: "begin it with 'anagen_study: 1'")
    }
    guard let node = fields["study"] else {
      reader.report(
        .missingKey, at: fields.place, "the study has no id", hint: "add 'study: {id: ID}'")
      return
    }
    guard
      let head = reader.fields(
        node, of: "'study'", known: ["id", "protocol", "version", "status"])
    else { return }
    if let id = head["id"] {
      study.id = name(id, "the study's id") ?? study.id
    } else {
      reader.report(.missingKey, at: node.place, "the study has no id", hint: "add 'id: ID'")
    }
    study.protocolName = head["protocol"].flatMap { reader.text($0, "'protocol'") }
    if let version = head["version"].flatMap({ reader.text($0, "'version'") }) {
      study.version = version
    }
    if let status = head["status"] {
      study.status = reader.choice(status, "'status'", of: Study.Status.self) ?? study.status
    }
  }

  private mutating func readSubjects() {
    for entry in fields["sites"].flatMap({ reader.named($0, "'sites'") }) ?? [] {
      guard checkName(entry.key, at: entry.place, "a trial site's code") else { continue }
      study.sites[entry.key] = reader.text(entry.value, "the name of site '\(entry.key)'")
    }
    if let node = fields["subjects"],
      let subjects = reader.fields(
        node, of: "'subjects'", known: ["pattern", "check", "planned", "eligibility"])
    {
      study.subjectPattern = subjects["pattern"].flatMap { pattern($0) }
      study.subjectChecks = subjects["check"].flatMap { reader.texts($0, "'check'") } ?? []
      study.plannedSubjects = subjects["planned"].flatMap {
        reader.integer($0, "'planned'", within: 1...1_000_000)
      }
      study.eligibility = subjects["eligibility"].flatMap { eligibility($0) }
    }
    if let node = fields["arms"] { study.arms = arms(node) }
  }

  /// A pattern that every subject number matches whole.
  private func pattern(_ node: DocumentNode) -> String? {
    guard let text = reader.text(node, "the pattern of subject numbers") else { return nil }
    do {
      _ = try Regex(text)
      guard text.utf8.count <= 200 else {
        reader.report(
          .badPattern, at: node.place, "the pattern of subject numbers is long",
          hint: "200 characters are enough")
        return nil
      }
      return text
    } catch {
      reader.report(
        .badPattern, at: node.place, "the pattern of subject numbers cannot be read: \(error)",
        hint: "write a regular expression, such as '0[12]-[0-9]{3}'")
      return nil
    }
  }

  /// The scale of Norwood 1975, doi 10.1097/00007611-197511000-00009, with its type A variants.
  private static let norwoodGrades = [
    "I", "II", "IIA", "III", "IIIA", "III_vertex", "IV", "IVA", "V", "VA", "VI", "VII",
  ]

  private func eligibility(_ node: DocumentNode) -> Study.Eligibility? {
    guard
      let given = reader.fields(node, of: "'eligibility'", known: ["sex", "age", "norwood"])
    else { return nil }
    var eligibility = Study.Eligibility()
    if let sex = given["sex"] {
      eligibility.sex =
        reader.choice(sex, "'sex'", among: ["male", "female", "any"]) ?? eligibility.sex
    }
    eligibility.ageYears = given["age"].flatMap { reader.range($0, "'age'", within: 0...130) }
    if let grades = given["norwood"], let elements = reader.list(grades, "'norwood'") {
      eligibility.norwood = elements.compactMap {
        reader.choice($0, "a grade of 'norwood'", among: StudyReading.norwoodGrades)
      }
      let order = eligibility.norwood.compactMap { StudyReading.norwoodGrades.firstIndex(of: $0) }
      if elements.count != 2 || order.count == 2 && order[0] > order[1] {
        reader.report(
          .wrongType, at: grades.place, "'norwood' is not a range", hint: "write [LOWEST, HIGHEST]")
      }
    }
    return eligibility
  }

  private func arms(_ node: DocumentNode) -> Study.Arms? {
    guard
      let given = reader.fields(node, of: "'arms'", known: ["labels", "ratio", "allocation"])
    else { return nil }
    guard let labelsNode = given["labels"] else {
      reader.report(
        .missingKey, at: node.place, "'arms' has no labels", hint: "add 'labels: [A, B]'")
      return nil
    }
    let labels = reader.texts(labelsNode, "'labels'") ?? []
    if Set(labels).count != labels.count {
      reader.report(
        .duplicateKey, at: labelsNode.place, "an arm's label is given twice",
        hint: "give each arm its own")
    }
    var arms = Study.Arms(labels: labels)
    if let ratio = given["ratio"], let text = reader.text(ratio, "'ratio'") {
      let parts = text.split(separator: ":", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
      if parts.count == labels.count, parts.allSatisfy({ (1...1000).contains($0) }) {
        arms.ratio = parts
      } else {
        reader.report(
          .wrongType, at: ratio.place, "'ratio' is '\(ValueReader.cut(text))'",
          hint: "write one whole number for each label, such as \"1:1\"")
      }
    }
    if let allocation = given["allocation"] {
      _ = reader.choice(allocation, "'allocation'", among: ["external"])
    }
    return arms
  }

  private mutating func readMasking() {
    if let node = fields["masking"],
      let masking = reader.fields(
        node, of: "'masking'", known: ["masked", "operator_sees", "unmask"])
    {
      study.masked = (masking["masked"].flatMap { reader.list($0, "'masked'") } ?? []).compactMap {
        reader.choice(
          $0, "an element of 'masked'",
          among: ["participant", "investigator", "operator", "reader", "statistician"])
      }
      study.operatorSees =
        masking["operator_sees"].flatMap {
          reader.choice($0, "'operator_sees'", among: ["quality", "figures"])
        } ?? (study.masked.contains("operator") ? "quality" : "figures")
      study.unmask = masking["unmask"].flatMap {
        reader.choice($0, "'unmask'", among: ["after_lock"])
      }
      if study.masked.contains("operator"), study.operatorSees != "quality" {
        reader.report(
          .unmasks, at: masking["operator_sees"]?.place ?? node.place,
          "the operator is masked and would see figures", hint: "write 'operator_sees: quality'")
      }
    }
    if let node = fields["anchor"],
      let anchor = reader.fields(node, of: "'anchor'", known: ["event", "is_day"])
    {
      study.anchorEvent = anchor["event"].flatMap { reader.text($0, "'event'") }
      // CDISC SDTM 4.4.4: the day of the reference start is day 1 and there is no day 0.
      study.anchorDay =
        anchor["is_day"].flatMap { reader.integer($0, "'is_day'", within: 1...1) } ?? 1
    }
  }

  // MARK: - Names

  /// A text that may stand in an acquisition's key.
  func name(_ node: DocumentNode, _ subject: String) -> String? {
    guard let text = reader.text(node, subject) else { return nil }
    return checkName(text, at: node.place, subject) ? text : nil
  }

  func checkName(_ text: String, at place: Place, _ subject: String) -> Bool {
    guard AcquisitionKey.isValidName(text) else {
      reader.report(
        .badName, at: place, "'\(ValueReader.cut(text))' cannot be \(subject)",
        hint: "use 1 to 64 characters without '/' and without a space at either end")
      return false
    }
    return true
  }

  /// A length in µm, written with its unit.
  func length(
    _ node: DocumentNode, _ subject: String, example: String = "0.5mm"
  ) -> Double? {
    reader.number(
      node, subject, unit: "um", within: 1...1_000_000, needing: example,
      words: "a length 1um to 100cm, such as \(example)")
  }
}
