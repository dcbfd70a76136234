public import ClinicalRecords
public import StageKit

/// Whom a release is for, and so what it may tell (STUDY §4, `exports`).
public enum ReleaseProfile: String, Codable, Sendable, CaseIterable {
  /// The trial's own registry: the trial subject number stays, so that source data can be verified;
  /// days are study days.
  case trial
  /// Anybody: the subject is a random code, linked only in a table that the station cannot open;
  /// days are study days.
  case `public`

  /// The label of what leaves under this profile.
  public var label: PrivacyLabel { self == .trial ? .pseudonymised : .deidentified }
}

/// The settings of both stages that release.
public struct ReleaseSettings: StageSettings, Equatable {
  /// Whom the release is for.
  public var profile = ReleaseProfile.trial
  /// The secret from which references and names are made.
  public var key: SecretReference?
  /// The public key that the linking table is sealed to; needed by the profile `public`.
  public var linkingKey: String?
  /// The visit whose capture is the anchor day; the study's visit on its anchor day by default.
  public var anchorVisit: String?

  /// Makes the defaults.
  public init() {}

  /// Every setting.
  public static var declarations: [SettingDeclaration] {
    [
      SettingDeclaration(
        "profile", .choice(ReleaseProfile.allCases.map(\.rawValue)),
        "Whom the release is for: trial keeps the subject number, public recodes it."),
      SettingDeclaration(
        "key", .secret, "The secret of at least 32 bytes from which references and names are made.",
        required: true),
      SettingDeclaration(
        "linking_key", .inputFile,
        "The X25519 public key that the linking table is sealed to, for the profile public."),
      SettingDeclaration(
        "anchor_visit", .text,
        "The visit whose capture is the anchor day; the study file's own visit by default."),
    ]
  }

  /// The profile's.
  public var givenLabel: GivenLabel? {
    GivenLabel(
      profile.label, by: "profile",
      values: Dictionary(
        uniqueKeysWithValues: ReleaseProfile.allCases.map { ($0.label, $0.rawValue) }))
  }

  /// A public release without a table that links it can never be corrected or withdrawn.
  public func problems() -> [SettingProblem] {
    guard profile == .public, linkingKey == nil else { return [] }
    return [
      SettingProblem(
        "linking_key", "the profile 'public' needs a key to seal its linking table to",
        hint: "make one where the table will be opened, with 'openssl genpkey -algorithm X25519 "
          + "-out linking.pem' and 'openssl pkey -in linking.pem -pubout', and give the public half"
      )
    ]
  }
}
