import ClinicalRecords

/// The density that leads a report: that of the study's primary outcome, else that of all hairs.
struct Headline {
  /// Which hairs.
  let hairs: HairSet
  /// The outcome's id, when the study states one.
  let outcome: String?

  init(of study: Study) {
    let primary = study.outcomes.first { outcome in
      outcome.role == "primary" && outcome.measure == HairQuantity.density.rawValue
    }
    let set = HairSet.reported(for: study.cutOffs).first { $0.name == primary?.hairs }
    hairs = set ?? .all
    outcome = set == nil ? nil : primary?.id
  }

  /// The hairs in words, with the outcome that they are of.
  var words: String {
    ValueTable.words(hairs) + (outcome.map { " (primary outcome \($0))" } ?? "")
  }

  /// The smallest change of the density in one subject that repeated placements do not explain,
  /// with its interval and what it was computed from; or why there is none.
  func detectableChange(in material: StudyMaterial, region: String, side: String) -> Markup {
    let repeats = material.repeats(of: .density, hairs: hairs.name, region: region, side: side)
    let figure = MinimalDetectableChange.figure(
      repeats: repeats, unit: "/cm2", level: material.intervalLevel)
    let change: Markup =
      switch figure {
      case .known(let value):
        """
        <b>\(FigureText.number(value.value, decimals: 1)) /cm²</b> \
        (\(FigureText.number(value.low ?? 0, decimals: 1)) to \
        \(FigureText.number(value.high ?? 0, decimals: 1)), from \
        \(plural(repeats.count { $0.count > 1 }, "visit")) with repeated placements)
        """
      case .missing(let reason):
        """
        <span class="missing">\(FigureText.reason(reason))</span>; two placements at baseline \
        would give it
        """
      }
    return "Minimal detectable change in one subject, \(words): \(change)."
  }
}
