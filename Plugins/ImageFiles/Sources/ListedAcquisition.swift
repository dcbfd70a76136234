import ClinicalRecords

/// A listed picture whose every value was checked.
struct ListedAcquisition: Equatable {
  /// The path below the folder.
  let file: String
  let key: AcquisitionKey
  let date: CalendarDate?
  let micrometresPerPixel: Double?
}

/// Judges listed pictures against the study and the folder, finding all that is wrong.
struct AcquisitionReader {
  let study: Study
  let dateOrder: DateOrder
  /// Whether `2,78` can be a number.
  let decimalComma: Bool
  /// Whether nothing but the list gives pictures their scale.
  let needsScale: Bool
  /// Finds what stands in the way of reading a file, and its name without links.
  let check: (String) throws(RefusedValue) -> String
  private let subjectPattern: Regex<AnyRegexOutput>?

  /// Makes a reader.
  ///
  /// - Throws: ``RefusedValue`` when the study's subject pattern is none.
  init(
    study: Study, dateOrder: DateOrder, decimalComma: Bool, needsScale: Bool,
    check: @escaping (String) throws(RefusedValue) -> String
  ) throws(RefusedValue) {
    self.study = study
    self.dateOrder = dateOrder
    self.decimalComma = decimalComma
    self.needsScale = needsScale
    self.check = check
    do {
      subjectPattern = try study.subjectPattern.map { try Regex($0) }
    } catch {
      throw RefusedValue(
        "the study's subject pattern is no regular expression", hint: "correct subjects.pattern")
    }
  }

  /// Reads all pictures.
  ///
  /// Where there is no field column, the pictures of one region, placement and attempt are fields
  /// 1, 2, … in the order of the list.
  ///
  /// - Parameter found: the problems that the list's form has.
  /// - Throws: ``ManifestProblems`` with every problem found.
  func acquisitions(
    _ pictures: [ListedPicture], after found: ManifestProblems
  ) throws(ManifestProblems) -> [ListedAcquisition] {
    var problems = found
    if needsScale, pictures.allSatisfy({ $0.values[.scale] == nil }) {
      problems.add(
        pictures.first?.place ?? "", "the list states no scale, and no calibration is given",
        hint: "add the column um_per_px, or give the calibrations of the device "
          + "(--var calibrations=FILE of reprocess.yaml)")
    }
    var result: [ListedAcquisition] = []
    var fields: [AcquisitionKey: Int] = [:]
    var keyPlaces: [AcquisitionKey: String] = [:]
    var filePlaces: [String: String] = [:]
    for picture in pictures {
      let file = resolved(picture, &problems)
      if let file, let first = filePlaces.updateValue(picture.place, forKey: file) {
        problems.add(
          picture.place(of: .file), "the same file is listed at \(first)",
          hint: "remove one of the two")
      }
      let key = key(of: picture, &fields, &problems)
      if let key, let first = keyPlaces.updateValue(picture.place, forKey: key) {
        problems.add(
          picture.place, "the same acquisition is listed at \(first)",
          hint: "give field, placement or attempt, or remove one of the two")
      }
      let date = reading(picture, .date, &problems) { text throws(RefusedValue) in
        try ManifestValues.date(text, order: dateOrder)
      }
      let scale = scale(of: picture, &problems)
      guard let key else { continue }
      result.append(
        ListedAcquisition(
          file: picture.file, key: key, date: date, micrometresPerPixel: scale))
    }
    guard problems.problems.isEmpty else { throw problems }
    return result
  }

  private func resolved(_ picture: ListedPicture, _ problems: inout ManifestProblems) -> String? {
    reading(picture, .file, &problems) { text throws(RefusedValue) in try check(text) }
  }

