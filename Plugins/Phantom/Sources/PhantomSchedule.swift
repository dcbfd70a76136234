import ClinicalRecords
import StageKit

/// Which pictures a run of `phantom.scalp` makes, in order: subjects, visits, regions, placements,
/// fields.
struct PhantomSchedule {
  /// One visit.
  struct Visit {
    let name: String
    /// Days since the first visit.
    let day: Int
    let placements: Int
  }

  /// One picture.
  struct Entry {
    /// Its number, from 1.
    let number: Int
    let key: AcquisitionKey
    /// The position of the visit in the schedule, from 0.
    let visit: Int
    let date: CalendarDate
  }

  let visits: [Visit]
  let regions: [Study.Region]
  let entries: [Entry]

  /// Lays settings over a study.
  ///
  /// - Throws: a fatal ``StageError`` for a visit, region or subject that the study does not know.
  init(_ settings: ScalpPhantomSettings, study: Study) throws {
    visits = try PhantomSchedule.visits(settings, study)
    regions = try PhantomSchedule.regions(settings, study)
    try PhantomSchedule.checkSubjects(settings.subjects, study)
    guard let first = CalendarDate(iso: settings.firstDay) else {
      throw PhantomSchedule.unknown("first_day", "write it as 2026-01-05")
    }
    var entries: [Entry] = []
    for subject in settings.subjects {
      for (position, visit) in visits.enumerated() {
        for region in regions {
          for placement in 1...visit.placements {
            for field in 1...(settings.fields > 0 ? settings.fields : max(1, region.fields)) {
              let key = AcquisitionKey(
                study: study.id, subject: subject, visit: visit.name,
                session: study.sessions.first?.name ?? "D0", region: region.code,
                side: region.side, placement: placement, field: field)
              entries.append(
                Entry(
                  number: entries.count + 1, key: key, visit: position,
                  date: first.advanced(days: visit.day)))
            }
          }
        }
      }
    }
    self.entries = entries
  }

  private static func visits(_ settings: ScalpPhantomSettings, _ study: Study) throws -> [Visit] {
    if study.visits.isEmpty {
      let names = settings.visits.isEmpty ? ["BL", "W12"] : settings.visits
      // Without a schedule the visits lie twelve weeks apart, as in the reference study.
      return names.enumerated().map {
        Visit(name: $1, day: 84 * $0, placements: max(1, settings.placements))
      }
    }
    let names = settings.visits.isEmpty ? study.visits.map(\.name) : settings.visits
    let known = try names.map { name in
      guard let visit = study.visit(name) else {
        throw unknown("visit '\(name)'", "choose one of the study's visits")
      }
      return visit
    }
    let firstDay = known.first?.day ?? 0
    return known.map {
      Visit(
        name: $0.name, day: $0.day - firstDay,
        placements: settings.placements > 0 ? settings.placements : max(1, $0.placements))
    }
  }

  private static func regions(
    _ settings: ScalpPhantomSettings, _ study: Study
  ) throws -> [Study.Region] {
    if study.regions.isEmpty {
      let codes = settings.regions.isEmpty ? ["VX"] : settings.regions
      return codes.map { Study.Region(code: $0, region: "unknown") }
    }
    guard !settings.regions.isEmpty else { return study.regions }
    return try settings.regions.map { code in
      guard let region = study.region(code) else {
        throw unknown("region '\(code)'", "choose one of the study's regions")
      }
      return region
    }
  }

  private static func checkSubjects(_ subjects: [String], _ study: Study) throws {
    guard let pattern = study.subjectPattern else { return }
    let expression: Regex<AnyRegexOutput>
    do {
      expression = try Regex(pattern)
    } catch {
      throw unknown("subject pattern", "write a regular expression in the study file")
    }
    for subject in subjects {
      guard try expression.wholeMatch(in: subject) != nil else {
        throw unknown("a subject number", "match the study's pattern \(pattern)")
      }
    }
  }

  private static func unknown(_ what: String, _ hint: String) -> StageError {
    StageError(
      .fatal, "not_in_study", subject: "\(what) of phantom.scalp does not fit the study",
      hint: hint)
  }
}

extension CalendarDate {
  /// The day this many days later (Howard Hinnant's `civil_from_days`).
  fileprivate func advanced(days: Int) -> CalendarDate {
    let shifted = dayNumber + days + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    return CalendarDate(year: year, month: month, day: day) ?? self
  }
}
