public import ClinicalRecords

/// What a stage declares of itself, before anything is opened.
public struct StageManifest: Sendable {
  /// The id that `use:` names, such as `hair.analyse`.
  public let id: String
  /// What it does, one sentence, for `plugin list`.
  public let summary: String
  /// The author's version of its results: raised whenever the same input would give another output.
  public let resultVersion: String
  /// The lowest label it can give its output, when it can lower one at all.
  public let declassifiesTo: PrivacyLabel?
  /// Whether its output depends on the time of day; such results are never reused.
  public let readsClock: Bool
  /// The most memory that one call takes beside its input and output, in bytes.
  public let workingSetBytes: Int
  /// How a sink's effect stays single, for sinks.
  public let effect: SinkEffect?
  /// Whether records arrive whether or not there is room (a camera): only then may intake drop.
  public let live: Bool

  /// Whether it keeps files of its own in the data folder, where a process of its own does not
  /// reach: such a stage runs within the program alone.
  public let keepsFiles: Bool

  /// Makes a manifest.
  public init(
    id: String, summary: String, resultVersion: String, declassifiesTo: PrivacyLabel? = nil,
    readsClock: Bool = false, workingSetBytes: Int, effect: SinkEffect? = nil, live: Bool = false,
    keepsFiles: Bool = false
  ) {
    self.id = id
    self.summary = summary
    self.resultVersion = resultVersion
    self.declassifiesTo = declassifiesTo
    self.readsClock = readsClock
    self.workingSetBytes = workingSetBytes
    self.effect = effect
    self.live = live
    self.keepsFiles = keepsFiles
  }
}

/// How a sink's effect happens once although a delivery may come twice (DESIGN §5.5).
public enum SinkEffect: String, Sendable, Codable, CaseIterable {
  /// Key and effect are in one transaction of the destination.
  case transactional
  /// The same key again changes nothing.
  case idempotent
  /// The destination can be asked whether it has the key.
  case queryable
  /// Written whole from stored records at drain.
  case projection
}