  /// What a picture shows; `nil` where a part of it was refused.
  private func key(
    of picture: ListedPicture, _ fields: inout [AcquisitionKey: Int],
    _ problems: inout ManifestProblems
  ) -> AcquisitionKey? {
    let before = problems.problems.count
    let subject = reading(picture, .subject, &problems, subject)
    let visit = reading(picture, .visit, &problems, visit)
    let session = reading(picture, .session, &problems, session)
    let region = reading(picture, .region, &problems, region)
    let side = reading(picture, .side, &problems, side)
    let placement = ordinal(picture, .placement, &problems)
    let field = ordinal(picture, .field, &problems)
    let attempt = ordinal(picture, .attempt, &problems)
    guard problems.problems.count == before, let subject, let visit, let region else { return nil }
    func key(field: Int) -> AcquisitionKey {
      AcquisitionKey(
        study: study.id, subject: subject, visit: visit, session: session ?? "D0", region: region,
        side: side ?? study.region(region)?.side ?? "unknown", placement: placement ?? 1,
        field: field, attempt: attempt ?? 1)
    }
    var number = field ?? 1
    if field == nil {
      fields[key(field: 1), default: 0] += 1
      number = fields[key(field: 1), default: 1]
    }
    return key(field: number)
  }

  /// Where the scale comes from a calibration an empty cell is no gap.
  private func scale(of picture: ListedPicture, _ problems: inout ManifestProblems) -> Double? {
    if !needsScale, picture.values[.scale] == "" { return nil }
    return reading(picture, .scale, &problems) { text throws(RefusedValue) in
      try ManifestValues.scale(text, decimalComma: decimalComma)
    }
  }

  /// The value of a column that is there; a refusal is noted and gives `nil`.
  private func reading<Value>(
    _ picture: ListedPicture, _ column: PictureColumn, _ problems: inout ManifestProblems,
    _ read: (String) throws(RefusedValue) -> Value
  ) -> Value? {
    guard let text = picture.values[column] else { return nil }
    do throws(RefusedValue) {
      return try read(text)
    } catch {
      problems.add(picture.place(of: column), error.what, hint: error.hint)
      return nil
    }
  }

  private func ordinal(
    _ picture: ListedPicture, _ column: PictureColumn, _ problems: inout ManifestProblems
  ) -> Int? {
    reading(picture, column, &problems) { text throws(RefusedValue) in
      try ManifestValues.ordinal(text, name: column.rawValue)
    }
  }
}

extension AcquisitionReader {
  private func name(_ text: String, _ what: String) throws(RefusedValue) -> String {
    guard !text.isEmpty else {
      throw RefusedValue("the \(what) is missing", hint: "fill it in")
    }
    guard AcquisitionKey.isValidName(text) else {
      throw RefusedValue(
        "the \(what) has a slash, a control character or more than 64 characters",
        hint: "use letters, digits, '-' and '_'")
    }
    return text
  }

  private func subject(_ text: String) throws(RefusedValue) -> String {
    let subject = try name(text, "subject")
    if let subjectPattern, subject.wholeMatch(of: subjectPattern) == nil {
      throw RefusedValue(
        "the subject is unknown: it does not match the study's pattern '\(study.subjectPattern ?? "")'",
        hint: "correct it; a spreadsheet may have dropped leading zeros")
    }
    return subject
  }

  private func visit(_ text: String) throws(RefusedValue) -> String {
    let visit = try name(text, "visit")
    guard study.visits.isEmpty || study.visit(visit) != nil else {
      throw RefusedValue(
        "the visit is unknown",
        hint: "visits are \(study.visits.map(\.name).joined(separator: ", "))")
    }
    return visit
  }

  private func session(_ text: String) throws(RefusedValue) -> String {
    let session = try name(text, "session")
    guard study.sessions.isEmpty || study.sessions.contains(where: { $0.name == session }) else {
      throw RefusedValue(
        "the session is unknown",
        hint: "sessions are \(study.sessions.map(\.name).joined(separator: ", "))")
    }
    return session
  }

  private func region(_ text: String) throws(RefusedValue) -> String {
    let region = try name(text, "region")
    guard study.regions.isEmpty || study.region(region) != nil else {
      throw RefusedValue(
        "the region is unknown",
        hint: "regions are \(study.regions.map(\.code).joined(separator: ", "))")
    }
    return region
  }

  private func side(_ text: String) throws(RefusedValue) -> String {
    let sides = ["left", "right", "midline", "unknown"]
    guard sides.contains(text) else {
      throw RefusedValue("the side is unknown", hint: "sides are \(sides.joined(separator: ", "))")
    }
    return text
  }
}
