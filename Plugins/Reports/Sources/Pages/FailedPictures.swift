import ClinicalRecords
import StageKit

/// The pictures that were taken in and could not be measured, each with why and what to do.
struct FailedPictures {
  /// One picture.
  struct Picture: Sendable {
    let key: AcquisitionKey
    /// What the stage that refused it said, and what to do.
    let why: String
  }

  let pictures: [Picture]

  /// The pictures among refused records, in the order of subjects.
  static func pictures(of refused: [Refused]) -> [Picture] {
    refused.compactMap { entry in
      AcquisitionKey(of: entry.identity).map {
        Picture(key: $0, why: "\(entry.message); \(entry.hint)")
      }
    }.sorted { NaturalOrder.precedes($0.key.path, $1.key.path) }
  }

  /// A section with a row a picture; nothing when there are none.
  var markup: Markup {
    guard !pictures.isEmpty else { return "" }
    let rows: [Markup] = pictures.map { picture in
      let key = picture.key
      let region = key.side == "unknown" ? key.region : "\(key.region), \(key.side)"
      return """
        <tr><td>\(key.subject)</td><td>\(key.visit)</td><td>\(region)</td>\
        <td>\(key.placement)</td><td>\(key.field)</td><td>\(key.attempt)</td>\
        <td>\(picture.why)</td></tr>
        """
    }
    return """
      <h2>Pictures that could not be measured</h2>
      <table class="values"><thead><tr><th>subject</th><th>visit</th><th>region</th>\
      <th>placement</th><th>field</th><th>attempt</th><th>why, and what to do</th></tr></thead>\
      <tbody>\(rows)</tbody></table>
      """
  }
}
