extension Study {
  /// Who may take part.
  public struct Eligibility: Sendable, Equatable, Codable {
    /// `male`, `female` or `any`.
    public var sex: String
    /// The age in years at inclusion, if stated.
    public var ageYears: ClosedRange<Int>?
    /// The lowest and highest grade of the Norwood-Hamilton scale (Norwood 1975, doi
    /// 10.1097/00007611-197511000-00009), if stated.
    public var norwood: [String]

    /// Makes criteria.
    public init(sex: String = "any", ageYears: ClosedRange<Int>? = nil, norwood: [String] = []) {
      self.sex = sex
      self.ageYears = ageYears
      self.norwood = norwood
    }
  }

  /// The arms of a trial by label.
  public struct Arms: Sendable, Equatable, Codable {
    /// The labels.
    public var labels: [String]
    /// The ratio of allocation, one part a label; empty when not stated.
    public var ratio: [Int]

    /// Makes arms.
    public init(labels: [String], ratio: [Int] = []) {
      self.labels = labels
      self.ratio = ratio
    }
  }

  /// How the same skin is found at the next visit.
  public struct Relocation: Sendable, Equatable, Codable {
    /// By what: `tattoo_dot`, `template`, `landmarks` or `overlay`.
    public var by: String
    /// How far off it may be, in µm.
    public var toleranceMicrometres: Double

    /// Makes a rule.
    public init(by: String, toleranceMicrometres: Double) {
      self.by = by
      self.toleranceMicrometres = toleranceMicrometres
    }
  }

  /// How pictures are analysed: with settings that are fixed for a subject and region across
  /// visits, and read again together when the study is locked (STUDY §3).
  public struct Analysis: Sendable, Equatable, Codable {
    /// The stage, such as `hair.analyse`.
    public var stage: String
    /// What settings are fixed for: `subject_region`.
    public var settingsPer: String
    /// When all visits are read again: `all_visits_at_lock`.
    public var reread: String

    /// Makes rules.
    public init(stage: String, settingsPer: String, reread: String) {
      self.stage = stage
      self.settingsPer = settingsPer
      self.reread = reread
    }
  }

  /// How readers check the analysis.
  public struct Review: Sendable, Equatable, Codable {
    /// How many readers.
    public var readers: Int
    /// The share of pictures that two readers see, 0 to 1.
    public var doubleReadShare: Double
    /// `random` or `as_captured`.
    public var order: String
    /// What readers are not shown.
    public var hidden: [String]

    /// Makes rules.
    public init(readers: Int, doubleReadShare: Double, order: String, hidden: [String]) {
      self.readers = readers
      self.doubleReadShare = doubleReadShare
      self.order = order
      self.hidden = hidden
    }
  }

  /// What one kind of export may carry.
  public struct ExportProfile: Sendable, Equatable, Codable {
    /// The profile's name, such as `trial`.
    public var name: String
    /// The label of what leaves.
    public var label: PrivacyLabel
    /// Whether subject numbers are kept or recoded: `keep` or `recode`.
    public var subject: String
    /// How dates leave: `study_day` or `none`.
    public var dates: String
    /// How ages leave: `years`, `bands` or `none`.
    public var ages: String
    /// The smallest group that a table may show.
    public var leastCell: Int

    /// Makes a profile.
    public init(
      name: String, label: PrivacyLabel, subject: String, dates: String, ages: String,
      leastCell: Int
    ) {
      self.name = name
      self.label = label
      self.subject = subject
      self.dates = dates
      self.ages = ages
      self.leastCell = leastCell
    }
  }
}
