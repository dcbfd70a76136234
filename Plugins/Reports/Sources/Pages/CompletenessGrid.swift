import ClinicalRecords

/// Which regions were photographed at which visit: done, in part, rejected, missing.
struct CompletenessGrid {
  let material: StudyMaterial

  private struct Spot: Hashable {
    let region: String
    let side: String
    let session: String
  }

  /// The grid of these subjects; `link` gives a subject's page, when it has one.
  func markup(
    of subjects: [StudyMaterial.Subject], link: (StudyMaterial.Subject) -> String?
  ) -> Markup {
    let spots = spots
    let groups: [Markup] = spots.map { spot in
      #"<th colspan="\#(material.visits.count)">\#(spot.region)\#(suffix(spot))</th>"#
    }
    let visits: [Markup] = spots.flatMap { _ in material.visits.map { "<th>\($0)</th>" } }
    let rows: [Markup] = subjects.map { subject in
      var name: Markup = "\(subject.subject)"
      if let page = link(subject) { name = #"<a href="\#(page)">\#(subject.subject)</a>"# }
      let cells: [Markup] = spots.flatMap { spot in
        material.visits.map { cell(subject, spot, visit: $0) }
      }
      return "<tr><td>\(name)</td>\(cells)</tr>"
    }
    return """
      <table class="grid"><thead><tr><th rowspan="2">subject</th>\(groups)</tr>\
      <tr>\(visits)</tr></thead><tbody>\(rows)</tbody></table>
      <p class="legend">✓ n: pictures used &nbsp; n of m: fewer than the study plans &nbsp; ✗: photographed, no picture passed the quality \
      gate &nbsp; –: nothing measured</p>
      """
  }

  /// The schedule's regions, then others that were photographed.
  private var spots: [Spot] {
    var spots: [Spot] = material.study.regions.map {
      Spot(region: $0.code, side: $0.side, session: material.study.sessions.first?.name ?? "D0")
    }
    for region in material.subjects.flatMap(\.regions) {
      let spot = Spot(region: region.region, side: region.side, session: region.session)
      if !spots.contains(spot) { spots.append(spot) }
    }
    let seen = Set(
      material.subjects.flatMap(\.regions).map {
        Spot(region: $0.region, side: $0.side, session: $0.session)
      })
    // A scheduled region that pictures state with another side would stand twice.
    return spots.filter { spot in
      seen.contains(spot) || !seen.contains { $0.region == spot.region }
    }
  }

  private func suffix(_ spot: Spot) -> String {
    (spot.side == "unknown" ? "" : " \(spot.side)")
      + (spot.session == "D0" ? "" : " \(spot.session)")
  }

  private func cell(_ subject: StudyMaterial.Subject, _ spot: Spot, visit: String) -> Markup {
    let region = subject.regions.first {
      Spot(region: $0.region, side: $0.side, session: $0.session) == spot
    }
    guard let attempts = region?.at(visit)?.combined.attempts else {
      return #"<td class="absent">–</td>"#
    }
    let used = attempts.count { $0.use == .selected }
    if used == 0 { return #"<td class="rejected">✗ \#(attempts.count)</td>"# }
    if let planned = planned(spot, visit: visit), used < planned {
      return #"<td class="rejected">\#(used) of \#(planned)</td>"#
    }
    return #"<td class="done">✓ \#(used)</td>"#
  }

  /// How many pictures the study asks of a region at a visit; `nil` where it does not say.
  private func planned(_ spot: Spot, visit: String) -> Int? {
    guard let region = material.study.region(spot.region),
      let visit = material.study.visit(visit)
    else { return nil }
    return region.fields * visit.placements
  }
}
