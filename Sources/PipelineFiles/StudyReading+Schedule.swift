import ClinicalRecords

// Visits, sessions, regions and the target area: when and where pictures are taken.
extension StudyReading {
  mutating func readVisits() {
    guard let node = fields["visits"] else { return }
    var places: [Place] = []
    for entry in reader.named(node, "'visits'") ?? [] {
      guard checkName(entry.key, at: entry.place, "a visit's name"), let visit = visit(entry)
      else { continue }
      study.visits.append(visit)
      places.append(entry.place)
    }
    let primaries = study.visits.indices.filter { study.visits[$0].primary }
    for index in primaries.dropFirst() {
      reader.report(
        .studyConflict, at: places[index],
        "visits '\(study.visits[primaries[0]].name)' and '\(study.visits[index].name)' "
          + "are both primary",
        hint: "keep one")
    }
    for (index, visit) in study.visits.enumerated() {
      for earlier in study.visits[..<index] where days(of: visit).overlaps(days(of: earlier)) {
        reader.report(
          .studyConflict, .warning, at: places[index],
          "the windows of visits '\(earlier.name)' and '\(visit.name)' share a day",
          hint: "a picture of that day does not tell its visit by its date")
      }
    }
  }

  private func days(of visit: Study.Visit) -> ClosedRange<Int> {
    (visit.day + visit.window.lowerBound)...(visit.day + visit.window.upperBound)
  }

  private func visit(_ entry: DocumentNode.Entry) -> Study.Visit? {
    let subject = "visit '\(entry.key)'"
    guard
      let given = reader.fields(
        entry.value, of: subject, known: ["day", "window", "before", "placements", "primary"])
    else { return nil }
    guard let dayNode = given["day"] else {
      reader.report(
        .missingKey, at: entry.place, "\(subject) has no day", hint: "add 'day: NUMBER'")
      return nil
    }
    guard let day = reader.integer(dayNode, "the day of \(subject)", within: -10_000...10_000)
    else { return nil }
    if day == 0 {
      reader.report(
        .outOfRange, at: dayNode.place, "\(subject) is on day 0",
        hint: "the anchor is day 1 and the day before it is -1: there is no day 0")
    }
    let window =
      given["window"].flatMap {
        reader.range($0, "the window of \(subject)", within: -3650...3650)
      } ?? 0...0
    if !window.contains(0) {
      reader.report(
        .outOfRange, at: given.place(of: "window"),
        "the window of \(subject) leaves out its own day",
        hint: "write how many days before (0 or less) and after (0 or more)")
    }
    return Study.Visit(
      name: entry.key, day: day, window: window,
      before: given["before"].flatMap { reader.text($0, "'before' of \(subject)") },
      placements: count(given, "placements", subject),
      primary: given["primary"].flatMap { reader.boolean($0, "'primary' of \(subject)") } ?? false)
  }

  private func count(_ given: Fields, _ key: String, _ subject: String) -> Int {
    given[key].flatMap { reader.integer($0, "'\(key)' of \(subject)", within: 1...100) } ?? 1
  }

  mutating func readSessions() {
    for entry in fields["sessions"].flatMap({ reader.named($0, "'sessions'") }) ?? [] {
      let subject = "session '\(entry.key)'"
      guard checkName(entry.key, at: entry.place, "a session's name"),
        let given = reader.fields(entry.value, of: subject, known: ["hours_after_clip"])
      else { continue }
      let hours = given["hours_after_clip"].flatMap {
        reader.range($0, "'hours_after_clip' of \(subject)", within: 0...1000)
      }
      study.sessions.append(
        Study.Session(
          name: entry.key,
          hoursAfterClip: hours.map { Double($0.lowerBound)...Double($0.upperBound) }))
    }
  }

  mutating func readRegions() {
    for entry in fields["regions"].flatMap({ reader.named($0, "'regions'") }) ?? [] {
      let subject = "region '\(entry.key)'"
      guard checkName(entry.key, at: entry.place, "a region's code"),
        let given = reader.fields(
          entry.value, of: subject, known: ["region", "side", "role", "fields", "relocate"])
      else { continue }
      var region = Study.Region(code: entry.key, region: "unknown")
      if let node = given["region"] {
        region.region =
          reader.choice(node, "the place of \(subject)", among: StudyReading.places) ?? "unknown"
      } else {
        reader.report(
          .missingKey, at: entry.place, "\(subject) does not say where it is",
          hint: "add 'region', one of \(StudyReading.places.joined(separator: ", "))")
      }
      region.side =
        given["side"].flatMap {
          reader.choice($0, "the side of \(subject)", among: StudyReading.sides)
        } ?? region.side
      region.role =
        given["role"].flatMap {
          reader.choice($0, "the role of \(subject)", among: StudyReading.regionRoles)
        } ?? region.role
      region.fields = count(given, "fields", subject)
      region.relocation = given["relocate"].flatMap { relocation($0, subject) }
      study.regions.append(region)
    }
  }

