import ClinicalRecords

/// The study as a whole: what is there, every subject's density at each visit, all values.
struct StudyOverview {
  let material: StudyMaterial
  let title: String
  /// A subject's page, when there is one.
  let link: (StudyMaterial.Subject) -> String?

  /// The page as UTF-8.
  func bytes() throws -> [UInt8] {
    let pictures = material.subjects.flatMap(\.regions).flatMap(\.visits)
      .reduce(0) { $0 + $1.pictures.count }
    let planned = material.study.plannedSubjects.map { " of \($0) planned" } ?? ""
    var bare: Markup = ""
    if material.withoutAcquisition > 0 {
      bare = """
        <p class="notice warn">\(plural(material.withoutAcquisition, "measurement")) without \
        subject and visit: not in this report.</p>
        """
    }
    var definitions: Markup = ""
    if let combined = material.subjects.first?.regions.first?.visits.first?.combined {
      definitions = Definitions.markup(
        cutOffs: combined.cutOffs, level: combined.intervalLevel)
    }
    return ReportPage(
      study: material.study, title: title,
      facts: """
        \(plural(material.subjects.count, "subject"))\(planned) · \
        \(plural(material.visits.count, "visit")) · \(plural(pictures, "picture")) measured
        """,
      body: """
        \(bare)
        <h2>What is there</h2>
        \(CompletenessGrid(material: material).markup(of: material.subjects, link: link))
        \(FailedPictures(pictures: material.failed).markup)
        \(ChangedList(changes: material.changes).markup)
        \(figures)
        <h2>Values</h2>
        \(try StudyTable(material: material, link: link).markup())
        \(definitions)
        """
    ).bytes
  }

  /// One figure a region, over the visits of that region.
  private var figures: Markup {
    var spots: [[String]] = []
    for region in material.subjects.flatMap(\.regions) {
      let spot = [region.region, region.side, region.session]
      if !spots.contains(spot) { spots.append(spot) }
    }
    return spots.map { figure($0) }.joined()
  }

  private func figure(_ spot: [String]) -> Markup {
    let headline = Headline(of: material.study)
    let regions = material.subjects.compactMap { subject in
      subject.regions.first { [$0.region, $0.side, $0.session] == spot }
        .map { (name: subject.subject, region: $0) }
    }
    let seen = Set(regions.flatMap { $0.region.visits.map(\.visit) })
    let visits = material.visits.filter { seen.contains($0) }
    guard let first = regions.first, visits.count > 1 else { return "" }
    let figure = StudyFigure(
      visits: visits,
      subjects: regions.map { entry in
        (
          entry.name,
          visits.map { visit in
            entry.region.at(visit)?.combined.figure(.density, hairs: headline.hairs.name)?
              .figure.value
          }
        )
      }
    )
    if figure.isEmpty { return "" }
    let mean =
      figure.hasMean ? "; the thick line is the mean of the subjects that have every visit" : ""
    return """
      <section class="region"><h2>Density before and after: \
      \(first.region.title(in: material.study))</h2>
      \(figure.markup)
      <p class="legend">One line a subject, \(headline.words)\(mean). \
      \(headline.detectableChange(in: material, region: spot[0], side: spot[1]))</p></section>
      """
  }
}
