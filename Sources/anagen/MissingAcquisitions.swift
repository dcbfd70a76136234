import ClinicalRecords
import Ledger
import StageKit

/// What a study's schedule asks of the subjects seen so far and no picture was taken of.
///
/// Visits that lie in the future count too: the ledger does not know a subject's anchor date.
struct MissingAcquisitions {
  /// One region of one visit with fewer pictures than the study asks.
  struct Gap: Equatable {
    let subject: String
    let visit: String
    let region: String
    let found: Int
    let planned: Int
  }

  let gaps: [Gap]

  /// Compares a data folder with a study.
  init(folder: DataFolder, study: Study) throws {
    var pictures: [String: Set<String>] = [:]
    var subjects: Set<String> = []
    let contents = "\(folder.privatePath)/content"
    let decoder = RecordDecoder(contentFolder: contents)
    try LedgerReading(folder: folder).forEachCurrent(
      CapturedImage.schema,
      { payload in
        let key = try decoder.decode(CapturedImage.self, from: payload).acquisition
        subjects.insert(key.subject)
        pictures["\(key.subject)/\(key.visit)/\(key.region)", default: []]
          .insert("\(key.session)/\(key.placement)/\(key.field)")
      }, contentFolder: contents)
    let sessions = max(1, study.sessions.count)
    gaps = subjects.sorted(by: NaturalOrder.precedes).flatMap { subject in
      study.visits.flatMap { visit in
        study.regions.compactMap { region -> Gap? in
          let planned = visit.placements * region.fields * sessions
          let found = pictures["\(subject)/\(visit.name)/\(region.code)"]?.count ?? 0
          guard found < planned else { return nil }
          return Gap(
            subject: subject, visit: visit.name, region: region.code, found: found,
            planned: planned)
        }
      }
    }
  }

  var text: String {
    var table = TextTable([
      ("subject", .left), ("visit", .left), ("region", .left), ("pictures", .right),
      ("planned", .right),
    ])
    for gap in gaps {
      table.add([gap.subject, gap.visit, gap.region, "\(gap.found)", "\(gap.planned)"])
    }
    return "missing:\n\(table.text)"
  }

  var json: JSONValue {
    .array(
      gaps.map { gap in
        .object([
          .init("subject", .string(gap.subject)), .init("visit", .string(gap.visit)),
          .init("region", .string(gap.region)), .init("found", .integer(Int64(gap.found))),
          .init("planned", .integer(Int64(gap.planned))),
        ])
      })
  }
}
