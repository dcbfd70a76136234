import ClinicalRecords

/// Figures as people read them: rounded by quantity, with unit and interval, or the reason why
/// there is none.
package enum FigureText {
  /// A number with a fixed count of decimals; a minus sign, not a hyphen.
  package static func number(_ value: Double, decimals: Int) -> String {
    let factor = (0..<decimals).reduce(1.0) { result, _ in result * 10 }
    let scaled = (abs(value) * factor).rounded()
    guard scaled.isFinite, scaled < 9e15 else { return "–" }
    let whole = Int(scaled)
    var digits = String(whole)
    if decimals > 0 {
      digits = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
      digits.insert(".", at: digits.index(digits.endIndex, offsetBy: -decimals))
    }
    return (value < 0 && whole != 0 ? "−" : "") + digits
  }

  /// A quantity's value in the unit that ``unit(_:)`` names.
  static func value(_ value: Double, of quantity: HairQuantity) -> String {
    switch quantity {
    case .count, .follicularUnitCount:
      number(value, decimals: value == value.rounded() ? 0 : 1)
    case .density, .meanDiameter, .medianDiameter: number(value, decimals: 1)
    case .terminalShare, .thinHairShare: number(value * 100, decimals: 1)
    case .diameterCV: number(value, decimals: 3)
    case .cumulativeThickness, .hairsPerFollicularUnit, .interfollicularDistance:
      number(value, decimals: 2)
    }
  }

  /// How many hairs a figure stands on; a mean over placements need not be whole.
  static func hairs(_ count: Double) -> String {
    "\(value(count, of: .count)) hair\(count == 1 ? "" : "s")"
  }

  /// The unit beside a value.
  static func unit(_ quantity: HairQuantity) -> String {
    switch quantity {
    case .count: "hairs"
    case .density: "/cm²"
    case .terminalShare, .thinHairShare: "%"
    case .meanDiameter, .medianDiameter: "µm"
    case .diameterCV: ""
    case .cumulativeThickness: "mm/cm²"
    case .follicularUnitCount: "units"
    case .hairsPerFollicularUnit: "hairs/unit"
    case .interfollicularDistance: "mm"
    }
  }

  /// A region's figure in a cell, with the hairs that it leaves out where they are many.
  static func cell(_ figure: RegionFigure?, of quantity: HairQuantity) -> Markup {
    var cell = cell(figure?.figure, of: quantity)
    if let basis = figure?.basis, basis.isCautioned, let unresolved = basis.unresolvedCount {
      cell += """
        <span class="missing">without \(hairs(unresolved)) whose diameter could not be told</span>
        """
    }
    return cell
  }

  /// A figure in a cell: value and unit, the interval below, or why it is missing.
  static func cell(_ figure: Figure?, of quantity: HairQuantity) -> Markup {
    switch figure {
    case .known(let value):
      var cell: Markup = """
        <span class="value">\(self.value(value.value, of: quantity))</span> \
        <span class="unit">\(unit(quantity))</span>
        """
      if let low = value.low, let high = value.high {
        cell += """
          <span class="interval">\(self.value(low, of: quantity)) to \
          \(self.value(high, of: quantity))</span>
          """
      }
      return cell
    case .missing(let why): return #"<span class="missing">\#(reason(why))</span>"#
    case nil: return #"<span class="missing">not measured</span>"#
    }
  }

  /// A reason as words.
  package static func reason(_ code: String) -> String {
    switch code {
    case "image_rejected": "no picture passed the quality gate"
    case "analysis_differs": "measured by differing versions or settings"
    case "light_differs": "measured in differing light"
    case "no_repeated_placements": "no repeated placements yet"
    default: code.split(separator: "_").joined(separator: " ")
    }
  }

  /// What an interval covers, as words.
  static func kind(_ interval: String) -> String {
    interval.split(separator: "+").joined(separator: " + ")
  }

  /// A level as per cent, such as `95 %`.
  static func level(_ level: Double) -> String {
    let percent = level * 100
    return number(percent, decimals: abs(percent - percent.rounded()) < 1e-9 ? 0 : 1) + " %"
  }
}
