import ClinicalRecords

/// How an account passes to a sink in another process (docs/stage-protocol.md 4.5).
extension UpstreamAccount {
  private struct Carried: Codable {
    struct SetAside: Codable {
      let identity: RecordIdentity
      let stage: String
      let held: Bool
      let reason: String
    }
    struct Withdrawn: Codable {
      let identity: RecordIdentity
      let why: Withdrawal
    }
    let standing: [RecordIdentity]
    let setAside: [SetAside]
    let withdrawn: [Withdrawn]
  }

  /// The account as JSON.
  package func serialised() -> [UInt8] {
    let carried = Carried(
      standing: standing.sorted { $0.text < $1.text },
      setAside: setAside.map {
        Carried.SetAside(identity: $0.identity, stage: $0.stage, held: $0.isHeld, reason: $0.reason)
      },
      withdrawn: withdrawn.sorted { $0.key.text < $1.key.text }.map {
        Carried.Withdrawn(identity: $0.key, why: $0.value)
      })
    do { return try CanonicalJSONEncoder().encode(carried) } catch {
      preconditionFailure("texts and truth values can be encoded")
    }
  }

  /// Reads an account.
  ///
  /// - Throws: `DecodingError` for what is none.
  package init(serialised bytes: [UInt8]) throws {
    let carried = try RecordDecoder().decode(Carried.self, from: bytes)
    self.init(
      standing: Set(carried.standing),
      setAside: carried.setAside.map {
        SetAside(identity: $0.identity, stage: $0.stage, isHeld: $0.held, reason: $0.reason)
      },
      withdrawn: Dictionary(
        carried.withdrawn.map { ($0.identity, $0.why) }, uniquingKeysWith: { _, last in last }))
  }
}
