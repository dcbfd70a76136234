import ClinicalRecords
public import StageKit

extension ScalpPhantomSettings {
  /// The most pixels of a picture of this stage.
  ///
  /// 5 Mpx is the reference study's optics. The working
  /// set that the manifest declares rests on it.
  static let mostPixels = 5_100_000

  /// What does not go together.
  public func problems() -> [SettingProblem] {
    var problems: [SettingProblem] = []
    for (key, names) in [("subjects", subjects), ("visits", visits), ("regions", regions)] {
      if Set(names).count != names.count {
        problems.append(
          SettingProblem(key, "a name stands twice", hint: "name each one once"))
      }
      if !names.allSatisfy(AcquisitionKey.isValidName) {
        problems.append(
          SettingProblem(
            key, "a name cannot stand in a key", hint: "use 1 to 64 characters without a slash"))
      }
    }
    if subjects.isEmpty {
      problems.append(SettingProblem("subjects", "there is nobody", hint: "name a subject"))
    }
    if CalendarDate(iso: firstDay) == nil {
      problems.append(
        SettingProblem("first_day", "there is no such day", hint: "write it as 2026-01-05"))
    }
    if let stranger = responders.first(where: { !subjects.contains($0) }) {
      problems.append(
        SettingProblem(
          "responders", "'\(stranger)' is not among the subjects", hint: "name subjects"))
    }
    if width * height > ScalpPhantomSettings.mostPixels {
      problems.append(
        SettingProblem(
          "width", "a picture of \(width) x \(height) pixels",
          hint: "choose at most \(ScalpPhantomSettings.mostPixels) pixels"))
    }
    do {
      try description.validate()
      try conditions.validate()
    } catch {
      problems.append(SettingProblem("", error.subject, hint: error.hint))
    }
    return problems
  }

  /// What every subject's scalp is like, before they differ.
  var description: ScalpDescription {
    var description = ScalpDescription()
    description.hairsPerSquareCentimetre = density
    description.vellusShare = vellusShare
    description.terminalDiameterMean = terminalDiameterUm
    description.telogenShare = telogenShare
    description.hairState = hairState
    description.hairColour = hairColour
    description.greyShare = greyShare
    description.skinTone = skinTone
    description.texture = texture
    description.whorl = whorl
    return description
  }

  /// How the first picture is taken, without overlay.
  var conditions: CaptureConditions {
    var conditions = CaptureConditions()
    conditions.width = width
    conditions.height = height
    conditions.micrometresPerPixel = umPerPx
    conditions.pointSpread = pointSpreadUm
    conditions.edgeDefocus = edgeDefocusUm
    conditions.exposure = exposure
    conditions.vignette = vignette
    conditions.glare = glare
    conditions.bubbles = bubbles
    return conditions
  }

  /// What happens to a scalp until the visit at this position of the schedule.
  func evolution(responding: Bool, days: Int, visit: Int) -> ScalpEvolution {
    var evolution = ScalpEvolution()
    evolution.number = visit
    evolution.days = Double(max(0, days))
    evolution.shedShare = shedShare
    if responding {
      evolution.gainedPerSquareCentimetre = gainPerCm2
      evolution.thickening = thickening
    }
    return evolution
  }
}
