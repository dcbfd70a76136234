import ClinicalRecords
import Crypto
import Ledger
import PipelineFiles
import StageKit

/// The reuse key of each stored edge: when it and the input's digest are the same, the results of
/// a delivery stand (DESIGN §5.6).
///
/// A key covers the stage's id, result version, canonical settings (files by SHA-256, secrets by
/// key id), its grants and the study, and the same of every stage down to the next stored record,
/// those with their names, under which their results are kept; never a path or a time. A stage that
/// reads the clock gets a new key in every run.
struct ReuseKeys {
  private let plan: Plan
  private let study: String
  private let secretKeyIDs: [String: String]
  private let runNonce: String
  private let destinations: [String: EffectDestination]

  /// - Parameter destinations: where each sink acts; another destination is sent everything again.
  init(
    plan: Plan, secrets: [String: [UInt8]], runNonce: String,
    destinations: [String: EffectDestination]
  ) throws {
    self.plan = plan
    self.destinations = destinations
    self.runNonce = runNonce
    var studied = plan.study
    studied.fileDigest = nil
    study = ReuseKeys.digest(try CanonicalJSONEncoder().encode(studied))
    secretKeyIDs = secrets.mapValues { ReuseKeys.digest(Array("anagen key id\n".utf8) + $0) }
  }

  /// The edges out of a stage that carry stored records, with their keys.
  func storedEdges(outOf stage: String) -> [StoredEdge] {
    plan.edges(outOf: stage).filter(\.isStored).map { edge in
      let parts = parts(of: edge.to).serialised()
      return StoredEdge(
        edge: EdgeKey(from: edge.from, to: edge.to), reuseKey: ReuseKeys.digest(parts),
        keyParts: String(decoding: parts, as: UTF8.self), destination: destinations[edge.to])
    }
  }

  /// What the key of everything from a stage to the next stored record is made of.
  ///
  /// - Parameter isNamed: whether the stage's name is a part, which for a stored edge it is anyway.
  private func parts(of name: String, isNamed: Bool = false) -> JSONValue {
    guard let stage = plan.stage(name) else { preconditionFailure("the plan has its own stages") }
    let manifest = stage.entry.manifest
    var members: [JSONValue.Member] = [
      JSONValue.Member("stage", .string(manifest.id)),
      JSONValue.Member("version", .string(manifest.resultVersion)),
      JSONValue.Member("settings", withKeyIDs(stage.reuseSettings)),
      JSONValue.Member("declassify", .string(stage.declassify?.rawValue ?? "")),
      JSONValue.Member("study", .string(study)),
    ]
    if isNamed { members.append(JSONValue.Member("name", .string(name))) }
    if let destination = destinations[name] {
      members.append(JSONValue.Member("destination", .string(destination.name)))
    }
    if manifest.readsClock { members.append(JSONValue.Member("run", .string(runNonce))) }
    if let output = stage.entry.output, !output.isStored {
      let next = plan.edges(outOf: name).map { parts(of: $0.to, isNamed: true) }
      members.append(JSONValue.Member("next", .array(next)))
    }
    return .object(members)
  }

  private func withKeyIDs(_ value: JSONValue) -> JSONValue {
    switch value {
    case .object(let members):
      return .object(members.map { JSONValue.Member($0.key, withKeyIDs($0.value)) })
    case .array(let values): return .array(values.map(withKeyIDs))
    case .string(let text) where text.hasPrefix("secret:"):
      let name = String(text.dropFirst(7))
      return .string(secretKeyIDs[name].map { "key:\($0)" } ?? text)
    default: return value
    }
  }

  private static func digest(_ bytes: [UInt8]) -> String {
    ContentDigest(bytes: SHA256.hash(data: bytes)).hexadecimal
  }
}
