import ClinicalRecords
import PipelineFiles
import Testing

struct StudyTests {
  private func read(_ text: String, _ location: SourceLocation = #_sourceLocation) throws -> Study {
    let reading = StudyReader.read(
      text: Array(text.utf8), fileName: "study.yaml",
      digest: try TestFiles(files: ["/x": text]).digest(of: "/x"))
    #expect(Diagnostic.text(reading.diagnostics) == "", sourceLocation: location)
    return try #require(reading.study, sourceLocation: location)
  }

  @Test func anIdAloneIsAnOpenStudy() throws {
    let study = try read("anagen_study: 1\nstudy: {id: X}\n")
    var open = Study.open(id: "X")
    open.fileDigest = study.fileDigest
    #expect(study == open)
    #expect(study.isOpen)
    #expect(try read(ReferenceFiles.text("studies/open.yaml")).isOpen)
  }

  @Test func theReferenceStudyIsReadWhole() throws {
    let study = try read(ReferenceFiles.text("studies/reference.yaml"))
    #expect(study.id == "NCT06764329")
    #expect(study.version == "1.0")
    #expect(study.assumed.count == 8)
    #expect(study.sites["01"] == "Pak-Emirates Military Hospital")
    #expect(study.subjectPattern == "0[12]-[0-9]{3}")
    #expect(study.subjectChecks == ["year_of_birth"])
    #expect(
      study.eligibility
        == Study.Eligibility(sex: "male", ageYears: 25...59, norwood: ["II", "VI"]))
    #expect(study.arms == Study.Arms(labels: ["Treatment", "Placebo"], ratio: [1, 1]))
    #expect(study.masked == ["participant", "investigator", "operator", "reader"])
    #expect(study.operatorSees == "quality")
    #expect(study.unmask == "after_lock")
    #expect(
      study.visits == [
        Study.Visit(name: "BL", day: 1, window: -14...0, before: "injection", placements: 2),
        Study.Visit(name: "W12", day: 85, window: -7...7, primary: true),
      ])
    #expect(study.sessions == [Study.Session(name: "D0")])
    #expect(
      study.region("VX")
        == Study.Region(
          code: "VX", region: "vertex", side: "midline", role: "primary", fields: 1,
          relocation: Study.Relocation(by: "tattoo_dot", toleranceMicrometres: 1000)))
    #expect(
      study.targetArea
        == Study.TargetArea(
          shape: .circle, widthMicrometres: 11300, heightMicrometres: 11300, guardMicrometres: 500,
          leastReadable: 0.9))
    #expect(study.imaging.stubMicrometres == 500...1500)
    #expect(study.imaging.dyed == false)
    #expect(study.imaging.fieldMicrometres == [16800, 12600])
    #expect(study.imaging.scaleFromCalibration)
    #expect(study.imaging.calibrationMaxAgeDays == 7)
    #expect(study.imaging.maxRelativeUncertainty == 0.003)
    #expect(study.imaging.keptAttempt == "first_that_passes")
    #expect(study.analysis?.settingsPer == "subject_region")
    #expect(study.review?.doubleReadShare == 0.1)
    #expect(study.cutOffs == CutOffs(vellusAtMost: 40, thinBelow: 30))
    #expect(study.outcomes.map(\.id) == ["NVHD", "CHT", "IGA", "SAT"])
    #expect(study.outcomes[0].covariates == ["baseline", "site"])
    #expect(study.outcomes[2].grades == -3...3)
    #expect(study.missingReasons.count == 7)
    #expect(study.exports.map(\.label) == [.pseudonymised, .deidentified])
    #expect(study.exports[1].leastCell == 11)
  }

  @Test func aRectangleHasTwoSidesAndUnitsAreFree() throws {
    let study = try read(
      """
      anagen_study: 1
      study: {id: X}
      target_area: {shape: rectangle, width: 0.36cm, height: 2900um, guard: 0.3 mm, least_readable: 80%}
      file_pattern: "{subject}/{visit}_{region}-{field}.jpg"
      """)
    let area = try #require(study.targetArea)
    #expect(abs(area.widthMicrometres - 3600) < 1e-9)
    #expect(area.heightMicrometres == 2900)
    #expect(area.guardMicrometres == 300)
    #expect(area.leastReadable == 0.8)
    #expect(study.filePattern == "{subject}/{visit}_{region}-{field}.jpg")
  }
}
