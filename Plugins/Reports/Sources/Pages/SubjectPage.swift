import ClinicalRecords

/// One subject: each region's photographs, figures and values over the visits.
struct SubjectPage {
  let material: StudyMaterial
  let subject: StudyMaterial.Subject
  let book: PictureBook
  let back: String

  /// The page as UTF-8.
  func bytes() async throws -> [UInt8] {
    var sections: Markup = ""
    for region in subject.regions { sections += try await section(region) }
    let grid = CompletenessGrid(material: material).markup(of: [subject]) { _ in nil }
    var definitions: Markup = ""
    if let combined = subject.regions.first?.visits.first?.combined {
      definitions = Definitions.markup(
        cutOffs: combined.cutOffs, level: combined.intervalLevel)
    }
    let pictures = subject.regions.flatMap(\.visits).reduce(0) { $0 + $1.pictures.count }
    return ReportPage(
      study: material.study, title: "Subject \(subject.subject)",
      facts: """
        \(plural(subject.regions.count, "region")) · \
        \(plural(Set(subject.regions.flatMap { $0.visits.map(\.visit) }).count, "visit")) · \
        \(plural(pictures, "picture"))
        """,
      body: """
        <h2>What is there</h2>\(grid)
        \(FailedPictures(pictures: material.failed.filter { $0.key.subject == subject.subject }).markup)
        \(sections)
        \(definitions)
        """, navigation: #"<a href="\#(back)">all subjects</a>"#
    ).bytes
  }

  private func section(_ region: StudyMaterial.RegionOfSubject) async throws -> Markup {
    var role: Markup = ""
    if let word = material.study.region(region.region)?.role {
      role = #" <span class="unit">\#(word.split(separator: "_").joined(separator: " "))</span>"#
    }
    let heading: Markup = "<h2>\(region.title(in: material.study))\(role)</h2>"
    let used = region.visits.contains { $0.combined.attempts.contains { $0.use == .selected } }
    guard used else {
      return """
        <section class="region">\(heading)
        <p class="missing">No picture passed the quality gate, so nothing is known.</p>
        \(rejected(region))
        </section>
        """
    }
    return """
      <section class="region">
      \(heading)
      <div class="overview"><div>\(chart(region))</div><div>\(try summary(region))</div></div>
      <h3>Photographs, all at one scale</h3>
      \(Definitions.overlayLegend)
      \(try await pictures(region))
      \(rejected(region))
      <h3>Values</h3>
      \(try ValueTable(region: region, lead: Headline(of: material.study)).markup())
      </section>
      """
  }

  private func chart(_ region: StudyMaterial.RegionOfSubject) -> Markup {
    guard let cutOffs = region.visits.first?.combined.cutOffs else { return "" }
    let notThin = HairSet.notThin(for: cutOffs)
    func series(_ set: HairSet, _ name: String, _ colour: String) -> DensityFigure.Series {
      DensityFigure.Series(
        name: name, colour: colour,
        figures: region.visits.map { $0.combined.figure(.density, hairs: set.name)?.figure })
    }
    // Blue and vermilion of Okabe and Ito's palette, both dark enough for text on white.
    return DensityFigure(
      visits: region.visits.map(\.visit),
      series: [
        series(.all, "all hairs", "#0072B2"),
        series(notThin, ValueTable.words(notThin), "#C24D00"),
      ]
    ).markup
  }

  /// An interval's bound around 1 with two decimals, or as many as tell it from 1.
  private static func bound(_ value: Double?) -> String {
    let value = value ?? .nan
    let one = FigureText.number(1, decimals: 2)
    guard value != 1, FigureText.number(value, decimals: 2) == one else {
      return FigureText.number(value, decimals: 2)
    }
    let decimals = (3...5).first {
      FigureText.number(value, decimals: $0) != FigureText.number(1, decimals: $0)
    }
    return FigureText.number(value, decimals: decimals ?? 5)
  }

  /// The change in one sentence, with what it takes to be evidence.
  private func summary(_ region: StudyMaterial.RegionOfSubject) throws -> Markup {
    var lines: Markup = ""
    let headline = Headline(of: material.study)
    if let change = try region.change(hairs: headline.hairs.name), let (first, last) = region.ends {
      switch change.rateRatio {
      case .known(let ratio):
        // A bound that would be shown as 1 is shown as far as it tells on which side of 1 it is.
        let (low, high) = (SubjectPage.bound(ratio.low), SubjectPage.bound(ratio.high))
        let includesOne = (ratio.low ?? 0) <= 1 && (ratio.high ?? 2) >= 1
        lines += """
          <p><b>\(first.visit) to \(last.visit)</b>: the density, \(headline.words), is \
          <b>\(FigureText.number(ratio.value, decimals: 2)) times</b> what it was \
          (\(FigureText.level(change.intervalLevel)) interval \(low) to \(high), \
          \(FigureText.kind(ratio.interval ?? ""))). \(includesOne
            ? "The interval includes 1: these pictures alone are no evidence of a change."
            : "The interval does not include 1.")</p>
          <p class="legend">\(change.note): hairs are not matched.</p>
          """
      case .missing(let reason):
        lines += "<p>No change can be given: \(FigureText.reason(reason)).</p>"
      }
    }
    lines += """
      <p>\(headline.detectableChange(in: material, region: region.region, side: region.side))</p>
      """
    return lines
  }

