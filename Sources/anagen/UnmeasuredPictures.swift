import ClinicalRecords
import Ledger
import StageKit

/// The pictures of a data folder whose figures do not count, each with why and what to do.
///
/// The rows name subjects, as those of ``ResultsTable``.
struct UnmeasuredPictures {
  /// One picture.
  struct Picture {
    let acquisition: AcquisitionKey
    /// `rejected`, a matter of quality, or `failed`, a technical one.
    let state: String
    /// Why, and what to do.
    let why: String
  }

  private let pictures: [Picture]

  /// - Parameter pictures: rejected and failed ones, in any order.
  init(_ pictures: [Picture]) {
    self.pictures = pictures.sorted {
      NaturalOrder.precedes($0.acquisition.path, $1.acquisition.path)
    }
  }

  /// The pictures of what is set aside that no stage could measure.
  ///
  /// - Parameter flow: the plan's, which tells the stages that refuse what was measured well.
  static func failed(_ setAside: [QuarantinedDelivery], in flow: PlanFlow) -> [Picture] {
    setAside.compactMap { entry in
      guard !flow.deidentifying.contains(entry.failure.stage),
        let key = AcquisitionKey(of: RecordIdentity(entry.identity)),
        entry.identity == key.identity(of: CapturedImage.schema).text
      else { return nil }
      return Picture(
        acquisition: key, state: "failed", why: "\(entry.failure.message); \(entry.failure.hint)")
    }
  }

  /// Whether every picture was measured and accepted.
  var isEmpty: Bool { pictures.isEmpty }

  var text: String {
    var table = TextTable([
      ("subject", .left), ("visit", .left), ("region", .left), ("placement", .right),
      ("field", .right), ("attempt", .right), ("figures", .left), ("why, and what to do", .left),
    ])
    for picture in pictures.prefix(ResultsTable.rowLimit) {
      let key = picture.acquisition
      table.add([
        key.subject, key.visit, key.region + (key.side == "unknown" ? "" : " \(key.side)"),
        "\(key.placement)", "\(key.field)", "\(key.attempt)", picture.state, picture.why,
      ])
    }
    let rest = pictures.count - ResultsTable.rowLimit
    return table.text + (rest > 0 ? "\nand \(rest) more: 'acquisitions.csv' has all" : "")
  }

  var json: JSONValue {
    .array(
      pictures.map { picture in
        .object([
          .init("acquisition", .string(picture.acquisition.path)),
          .init("state", .string(picture.state)), .init("why", .string(picture.why)),
        ])
      })
  }
}
