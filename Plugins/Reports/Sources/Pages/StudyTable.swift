import ClinicalRecords

/// One line a subject and region: density at the first and the last visit, its change, diameters.
struct StudyTable {
  let material: StudyMaterial
  /// A subject's page, when there is one.
  let link: (StudyMaterial.Subject) -> String?

  private var headline: Headline { Headline(of: material.study) }

  func markup() throws -> Markup {
    let rows: [Markup] = try material.subjects.flatMap { subject in
      try subject.regions.flatMap { region in
        try region.visits.enumerated().map { index, visit in
          try row(subject, region, visit, isLast: index == region.visits.count - 1)
        }
      }
    }
    return """
      <table class="values"><thead><tr><th>subject</th><th>region</th><th>visit</th>\
      <th>counted on</th><th>density<span class="basis">\(headline.words), \
      \(FigureText.level(material.intervalLevel)) of sampling + scale</span></th>\
      <th>median diameter</th><th>terminal share</th><th>cumulative thickness</th>\
      <th>density ratio<span class="basis">first to last, secondary</span></th></tr></thead>\
      <tbody>\(rows)</tbody></table>
      """
  }

  private func row(
    _ subject: StudyMaterial.Subject, _ region: StudyMaterial.RegionOfSubject,
    _ visit: StudyMaterial.VisitOfRegion, isLast: Bool
  ) throws -> Markup {
    var name: Markup = "\(subject.subject)"
    if let page = link(subject) { name = #"<a href="\#(page)">\#(subject.subject)</a>"# }
    var basis: Markup = ""
    let lead = visit.combined.figure(.density, hairs: headline.hairs.name)
    if let density = lead {
      basis = """
        \(FigureText.hairs(density.hairCount))<span class="basis">\
        <span>\(plural(density.pictureCount, "picture"))</span> · \
        <span>\(FigureText.number(density.squareCentimetres, decimals: 3)) cm²</span></span>
        """
    }
    let others: [HairQuantity] = [.medianDiameter, .terminalShare, .cumulativeThickness]
    let figures: [Markup] =
      ["<td>\(FigureText.cell(lead, of: .density))</td>"]
      + others.map { "<td>\(FigureText.cell(visit.combined.figure($0), of: $0))</td>" }
    var ratio: Markup = ""
    if isLast, let change = try region.change(hairs: headline.hairs.name) {
      switch change.rateRatio {
      case .known(let value):
        ratio = """
          <span class="value">\(FigureText.number(value.value, decimals: 2))</span>\
          <span class="interval">\(FigureText.number(value.low ?? 0, decimals: 2)) to \
          \(FigureText.number(value.high ?? 0, decimals: 2))</span>
          """
      case .missing(let reason):
        ratio = #"<span class="missing">\#(FigureText.reason(reason))</span>"#
      }
    }
    return """
      <tr><td>\(name)</td><td>\(region.title(in: material.study))</td><td>\(visit.visit)</td>\
      <td>\(basis)</td>\(figures)<td>\(ratio)</td></tr>
      """
  }
}