  /// A column a visit, its pictures one below the other, in the order of placement and field.
  private func pictures(_ region: StudyMaterial.RegionOfSubject) async throws -> Markup {
    typealias Cell = (caption: Markup, picture: Result<PictureBook.Shown, PictureMissing>)
    var columns: [[Cell]] = []
    for visit in region.visits {
      var cells: [Cell] = []
      for attempt in visit.combined.attempts where attempt.use == .selected {
        guard let picture = visit.picture(of: attempt) else { continue }
        let shown = try await book.picture(at: picture.index)
        var date: CalendarDate?
        if case .success(let success) = shown { date = success.date }
        cells.append(
          (PictureCaption(picture: picture, visit: visit.visit, date: date).markup, shown))
      }
      columns.append(cells)
    }
    let widest =
      columns.joined().compactMap { cell -> Double? in
        if case .success(let shown) = cell.picture { shown.micrometres } else { nil }
      }.max() ?? 1
    func figure(_ cell: Cell) -> Markup {
      """
      <figure>\(image(cell.picture, widest: widest))<figcaption>\(cell.caption)</figcaption>\
      </figure>
      """
    }
    // One visit alone has its pictures side by side; more than four visits go on in a next row.
    let cells: [Markup] =
      columns.count == 1
      ? columns[0].map(figure)
      : zip(region.visits, columns).map { visit, cells in
        let none: Markup =
          #"<div class="held">\#(visit.visit): no picture passed the quality gate</div>"#
        return #"<div class="visit">\#(cells.isEmpty ? none : cells.map(figure).joined())</div>"#
      }
    let number = columns.count == 1 ? 2 : min(columns.count, 4)
    return """
      <div class="pictures" style="grid-template-columns:repeat(\(number),1fr)">\(cells)</div>
      """
  }

  /// The picture as wide as its share of the widest one's scalp, so that all are at one scale.
  private func image(
    _ picture: Result<PictureBook.Shown, PictureMissing>, widest: Double
  ) -> Markup {
    switch picture {
    case .success(let shown):
      """
      <img alt="photograph with measured hairs" width="\(shown.width)" height="\(shown.height)" \
      style="width:\(svg(shown.micrometres / widest * 100))%" src="\(shown.source)">
      """
    case .failure(let missing): #"<div class="held">not shown: \#(missing.reason)</div>"#
    }
  }

  private func rejected(_ region: StudyMaterial.RegionOfSubject) -> Markup {
    let rows: [Markup] = region.visits.flatMap { visit in
      visit.combined.attempts.filter { $0.use != .selected }.map { attempt in
        let why =
          attempt.use == .accepted
          ? "an earlier attempt had passed" : attempt.reasons.joined(separator: "; ")
        return """
          <tr><td>\(visit.visit)</td><td>\(attempt.placement)</td><td>\(attempt.field)</td>\
          <td>\(attempt.attempt)</td><td>\(visit.picture(of: attempt)?.file ?? "")</td>\
          <td>\(attempt.use == .accepted ? "not used" : "rejected")</td><td>\(why)</td></tr>
          """
      }
    }
    guard !rows.isEmpty else { return "" }
    return """
      <h3>Attempts that were not used</h3>
      <table class="values"><thead><tr><th>visit</th><th>placement</th><th>field</th>\
      <th>attempt</th><th>file</th><th>state</th><th>reason</th></tr></thead>\
      <tbody>\(rows)</tbody></table>
      """
  }
}

/// What stands below a photograph: where it belongs, what was counted, how good it is.
struct PictureCaption {
  let picture: StudyMaterial.Picture
  let visit: String
  let date: CalendarDate?

  var markup: Markup {
    var place: [String] = []
    if let date { place.append(date.description) }
    if picture.key.placement > 1 { place.append("placement \(picture.key.placement)") }
    place.append("field \(picture.key.field)")
    if picture.key.attempt > 1 { place.append("attempt \(picture.key.attempt)") }
    if let count = picture.hairCount.value { place.append(plural(Int(count), "hair")) }
    place.append("\(FigureText.number(picture.squareCentimetres, decimals: 3)) cm²")
    let scale = picture.scale
    var calibration = scale.source.rawValue
    if let record = scale.calibration { calibration += " \(record)" }
    if let age = scale.ageDays { calibration += ", \(plural(age, "day")) old" }
    let quality = picture.quality
    var lines = [
      "sharpness \(FigureText.number(quality.sharpness, decimals: 2))",
      "glare \(FigureText.number(quality.glareShare * 100, decimals: 1)) %",
      "exposure \(quality.exposure)",
    ]
    if let spread = quality.pointSpreadSigmaMicrometres {
      lines.append("point spread \(FigureText.number(spread, decimals: 1)) µm")
    }
    return """
      <b>\(visit)</b> \(place.joined(separator: " · "))<br>\(lines.joined(separator: " · "))<br>\
      scale \(FigureText.number(scale.micrometresPerPixel, decimals: 3)) µm/pixel \
      ± \(FigureText.number(scale.relativeUncertainty * 100, decimals: 2)) % (\(calibration))
      """
  }
}
