import ClinicalRecords

/// Every subject's density of one region at each visit as inline SVG: a thin line each, the mean
/// thick.
///
/// Subjects are not told apart by arm: a masked study has none here.
struct StudyFigure {
  let visits: [String]
  /// Each subject's number and densities.
  let subjects: [(name: String, values: [Double?])]

  private let width = 640.0
  private let height = 340.0
  private let left = 56.0
  private let right = 40.0
  private let top = 32.0
  private let bottom = 40.0

  var markup: Markup {
    let known = subjects.flatMap { $0.values.compactMap { $0 } }
    guard let largest = known.max() else { return "" }
    let axis = NiceAxis(upTo: largest)
    return """
      <svg class="chart wide" viewBox="0 0 \(svg(width)) \(svg(height))" role="img" \
      aria-label="hair density of every subject at each visit">\(grid(axis))\
      \(subjects.map { line($0.name, $0.values, axis, "subject") })\
      \(line("mean", means, axis, "mean"))</svg>
      """
  }

  /// Whether there is a density to show.
  var isEmpty: Bool { subjects.allSatisfy { $0.values.allSatisfy { $0 == nil } } }
  /// Whether two subjects or more have every visit.
  var hasMean: Bool { means.contains { $0 != nil } }

  /// The mean at each visit over the subjects that have every visit, so that it does not jump with
  /// who came.
  private var means: [Double?] {
    let complete = subjects.filter { $0.values.allSatisfy { $0 != nil } }
    guard complete.count > 1 else { return visits.map { _ in nil } }
    return visits.indices.map { index in
      complete.compactMap { $0.values[index] }.reduce(0, +) / Double(complete.count)
    }
  }

  private func x(_ visit: Int) -> Double {
    left + (width - left - right) / Double(visits.count) * (Double(visit) + 0.5)
  }

  private func y(_ value: Double, _ axis: NiceAxis) -> Double {
    height - bottom - value / axis.top * (height - top - bottom)
  }

  private func grid(_ axis: NiceAxis) -> Markup {
    let lines: [Markup] = axis.ticks.map { tick in
      """
      <line class="grid" x1="\(svg(left))" x2="\(svg(width - right))" y1="\(svg(y(tick, axis)))" \
      y2="\(svg(y(tick, axis)))"/><text class="tick" x="\(svg(left - 7))" \
      y="\(svg(y(tick, axis) + 3.5))" text-anchor="end">\
      \(FigureText.number(tick, decimals: axis.decimals))</text>
      """
    }
    let names: [Markup] = visits.enumerated().map { index, visit in
      """
      <text class="visit" x="\(svg(x(index)))" y="\(svg(height - bottom + 20))" \
      text-anchor="middle">\(visit)</text>
      """
    }
    return lines.joined() + names.joined()
      + """
      <text class="axis" x="\(svg(left - 48))" y="\(svg(top - 17))">hairs /cm²</text>
      """
  }

  private func line(
    _ name: String, _ values: [Double?], _ axis: NiceAxis, _ style: String
  ) -> Markup {
    let points = values.enumerated().compactMap { index, value in
      value.map { (x: x(index), y: y($0, axis)) }
    }
    guard !points.isEmpty else { return "" }
    let path = points.enumerated().map { "\($0 == 0 ? "M" : "L")\(svg($1.x)) \(svg($1.y))" }
      .joined()
    let dots: [Markup] = points.map {
      """
      <circle cx="\(svg($0.x))" cy="\(svg($0.y))" r="\(style == "mean" ? "5" : "2.6")"/>
      """
    }
    return """
      <g class="\(style)"><title>\(name)</title><path d="\(path)"/>\(dots)</g>
      """
  }
}
