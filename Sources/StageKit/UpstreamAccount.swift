public import ClinicalRecords

/// What a sink is told at drain of the stages before it: which of its records stand, and what was
/// set aside on the way to it, so that what is missing is missing with a reason.
///
/// Everything is said in identities of records that the sink itself was given: nothing of a record
/// that was refused comes with it.
public struct UpstreamAccount: Sendable {
  /// The records given to the sink that the plan, as it is now, still makes.
  ///
  /// One that is not among them was given by an earlier run: the stage that made it has another
  /// version or other settings now, and refuses.
  public let standing: Set<RecordIdentity>
  /// What was set aside, each with a record of the sink that shares its source record; ordered.
  public let setAside: [SetAside]
  /// Records given to the sink of which nothing counts any more, with why.
  public let withdrawn: [RecordIdentity: Withdrawal]

  /// Why nothing counts of a record that a sink was given.
  public enum Withdrawal: String, Sendable, Codable {
    /// Its source record was filed under another identity since: the acquisition that it tells of
    /// was a mistake.
    case filedElsewhere = "filed_elsewhere"
    /// A person took the picture out.
    case byPerson = "by_person"
    /// A person took its subject out, with all pictures.
    case withSubject = "with_subject"
    /// The stage that made this very record is in the pipeline no more, and no other makes it.
    case stageGone = "stage_gone"
  }

  /// Makes an account.
  public init(
    standing: Set<RecordIdentity>, setAside: [SetAside] = [],
    withdrawn: [RecordIdentity: Withdrawal] = [:]
  ) {
    self.standing = standing
    self.setAside = setAside
    self.withdrawn = withdrawn
  }
}

/// A record that a stage before an identified projection refused or failed on.
public struct Refused: Sendable, Hashable {
  /// The record.
  public let identity: RecordIdentity
  /// The stage that refused, by its key in the pipeline file.
  public let stage: String
  /// What it said, in words.
  public let message: String
  /// What to do.
  public let hint: String

  /// Makes an entry.
  public init(identity: RecordIdentity, stage: String, message: String, hint: String) {
    self.identity = identity
    self.stage = stage
    self.message = message
    self.hint = hint
  }
}

/// A delivery that a stage before the sink refused or failed on, beside a record that the sink was
/// given.
public struct SetAside: Sendable, Hashable {
  /// The reason of what a person gave up, whatever the stage had said.
  public static let givenUp = "given_up_by_a_person"

  /// A record that the sink was given, made from the same source record as the refused one.
  public let identity: RecordIdentity
  /// The stage that refused, by its key in the pipeline file.
  public let stage: String
  /// Whether it was privacy that held the record, and not something technical that failed.
  ///
  /// Then the stage lowers labels, and looked at it.
  public let isHeld: Bool
  /// The stable reason, as ``StageError/Code/name``.
  public let reason: String

  /// Makes an entry.
  public init(identity: RecordIdentity, stage: String, isHeld: Bool, reason: String) {
    self.identity = identity
    self.stage = stage
    self.isHeld = isHeld
    self.reason = reason
  }
}
