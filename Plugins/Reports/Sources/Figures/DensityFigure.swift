import ClinicalRecords

/// Density at each visit of one region with its intervals, as inline SVG.
struct DensityFigure {
  /// One line of points.
  struct Series {
    let name: String
    let colour: String
    let figures: [Figure?]
  }

  let visits: [String]
  let series: [Series]

  private let width = 460.0
  private let height = 270.0
  private let left = 52.0
  private let right = 118.0
  private let top = 30.0
  private let bottom = 40.0

  /// The figure, or nothing when no density is known.
  var markup: Markup {
    let known = series.flatMap(\.figures).compactMap { figure -> Figure.Value? in
      if case .known(let value) = figure { value } else { nil }
    }
    guard !known.isEmpty else { return "" }
    let axis = NiceAxis(upTo: known.map { $0.high ?? $0.value }.max() ?? 1)
    return """
      <svg class="chart" viewBox="0 0 \(svg(width)) \(svg(height))" role="img" \
      aria-label="hair density at each visit with intervals">\
      \(grid(axis))\(labels)\(series.enumerated().map { line($1, number: $0, axis) })</svg>
      """
  }

  private func x(_ visit: Int, series: Int) -> Double {
    let inner = width - left - right
    let step = inner / Double(max(visits.count, 1))
    let shift = (Double(series) - Double(self.series.count - 1) / 2) * 9
    return left + step * (Double(visit) + 0.5) + shift
  }

  private func y(_ value: Double, _ axis: NiceAxis) -> Double {
    height - bottom - value / axis.top * (height - top - bottom)
  }

  private func grid(_ axis: NiceAxis) -> Markup {
    let lines: [Markup] = axis.ticks.map { tick in
      let y = y(tick, axis)
      return """
        <line class="grid" x1="\(svg(left))" x2="\(svg(width - right))" y1="\(svg(y))" \
        y2="\(svg(y))"/><text class="tick" x="\(svg(left - 7))" y="\(svg(y + 3.5))" \
        text-anchor="end">\(FigureText.number(tick, decimals: axis.decimals))</text>
        """
    }
    return lines.joined()
      + """
      <text class="axis" x="\(svg(left - 44))" y="\(svg(top - 16))">hairs /cm²</text>
      """
  }

  private var labels: Markup {
    let texts: [Markup] = visits.enumerated().map { index, visit in
      """
      <text class="visit" x="\(svg(x(index, series: 0) / 2 + x(index, series: series.count - 1) / 2))" \
      y="\(svg(height - bottom + 20))" text-anchor="middle">\(visit)</text>
      """
    }
    return texts.joined()
  }

  private func line(_ series: Series, number: Int, _ axis: NiceAxis) -> Markup {
    var points: [(x: Double, y: Double)] = []
    var marks: Markup = ""
    for (index, figure) in series.figures.enumerated() {
      guard case .known(let value) = figure else { continue }
      let x = x(index, series: number)
      points.append((x, y(value.value, axis)))
      if let low = value.low, let high = value.high {
        let (bottom, top) = (y(low, axis), y(high, axis))
        marks += """
          <path class="whisker" stroke="\(series.colour)" d="M\(svg(x)) \(svg(bottom))V\(svg(top))\
          M\(svg(x - 4)) \(svg(bottom))h8M\(svg(x - 4)) \(svg(top))h8"/>
          """
      }
      marks += """
        <circle cx="\(svg(x))" cy="\(svg(y(value.value, axis)))" r="4.5" fill="\(series.colour)">\
        <title>\(FigureText.value(value.value, of: .density)) /cm²</title></circle>
        """
    }
    guard let last = points.last else { return marks }
    let path = points.enumerated().map { "\($0 == 0 ? "M" : "L")\(svg($1.x)) \(svg($1.y))" }
      .joined()
    let label = labelHeight(number, axis)
    return """
      <path class="line" stroke="\(series.colour)" d="\(path)"/>\(marks)\
      <path class="leader" d="M\(svg(last.x + 6)) \(svg(last.y))L\(svg(width - right + 4)) \
      \(svg(label - 4))"/>\
      <text class="series" style="fill:\(series.colour)" x="\(svg(width - right + 8))" \
      y="\(svg(label))">\(series.name)</text>
      """
  }

  /// Labels stand beside their last points, pushed apart when two are close.
  private func labelHeight(_ number: Int, _ axis: NiceAxis) -> Double {
    var places: [(number: Int, y: Double)] = []
    for (index, series) in series.enumerated() {
      let last = series.figures.compactMap { $0?.value }.last
      if let last { places.append((index, y(last, axis) + 4)) }
    }
    places.sort { $0.y < $1.y }
    for index in places.indices.dropFirst() {
      places[index].y = max(places[index].y, places[index - 1].y + 16)
    }
    return places.first { $0.number == number }?.y ?? top
  }
}

/// An axis from 0 with three to six ticks at round values.
package struct NiceAxis {
  package let top: Double
  package let step: Double

  package init(upTo value: Double) {
    let wanted = max(value, 1e-6) * 1.04
    var magnitude = 1e-6
    while magnitude * 10 <= wanted { magnitude *= 10 }
    let step = [0.2, 0.5, 1, 2, 5].map { $0 * magnitude }.first { wanted / $0 <= 6 } ?? wanted
    self.step = step
    top = (wanted / step).rounded(.up) * step
  }

  package var ticks: [Double] { (0...Int((top / step).rounded())).map { Double($0) * step } }
  var decimals: Int { step >= 1 ? 0 : step >= 0.1 ? 1 : 2 }
}

/// A coordinate with one decimal.
func svg(_ value: Double) -> String {
  let tenths = Int((value * 10).rounded())
  let sign = tenths < 0 ? "-" : ""
  return "\(sign)\(abs(tenths) / 10).\(abs(tenths) % 10)"
}
