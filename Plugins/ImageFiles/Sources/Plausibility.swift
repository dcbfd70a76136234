import ClinicalRecords
import StageKit

/// What a list can hold that is valid and cannot be meant; told by file, since the run goes on.
///
/// Fields of one region at one visit are pooled, so what differs among them goes into one figure.
struct Plausibility {
  let listed: [ListedAcquisition]
  /// The day on which the list is read in universal time, counted from 1970-01-01.
  let today: Int

  /// Fields of one session lie this many days apart at most: twice the reference study's visit
  /// window of 7 days, so what is told lies in no one visit.
  static let mostDaysApart = 14
  /// Pictures of one region and session, taken with one device, differ in scale by this share at
  /// most: ten times what the scale bar and the circle of one trichoscope contradict each other by
  /// (1.2 %, `calibration.apply`).
  static let scaleAgreement = 0.12

  /// What is told, each kind once.
  func notices(by stage: String) -> [Notice] {
    [
      notice(
        stage, "dates_in_future", future, "with a date in the future", "correct the dates"),
      notice(
        stage, "dates_apart", groups(apart: daysApart),
        "pooled into one figure with others of their region and visit that were taken more than "
          + "\(Plausibility.mostDaysApart) days before or after",
        "give each visit a name of its own, or correct the dates"),
      notice(
        stage, "scales_apart", groups(apart: scalesApart),
        "pooled into one figure although the scales differ by more than "
          + "\(Int(Plausibility.scaleAgreement * 100)) %", "correct um_per_px of the wrong one"),
      notice(
        stage, "spellings", spellings,
        "whose subject, visit, session or region others write in other case or with other leading "
          + "zeros, so that it counts for two", "write each name in one way, letter for letter"),
    ].compactMap { $0 }
  }

  private func notice(
    _ stage: String, _ code: String, _ pictures: [ListedAcquisition], _ what: String,
    _ hint: String
  ) -> Notice? {
    if pictures.isEmpty { return nil }
    let count = pictures.count == 1 ? "1 listed picture" : "\(pictures.count) listed pictures"
    return Notice(
      stage: stage, code: code,
      what: "\(count) \(what): \(Notice.list(pictures.map(\.file), most: 10))",
      hint: "\(hint) in the list of pictures and run again", isNegative: false)
  }

  /// A clinic east of Greenwich is a day ahead of universal time at most.
  private var future: [ListedAcquisition] {
    listed.filter { $0.date.map { $0.dayNumber > today + 1 } ?? false }
  }

  /// The pictures of the groups that are pooled in which something lies apart.
  private func groups(
    apart: ([ListedAcquisition]) -> [ListedAcquisition]
  ) -> [ListedAcquisition] {
    let groups = Dictionary(grouping: listed, by: \.key.regionVisit)
    let told = Set(groups.values.filter { $0.count > 1 }.flatMap(apart).map(\.file))
    return told.isEmpty ? [] : listed.filter { told.contains($0.file) }
  }

  private func daysApart(_ group: [ListedAcquisition]) -> [ListedAcquisition] {
    let days = group.compactMap { $0.date?.dayNumber }
    guard let first = days.min(), let last = days.max(),
      last - first > Plausibility.mostDaysApart
    else { return [] }
    return group.filter { $0.date?.dayNumber == first || $0.date?.dayNumber == last }
  }

  private func scalesApart(_ group: [ListedAcquisition]) -> [ListedAcquisition] {
    let scales = group.compactMap(\.micrometresPerPixel).sorted()
    guard let least = scales.first, let most = scales.last,
      most / least > 1 + Plausibility.scaleAgreement
    else { return [] }
    // The one that lies apart from the middle; of two nobody knows which.
    let middle = scales[scales.count / 2]
    let apart = group.filter {
      guard let scale = $0.micrometresPerPixel else { return false }
      return max(scale / middle, middle / scale) > 1 + Plausibility.scaleAgreement
    }
    return scales.count > 2 ? apart : group
  }

  private var spellings: [ListedAcquisition] {
    let names: [(AcquisitionKey) -> String] = [
      \.subject, \.visit, \.session, \.region,
    ]
    var told: Set<String> = []
    for name in names {
      var first: [String: [String: String]] = [:]
      for picture in listed {
        let written = name(picture.key)
        let folded = Plausibility.folded(written)
        if first[folded]?[written] == nil { first[folded, default: [:]][written] = picture.file }
      }
      for writings in first.values where writings.count > 1 { told.formUnion(writings.values) }
    }
    return told.isEmpty ? [] : listed.filter { told.contains($0.file) }
  }

  /// A name without its case and without zeros before a number: `S-007` and `s-7` are one.
  private static func folded(_ name: String) -> String {
    var folded = ""
    var isInNumber = false
    for (index, character) in zip(name.indices, name.lowercased()) {
      let next = name.index(after: index)
      let isBeforeDigit = next < name.endIndex && name[next].isNumber
      if character == "0", !isInNumber, isBeforeDigit { continue }
      isInNumber = character.isNumber
      folded.append(character)
    }
    return folded
  }
}
