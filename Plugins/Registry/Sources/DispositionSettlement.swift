import ClinicalRecords
import GRDB
import StageKit

/// Notes, at drain, what became of the figures and the picture of every acquisition.
///
/// What stands and was held or failed before is stated anew; what does not stand has the state and
/// reason of the stage that set it aside. What a stage made that is in the pipeline no more is taken
/// out; what nobody refused and nobody made yet is left as it is.
struct DispositionSettlement {
  let db: Database
  let study: Study
  let upstream: UpstreamAccount

  private struct Acquisition {
    let id: Int64
    let reference: String
    let quality: MeasurementQuality?
    let hasPicture: Bool
    let isApproved: Bool
    let last: [Disposition.Part: String]
  }

  /// - Returns: how many pictures, and figures of pictures, are taken out now since the stage that
  ///   made them left the pipeline.
  func settle() throws -> [Disposition.Part: Int] {
    var gone: [Disposition.Part: Int] = [:]
    let refusals = Refusals(upstream.setAside)
    let rows = RegistryRows(db: db, study: study)
    for acquisition in try acquisitions() {
      if let withdrawal = upstream.withdrawal(of: acquisition.reference) {
        // One that was taken out before anything came of it is excluded as a whole.
        for part in Disposition.Part.allCases
        where acquisition.last.isEmpty || acquisition.last[part] != nil {
          try rows.note(Disposition(withdrawal), of: part, acquisition: acquisition.id)
        }
        continue
      }
      let refused = Disposition(refusals.of(acquisition.reference))
      for part in Disposition.Part.allCases {
        if stands(part, of: acquisition) {
          guard isSetAside(part, of: acquisition), let made = made(part, of: acquisition) else {
            continue
          }
          try rows.note(made, of: part, acquisition: acquisition.id)
        } else if let refused {
          try rows.note(refused, of: part, acquisition: acquisition.id)
        } else if isGone(part, of: acquisition), acquisition.last[part] != nil {
          if !isSetAside(part, of: acquisition) { gone[part, default: 0] += 1 }
          try rows.note(.stageGone, of: part, acquisition: acquisition.id)
        }
      }
    }
    return gone
  }

  private func acquisitions() throws -> [Acquisition] {
    let rows = try Row.fetchCursor(
      db,
      sql: """
        SELECT a.id, a.image_ref, (SELECT quality_json FROM measurement
            WHERE acquisition_id = a.id ORDER BY id DESC LIMIT 1) AS quality,
          EXISTS (SELECT 1 FROM image WHERE acquisition_id = a.id) AS has_picture,
          (SELECT reason FROM disposition WHERE acquisition_id = a.id AND part = 'picture'
            AND state = 'released' ORDER BY id DESC LIMIT 1) AS released_for,
          m.state AS measurement_state, p.state AS picture_state
        FROM acquisition a
        LEFT JOIN current_disposition m ON m.acquisition_id = a.id AND m.part = 'measurement'
        LEFT JOIN current_disposition p ON p.acquisition_id = a.id AND p.part = 'picture'
        ORDER BY a.id
        """)
    return try Array(
      rows.map { row in
        let quality: String? = row["quality"]
        var last: [Disposition.Part: String] = [:]
        last[.measurement] = row["measurement_state"]
        last[.picture] = row["picture_state"]
        return Acquisition(
          id: row["id"], reference: row["image_ref"],
          quality: try quality.map {
            try RecordDecoder().decode(MeasurementQuality.self, from: Array($0.utf8))
          }, hasPicture: row["has_picture"],
          isApproved: row["released_for"] as String? == Disposition.approved.reason, last: last)
      })
  }

  private func stands(_ part: Disposition.Part, of acquisition: Acquisition) -> Bool {
    upstream.standing.contains(identity(part, of: acquisition))
  }

  /// Whether the stage that made it is in the pipeline no more; a part alone, since the other may be
  /// another stage's.
  private func isGone(_ part: Disposition.Part, of acquisition: Acquisition) -> Bool {
    upstream.withdrawn[identity(part, of: acquisition)] == .stageGone
  }

  private func identity(_ part: Disposition.Part, of acquisition: Acquisition) -> RecordIdentity {
    Released.identity(
      of: part == .measurement ? .measurement : .image, reference: acquisition.reference)
  }

  private func isSetAside(_ part: Disposition.Part, of acquisition: Acquisition) -> Bool {
    acquisition.last[part].flatMap(Disposition.State.init(rawValue:))?.isCurrent == false
  }

  /// What is said of a part that stands, by what was filed of it.
  private func made(_ part: Disposition.Part, of acquisition: Acquisition) -> Disposition? {
    switch part {
    case .measurement: acquisition.quality.map { Disposition($0) }
    case .picture: acquisition.hasPicture ? (acquisition.isApproved ? .approved : .released) : nil
    }
  }
}

extension UpstreamAccount {
  /// Why nothing counts of an acquisition.
  ///
  /// It is `nil` where a part of it stands: another picture may have its place, of which not every
  /// part of the first one's was made. A stage that left the pipeline takes out its own part alone.
  func withdrawal(of reference: String) -> Withdrawal? {
    let parts = Released.Kind.allCases.map { Released.identity(of: $0, reference: reference) }
    if parts.contains(where: standing.contains) { return nil }
    return parts.lazy.compactMap { withdrawn[$0] }.first { $0 != .stageGone }
  }
}

/// The filed pictures by whether they may leave now.
struct FiledPictures: Sendable {
  /// A picture as it was filed.
  struct Picture: Sendable {
    let name: String
    let sha256: String
    let reference: String
  }

  let current: [Picture]
  /// The names of those that may not.
  let withdrawn: [String]

  init(_ db: Database) throws {
    current = try Row.fetchAll(
      db,
      sql: """
        SELECT name, sha256, image_ref FROM current_image
        JOIN acquisition ON acquisition.id = acquisition_id ORDER BY name
        """
    ).map { Picture(name: $0["name"], sha256: $0["sha256"], reference: $0["image_ref"]) }
    withdrawn = try String.fetchAll(
      db,
      sql: """
        SELECT DISTINCT name FROM image WHERE name NOT IN (SELECT name FROM current_image)
        ORDER BY name
        """)
  }
}
