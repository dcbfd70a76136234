import ClinicalRecords

/// A measurement in words for a terminal.
enum MeasurementText {
  /// The figures of one picture, with interval and unit each.
  static func summary(of picture: MeasuredPicture, at path: String) -> String {
    let measurement = picture.measurement
    let summary = measurement.summary
    var lines = [heading(of: measurement, at: path)]
    lines += [
      row("hairs", count(summary.hairCount), classes(of: summary)),
      row("density", figure(summary.hairDensity, 1), interval(summary.hairDensity, 1)),
      row("terminal share", percent(summary.terminalShare), percentInterval(summary.terminalShare)),
      row(
        "terminal:vellus", ratio(of: summary),
        "vellus at most \(plain(measurement.cutOffs.vellusAtMost)) um"),
      row(
        "thin hairs", percent(summary.thinHairShare),
        joined(
          percentInterval(summary.thinHairShare), "below \(plain(measurement.cutOffs.thinBelow)) um"
        )),
      row("mean diameter", figure(summary.meanDiameter, 1), interval(summary.meanDiameter, 1)),
      row(
        "median diameter", figure(summary.medianDiameter, 1), interval(summary.medianDiameter, 1)),
      row(
        "thickness sum", figure(summary.cumulativeThickness, 2),
        interval(summary.cumulativeThickness, 2)),
      row("follicular units", count(summary.follicularUnitCount), units(of: summary)),
      row(
        "quality", quality(measurement.quality),
        "sharpness \(fixed(measurement.quality.sharpness, 2))"),
    ]
    if let drawn = picture.drawnAt { lines.append(row("drawn", drawn, "")) }
    return lines.joined(separator: "\n") + "\n"
  }

  /// A number with so many decimals.
  static func fixed(_ value: Double, _ decimals: Int) -> String {
    guard value.isFinite, abs(value) < 1e12 else { return "\(value)" }
    var scale = 1.0
    for _ in 0..<decimals { scale *= 10 }
    let scaled = (abs(value) * scale).rounded()
    let sign = value < 0 && scaled > 0 ? "-" : ""
    let whole = Int(scaled / scale)
    guard decimals > 0 else { return "\(sign)\(whole)" }
    let rest = "\(Int(scaled) % Int(scale))"
    let padding = String(repeating: "0", count: decimals - rest.count)
    return "\(sign)\(whole).\(padding)\(rest)"
  }

  /// A figure with its unit, or why there is none.
  static func figure(_ figure: Figure, _ decimals: Int) -> String {
    switch figure {
    case .known(let value):
      fixed(value.value, decimals) + (value.unit.map { " \($0)" } ?? "")
    case .missing(let reason): "none (\(reason))"
    }
  }

  /// An interval without its unit, or nothing.
  static func interval(_ figure: Figure, _ decimals: Int) -> String {
    guard case .known(let value) = figure, let low = value.low, let high = value.high else {
      return ""
    }
    return "\(fixed(low, decimals)) to \(fixed(high, decimals))"
      + (value.interval.map { " (\($0))" } ?? "")
  }

  /// Terminal over vellus, which has no value without vellus hair.
  static func ratio(of summary: HairSummary) -> String {
    guard let terminal = summary.terminalCount.value, let vellus = summary.vellusCount.value,
      vellus > 0
    else { return "undefined" }
    return fixed(terminal / vellus, 1)
  }

  private static func heading(of measurement: HairMeasurement, at path: String) -> String {
    let area = measurement.measuredArea
    return "\(path): \(measurement.image.width) x \(measurement.image.height) px at "
      + "\(plain(measurement.scale.micrometresPerPixel)) um, "
      + "\(fixed(area.squareCentimetres, 3)) cm2 measured, "
      + "\(fixed(area.maskedSquareCentimetres, 3)) cm2 masked, "
      + "intervals \(fixed(measurement.intervalLevel * 100, 0)) %"
  }

  private static func classes(of summary: HairSummary) -> String {
    "\(count(summary.terminalCount)) terminal, \(count(summary.vellusCount)) vellus, "
      + "\(count(summary.unresolvedCount)) unresolved"
  }

  private static func units(of summary: HairSummary) -> String {
    guard summary.follicularUnitCount.value != nil else { return "" }
    return "\(figure(summary.hairsPerFollicularUnit, 2)) hairs each, "
      + "\(figure(summary.interfollicularDistance, 2)) apart"
  }

  private static func quality(_ quality: MeasurementQuality) -> String {
    quality.accepted ? "accepted" : "NOT ACCEPTED: \(quality.reasons.joined(separator: ", "))"
  }

  private static func row(_ name: String, _ value: String, _ detail: String) -> String {
    let line = "  \(padded(name, 18))\(padded(value, 16))\(detail)"
    return String(line.reversed().drop { $0 == " " }.reversed())
  }

  private static func padded(_ text: String, _ width: Int) -> String {
    text.count < width ? text + String(repeating: " ", count: width - text.count) : text + "  "
  }

  private static func joined(_ parts: String...) -> String {
    parts.filter { !$0.isEmpty }.joined(separator: ", ")
  }

  private static func count(_ figure: Figure) -> String { self.figure(figure, 0) }
  private static func plain(_ value: Double) -> String { JSONValue.number(value).text }

  private static func percent(_ figure: Figure) -> String {
    switch figure {
    case .known(let value): "\(fixed(value.value * 100, 1)) %"
    case .missing(let reason): "none (\(reason))"
    }
  }

  private static func percentInterval(_ figure: Figure) -> String {
    guard case .known(let value) = figure, let low = value.low, let high = value.high else {
      return ""
    }
    return "\(fixed(low * 100, 1)) to \(fixed(high * 100, 1)) %"
  }
}
