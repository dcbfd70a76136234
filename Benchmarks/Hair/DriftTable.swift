import ClinicalRecords
import Foundation
import HairAnalysis
import Phantom

/// What changes of hair darkness and skin tone alone do to the figures: they should do nothing.
///
/// The baseline is black hair on skin of type III. The probe is put back as for a retest, so the
/// first row is the noise that the others have as well.
struct DriftTable {
  let scalps: Int

  private static let changes: [(String, @Sendable (inout ScalpDescription) -> Void)] = [
    ("nothing", { _ in }),
    ("hair dark brown", { $0.hairColour = .darkBrown }),
    ("hair brown", { $0.hairColour = .brown }),
    ("skin type II", { $0.skinTone = .typeII }),
    ("skin type IV", { $0.skinTone = .typeIV }),
    ("skin texture 0.7", { $0.texture = 0.7 }),
  ]

  func show() throws {
    typealias Pair = (MeasuredScalp.Figures, MeasuredScalp.Figures)
    var free: [[Pair]] = DriftTable.changes.map { _ in [] }
    var held = free
    for number in 0..<scalps {
      let description = MeasuredScalp.description(number)
      let seed = 9000 + UInt64(number)
      let baseline = try MeasuredScalp(description, seed: seed)
      let first = try baseline.measured(under: baseline.conditions)
      var settings = HairAnalyserSettings()
      settings.channel = first.findings.channel
      settings.skinTexture = first.findings.skinTexture
      for (index, (_, change)) in DriftTable.changes.enumerated() {
        var changed = description
        change(&changed)
        let later = try MeasuredScalp(changed, seed: seed)
        precondition(
          zip(later.scene.hairs, baseline.scene.hairs).allSatisfy { $0.root == $1.root },
          "the hairs are the same")
        let conditions = later.conditions.retaken(1)
        free[index].append((first.figures, try later.measured(under: conditions).figures))
        held[index].append((first.figures, try later.measured(under: conditions, settings).figures))
      }
    }
    print("\(scalps) scalps, the same 1 cm2 before and after; mean change (standard error)")
    for (name, pairs) in [("each picture for itself", free), ("settings of the first held", held)] {
      print(name)
      for (index, (change, _)) in DriftTable.changes.enumerated() {
        let figures = MeasuredScalp.Figures.all.map { figure, of in
          let changes = pairs[index].map { $0.1[keyPath: of] / $0.0[keyPath: of] - 1 }
          let centre = mean(changes)
          let variance = changes.reduce(0) { $0 + ($1 - centre) * ($1 - centre) }
          let error = (variance / Double(changes.count * (changes.count - 1))).squareRoot()
          return "\(figure) \(percent(centre)) (\(String(format: "%.1f", 100 * error)))"
        }
        print("  \(change): \(figures.joined(separator: ", "))")
      }
    }
  }
}
