import ClinicalRecords

/// What a subject, visit, session, region or side may be called where no study file says so, and
/// still leave as it is: nothing that could be a person's name, a date or a telephone number.
enum PlainNames {
  /// A subject number: one letter at most or a word for a subject, and digits that are none of a
  /// date, a year of birth or a number that somebody has elsewhere, such as `A095` or `01-001`.
  ///
  /// Two letters are initials as often as a code, and names such as Li. More than four digits in a
  /// row are the number of a patient, an insurance or a telephone; a trial has ten thousand
  /// subjects at most in one row of digits, and seven digits with its trial sites.
  static func isSubject(_ text: String) -> Bool {
    guard let runs = Runs(text), !runs.digits.isEmpty,
      runs.letters.count(where: { $0.count == 1 }) <= 1,
      runs.letters.allSatisfy({ $0.count == 1 || subjectWords.contains($0) })
    else { return false }
    return runs.digits.allSatisfy { $0.count <= 4 && !isYear($0) }
      && runs.digits.reduce(0) { $0 + $1.count } <= 7 && !isDate(runs.digits)
  }

  /// A visit or session: words and letters of a schedule, and a number of at most three digits,
  /// such as `BL`, `W12`, `D0` or `follow-up 2`.
  static func isVisit(_ text: String) -> Bool { isMade(text, of: visitWords, digits: 3) }

  /// A region or side: the terms of a study file, and a number of at most two digits.
  static func isRegion(_ text: String) -> Bool { isMade(text, of: regionWords, digits: 2) }

  private static func isMade(_ text: String, of words: Set<String>, digits: Int) -> Bool {
    guard let runs = Runs(text), runs.letters.allSatisfy(words.contains) else { return false }
    // Of several numbers a date can be made, of one with so few digits none.
    return runs.digits.count <= 1 && runs.digits.allSatisfy { $0.count <= digits }
  }

  /// Whether digits are those of a year in which a subject may be born or a picture was taken.
  private static func isYear(_ digits: String) -> Bool {
    digits.count == 4 && ["19", "20"].contains(digits.prefix(2))
  }

  /// Whether three groups of digits are a day, a month and a year in any order.
  private static func isDate(_ groups: [String]) -> Bool {
    let numbers = groups.compactMap { Int($0) }
    guard groups.count == 3, groups.allSatisfy({ $0.count <= 2 }) else { return false }
    let pairs = [(0, 1), (1, 0), (1, 2), (2, 1)]
    return pairs.contains { (1...31).contains(numbers[$0.0]) && (1...12).contains(numbers[$0.1]) }
  }

  /// What stands before a subject's number.
  private static let subjectWords: Set<String> = [
    "case", "no", "participant", "pat", "patient", "pt", "sub", "subj", "subject", "volunteer",
  ]

  /// The words of trial schedules, with the letters that stand for them.
  private static let visitWords: Set<String> = [
    "after", "baseline", "before", "bl", "clip", "clipped", "clipping", "control", "d", "day",
    "days", "end", "eos", "eot", "final", "first", "follow", "followup", "fu", "h", "hour", "hours",
    "injection", "last", "m", "mo", "month", "months", "of", "post", "pre", "retest", "s", "scr",
    "screening", "second", "session", "study", "t", "test", "third", "treatment", "unknown",
    "unscheduled", "up", "uv", "v", "visit", "w", "week", "weeks", "wk", "y", "year", "years",
  ]

  /// The vocabulary of a study file (STUDY §4), and the codes that the reference study gives it.
  private static let regionWords: Set<String> = [
    "frontal", "left", "mid", "midline", "midscalp", "oc", "occipital", "parietal", "right",
    "scalp",
    "temporal", "unknown", "vertex", "vx",
  ]

  /// A text of ASCII letters, digits and `-`, `.`, `_`, space, taken apart; letters in lower case.
  private struct Runs {
    var letters: [String] = []
    var digits: [String] = []

    /// `nil` when anything else stands in the text, or nothing.
    init?(_ text: String) {
      guard (1...32).contains(text.utf8.count) else { return nil }
      var run = ""
      func isDigit(_ character: Character) -> Bool { ("0"..."9").contains(character) }
      func isLetter(_ character: Character) -> Bool { ("a"..."z").contains(character) }
      var runs: [String] = []
      for character in text.lowercased() {
        guard isDigit(character) || isLetter(character) || "-._ ".contains(character) else {
          return nil
        }
        let goesOn = run.last.map {
          isDigit($0) == isDigit(character) && isLetter($0) == isLetter(character)
        }
        if goesOn == false {
          runs.append(run)
          run = ""
        }
        run.append(character)
      }
      runs.append(run)
      letters = runs.filter { $0.first.map(isLetter) == true }
      digits = runs.filter { $0.first.map(isDigit) == true }
      if letters.isEmpty && digits.isEmpty { return nil }
    }
  }
}