  /// The words for regions of the scalp (STUDY §4).
  static let places = [
    "frontal", "mid_scalp", "vertex", "temporal", "parietal", "occipital", "unknown",
  ]
  /// The words for sides (STUDY §4).
  static let sides = ["left", "right", "midline", "unknown"]
  static let regionRoles = ["primary", "secondary", "treated", "untreated_control"]

  private func relocation(_ node: DocumentNode, _ subject: String) -> Study.Relocation? {
    guard
      let given = reader.fields(node, of: "'relocate' of \(subject)", known: ["by", "tolerance"])
    else { return nil }
    guard let by = given["by"], let tolerance = given["tolerance"] else {
      reader.report(
        .missingKey, at: node.place, "'relocate' of \(subject) is not whole",
        hint: "write {by: WHAT, tolerance: LENGTH}")
      return nil
    }
    guard
      let word = reader.choice(
        by, "'by' of \(subject)", among: ["tattoo_dot", "template", "landmarks", "overlay"]),
      let micrometres = length(tolerance, "the tolerance of \(subject)")
    else { return nil }
    return Study.Relocation(by: word, toleranceMicrometres: micrometres)
  }

  mutating func readTargetArea() {
    guard let node = fields["target_area"],
      let given = reader.fields(
        node, of: "'target_area'",
        known: ["shape", "diameter", "width", "height", "guard", "least_readable"])
    else { return }
    guard let shapeNode = given["shape"] else {
      reader.report(
        .missingKey, at: node.place, "'target_area' has no shape",
        hint: "add 'shape: circle' or 'shape: rectangle'")
      return
    }
    guard
      let shape = reader.choice(
        shapeNode, "the shape of 'target_area'", of: Study.TargetArea.Shape.self)
    else { return }
    let needed = shape == .circle ? ["diameter"] : ["width", "height"]
    for key in ["diameter", "width", "height"] where !needed.contains(key) && given[key] != nil {
      reader.report(
        .misplacedKey, at: given.place(of: key), "a \(shape.rawValue) has no \(key)",
        hint: "it has \(needed.joined(separator: " and "))")
    }
    let sizes = needed.compactMap { key -> Double? in
      guard let node = given[key] else {
        reader.report(
          .missingKey, at: fields.place(of: "target_area"), "'target_area' has no \(key)",
          hint: "add '\(key): LENGTH', such as 11.3mm")
        return nil
      }
      return length(node, "the \(key) of 'target_area'")
    }
    let guardWidth =
      given["guard"].flatMap {
        reader.number(
          $0, "the guard of 'target_area'", unit: "um", within: 0...100_000, needing: "0.5mm",
          words: "a length 0um to 10cm, such as 0.5mm")
      } ?? 0
    let readable =
      given["least_readable"].flatMap {
        reader.number($0, "'least_readable'", unit: "1", within: 0...1)
      } ?? 0
    guard sizes.count == needed.count, let width = sizes.first, let height = sizes.last else {
      return
    }
    if 2 * guardWidth >= min(width, height) {
      reader.report(
        .studyConflict, at: given.place(of: "guard"), "the guard leaves nothing of the target area",
        hint: "make it less than half of the smallest side")
    }
    study.targetArea = Study.TargetArea(
      shape: shape, widthMicrometres: width, heightMicrometres: height,
      guardMicrometres: guardWidth, leastReadable: readable)
  }

  /// Optics whose field cannot hold target and guard (STUDY §3), and a guard that is shorter than
  /// the shortest stub: hairs that leave the frame too early would be missed.
  func checkField() {
    guard let target = study.targetArea else { return }
    if let field = study.imaging.fieldMicrometres, field.count == 2 {
      let guards = 2 * target.guardMicrometres
      let needed = (target.widthMicrometres + guards, target.heightMicrometres + guards)
      if needed.0 > field[0] || needed.1 > field[1] {
        func millimetres(_ value: Double) -> String {
          ValueReader.text((value / 10).rounded() / 100)
        }
        reader.report(
          .fieldTooSmall, at: fieldPlace,
          "the field of \(millimetres(field[0])) x \(millimetres(field[1])) mm cannot hold "
            + "target area and guard, \(millimetres(needed.0)) x \(millimetres(needed.1)) mm",
          hint: "use optics with a larger field, or a smaller target area")
      }
    }
    if let stub = study.imaging.stubMicrometres, target.guardMicrometres < stub.lowerBound {
      reader.report(
        .studyConflict, at: fields.place(of: "target_area"),
        "the guard is shorter than the shortest stub",
        hint: "make 'guard' at least the lower length of 'stub'")
    }
  }

  private var fieldPlace: Place {
    let optics = fields["imaging"]?.entries?.first { $0.key == "optics" }?.value
    return optics?.entries?.first { $0.key == "field" }?.value.place
      ?? fields.place(of: "imaging")
  }
}
