import ClinicalRecords
import StageKit
import Synchronization

/// A sink that says what it is told at drain.
struct Tally: QueryableSink {
  static let manifest = StageManifest(
    id: "tally.photographs", summary: "Takes photographs, and counts those that stand at the end.",
    resultVersion: "1", workingSetBytes: 1 << 20, effect: .queryable)
  let context: StageContext
  var destination: String { "tally" }

  init(settings: NoSettings, context: StageContext) { self.context = context }

  /// What was taken, as long as the process lives.
  private final class Keys: Sendable { let tokens = Mutex<Set<ContentDigest>>([]) }
  private let keys = Keys()

  func send(_ input: CapturedImage, as key: EffectKey, in delivery: DeliveryContext) async throws {
    keys.tokens.withLock { _ = $0.insert(key.token) }
  }
  func query(_ key: EffectKey) async throws -> Bool {
    keys.tokens.withLock { $0.contains(key.token) }
  }

  func finish(_ upstream: UpstreamAccount) async throws {
    context.host.log(
      .warning, stage: context.stage, "the photographs that stand",
      [
        "count": "\(upstream.standing.count)", "set_aside": "\(upstream.setAside.count)",
        "withdrawn": "\(upstream.withdrawn.count)",
      ])
  }
}

await StageServer.serve(
  PluginDescription(name: "tally", version: "1.0.0", command: ["./test-stages"]),
  [StageEntry(Tally.self)])
