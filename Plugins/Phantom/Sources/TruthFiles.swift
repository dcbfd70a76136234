import ClinicalRecords
import StageKit

/// The true figures, one row a picture, as CSV (RFC 4180, UTF-8, LF).
///
/// Figures are of the whole picture; a table beside an analysis of a part counts the roots of
/// ``TruthLines`` within that part.
struct TruthTable {
  private let path: String?
  private var text: String

  init(_ path: String?) {
    self.path = path
    text =
      "file,study,subject,visit,session,region,side,placement,field,attempt,um_per_px,area_cm2,"
      + "hair_count,hair_density_per_cm2,terminal_count,vellus_count,median_diameter_um,"
      + "mean_diameter_um,cumulative_thickness_mm_per_cm2,follicular_unit_count\n"
  }

  mutating func add(_ truth: PhantomTruth, of key: AcquisitionKey, file: String) {
    guard path != nil else { return }
    let figures = truth.summary
    func number(_ value: Double?) -> String {
      value.map { JSONValue.number(rounded($0)).text } ?? ""
    }
    let cells: [String] = [
      quoted(file), quoted(key.study), quoted(key.subject), quoted(key.visit),
      quoted(key.session), quoted(key.region), quoted(key.side), "\(key.placement)",
      "\(key.field)", "\(key.attempt)", number(truth.micrometresPerPixel),
      number(figures.squareCentimetres), "\(figures.hairCount)", number(figures.hairDensity),
      "\(figures.terminalCount)", "\(figures.vellusCount)", number(figures.medianDiameter),
      number(figures.meanDiameter), number(figures.cumulativeThickness),
      "\(figures.follicularUnitCount)",
    ]
    text += cells.joined(separator: ",") + "\n"
  }

  /// Writes the file, readable by its owner alone: it names subjects.
  func write() throws {
    guard let path else { return }
    try OutputFile.write(Array(text.utf8), to: path, mode: 0o600)
  }

  private func rounded(_ value: Double) -> Double { (value * 10_000).rounded() / 10_000 }

  private func quoted(_ text: String) -> String {
    text.contains { ",\"\n\r".contains($0) }
      ? "\""
        + text.split(separator: "\"", omittingEmptySubsequences: false)
        .joined(separator: "\"\"") + "\"" : text
  }
}

/// Every true hair, one line of JSON a picture; written as pictures come, named when all are there.
struct TruthLines: ~Copyable {
  private struct Line: Encodable {
    let file: String
    let acquisition: AcquisitionKey
    let truth: PhantomTruth
  }

  private var output: OutputFile?

  /// Starts the file, readable by its owner alone: it names subjects.
  init(_ path: String?) throws {
    if let path {
      output = try OutputFile(path, mode: 0o600)
    } else {
      output = nil
    }
  }

  mutating func add(_ truth: PhantomTruth, of key: AcquisitionKey, file: String) throws {
    guard output != nil else { return }
    let line = Line(file: file, acquisition: key, truth: truth)
    try output?.append(CanonicalJSONEncoder().encode(line) + [10])
  }

  /// Gives the file its name.
  consuming func commit() throws {
    if let output { try output.commit() }
  }
}
