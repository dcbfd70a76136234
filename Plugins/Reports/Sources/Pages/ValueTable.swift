import ClinicalRecords

/// Every value of one region at each visit, with hairs, fields, area and interval, and the change
/// of densities.
struct ValueTable {
  let region: StudyMaterial.RegionOfSubject
  /// The density that leads.
  let lead: Headline

  /// The rows: which quantity, on which hairs, and whether it leads.
  private func rows(_ cutOffs: CutOffs) -> [(HairQuantity, HairSet, Bool)] {
    let sets = HairSet.reported(for: cutOffs)
    let densities = sets.map { set in (HairQuantity.density, set, set == lead.hairs) }
    let others: [HairQuantity] = [
      .terminalShare, .thinHairShare, .medianDiameter, .meanDiameter, .diameterCV,
      .cumulativeThickness, .follicularUnitCount, .hairsPerFollicularUnit,
      .interfollicularDistance,
    ]
    return densities + others.map { ($0, .all, false) }
  }

  func markup() throws -> Markup {
    guard let first = region.visits.first else { return "" }
    let heads: [Markup] = region.visits.map { visit in
      "<th>\(visit.visit)\(basis(visit))</th>"
    }
    let change = region.ends != nil
    let rows: [Markup] = try rows(first.combined.cutOffs).map { quantity, set, leads in
      let cells: [Markup] = region.visits.map { visit in
        "<td>\(FigureText.cell(visit.combined.figure(quantity, hairs: set.name), of: quantity))</td>"
      }
      let changed: Markup = change ? "<td>\(try changeCell(quantity, set))</td>" : ""
      return """
        <tr\(leads ? #" class="lead""# : "" as Markup)><th>\(quantity.title)\
        <span class="set">\(description(quantity, set))</span></th>\(cells)\(changed)</tr>
        """
    }
    let last: Markup =
      change
      ? #"<th>change<span class="basis">first to last visit</span></th>"# : ""
    return """
      <table class="values"><thead><tr><th>figure</th>\(heads)\(last)</tr></thead>\
      <tbody>\(rows)</tbody></table>
      """
  }

  /// Hairs, fields, placements and area that a visit's figures stand on.
  private func basis(_ visit: StudyMaterial.VisitOfRegion) -> Markup {
    guard let density = visit.combined.figure(.density) else { return "" }
    let means: Markup =
      density.placementCount > 1
      ? " · <span>means of \(density.placementCount) placements</span>" : ""
    let area = FigureText.number(density.squareCentimetres, decimals: 3)
    return """
      <span class="basis"><span>\(FigureText.hairs(density.hairCount))</span> · \
      <span>\(plural(density.pictureCount, "picture"))</span> · \
      <span>\(area) cm²</span>\(means)</span>
      """
  }

  private func description(_ quantity: HairQuantity, _ set: HairSet) -> String {
    let interval = region.visits.lazy.compactMap { visit -> String? in
      guard case .known(let value)? = visit.combined.figure(quantity, hairs: set.name)?.figure
      else { return nil }
      return value.interval
    }.first
    let level = region.visits.first?.combined.intervalLevel ?? 0.95
    let kind = interval.map { "; \(FigureText.level(level)) of \(FigureText.kind($0))" } ?? ""
    return ValueTable.words(set) + kind
  }

  /// A set of hairs as words.
  static func words(_ set: HairSet) -> String {
    switch set.rule {
    case .all: "all hairs"
    case .ofClass(let name): "\(name.rawValue) hairs"
    case .diameter:
      set.name.hasPrefix("<")
        ? "below \(um(set.name.dropFirst()))"
        : set.name.hasPrefix(">=")
          ? "\(um(set.name.dropFirst(2))) and above"
          : set.name.hasPrefix(">") ? "above \(um(set.name.dropFirst()))" : um(set.name[...])
    }
  }

  private static func um(_ name: Substring) -> String {
    name.dropLast(2).split(separator: "-").joined(separator: " to ") + " µm"
  }

  private func changeCell(_ quantity: HairQuantity, _ set: HairSet) throws -> Markup {
    guard quantity == .density, let change = try region.change(hairs: set.name) else { return "" }
    guard case .known(let difference) = change.difference else {
      return FigureText.cell(change.difference, of: .density)
    }
    let sign = difference.value > 0 ? "+" : ""
    var cell: Markup = """
      <span class="value">\(sign)\(FigureText.number(difference.value, decimals: 1))</span> \
      <span class="unit">/cm²</span>
      """
    if let low = difference.low, let high = difference.high {
      cell += """
        <span class="interval">\(FigureText.number(low, decimals: 1)) to \
        \(FigureText.number(high, decimals: 1))</span>
        """
    }
    if case .known(let ratio) = change.rateRatio, let low = ratio.low, let high = ratio.high {
      cell += """
        <span class="interval">ratio \(FigureText.number(ratio.value, decimals: 2)) \
        (\(FigureText.number(low, decimals: 2)) to \(FigureText.number(high, decimals: 2)))</span>
        """
    }
    if set == lead.hairs { cell += #"<span class="secondary">\#(change.note)</span>"# }
    return cell
  }
}

/// `1 hair`, `2 hairs`.
func plural(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }
