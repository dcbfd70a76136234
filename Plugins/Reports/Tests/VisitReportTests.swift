import ClinicalRecords
import Foundation
import Reports
import StageKit
import StageTesting
import Testing

@Suite struct VisitReportTests {
  @Test("both stages hold to what every stage must")
  func conformance() {
    #expect(StageConformance.problems(of: StageEntry(VisitReport.self)).isEmpty)
    #expect(StageConformance.problems(of: StageEntry(StudyReport.self)).isEmpty)
  }

  @Test("each subject has a page and the index links to it")
  func pages() async throws {
    let scene = try ReportScene()
    try scene.add("01-001", "BL")
    try scene.add("01-002", "BL")
    try await scene.visitReport()
    #expect(
      try scene.pages() == ["index.html", "subject-01-001.html", "subject-01-002.html"])
    #expect(try scene.page("index.html").contains("href=\"subject-01-001.html\""))
  }

  @Test("a page shows photograph, figure with intervals, values with unit, area and interval kind")
  func facts() async throws {
    let scene = try ReportScene()
    try scene.add("01-001", "BL", hairs: 25)
    try scene.add("01-001", "W12", hairs: 38)
    try await scene.visitReport()
    let page = try scene.page("subject-01-001.html")
    #expect(page.components(separatedBy: "src=\"data:image/jpeg;base64,").count == 3)
    #expect(page.contains("<svg class=\"chart\"") && page.contains("class=\"whisker\""))
    // 25 hairs on 0.5 cm2: 50 /cm2, Garwood 32.4 to 73.8 before the scale's 0.3 %.
    #expect(page.contains("<span class=\"value\">50.0</span> <span class=\"unit\">/cm²</span>"))
    #expect(page.contains("32.4 to 73.8"))
    #expect(page.contains("25 hairs") && page.contains("0.500 cm²"))
    #expect(page.contains("95 % of sampling + scale"))
    #expect(page.contains("1.52 times") && page.contains("0.89 to 2.63"))
    #expect(page.contains("difference of two counts, secondary"))
    #expect(page.contains("no evidence of a change"))
    #expect(page.contains("sharpness 0.83") && page.contains("cal-7, 3 days old"))
    #expect(page.contains("<h2>Definitions</h2>"))
    #expect(page.contains("research software, not a medical device"))
  }

  @Test("a masked study says so and no page has a word for an arm")
  func masked() async throws {
    let scene = try ReportScene()
    scene.study.masked = ["participant", "reader"]
    scene.study.assumed = ["target_area"]
    try scene.add("01-001", "BL")
    try await scene.visitReport()
    let page = try scene.page("subject-01-001.html")
    #expect(page.contains("Masked study (participant, reader)"))
    #expect(page.contains("Assumed until confirmed: target_area"))
    #expect(!page.contains("placebo") && !page.contains("Placebo"))
  }

  @Test("repeated placements give a minimal detectable change, none gives the reason")
  func minimalDetectableChange() async throws {
    let scene = try ReportScene()
    try scene.add("01-001", "BL", placement: 1, hairs: 30)
    try await scene.visitReport()
    #expect(try scene.page("subject-01-001.html").contains("no repeated placements yet"))
    try scene.add("01-001", "BL", placement: 2, hairs: 32)
    try await scene.visitReport()
    // Densities 60 and 64: within-subject SD 2.83, times 2.77.
    #expect(try scene.page("subject-01-001.html").contains("<b>7.8 /cm²</b>"))
  }

  @Test("a study's primary outcome leads; what is short of its plan is not shown as complete")
  func primaryOutcome() async throws {
    let scene = try ReportScene()
    scene.study.visits = [
      Study.Visit(name: "BL", day: 1, window: 0...0, placements: 2),
      Study.Visit(name: "W12", day: 85, window: -7...7),
    ]
    scene.study.regions = [Study.Region(code: "VX", region: "vertex", fields: 2)]
    scene.study.outcomes = [
      Study.Outcome(
        id: "NVHD", role: "primary", measure: "density", hairs: ">=30um", region: "VX", at: "W12")
    ]
    for placement in 1...2 {
      for field in 1...2 { try scene.add("01-001", "BL", placement: placement, field: field) }
    }
    try scene.add("01-001", "W12", hairs: 40)
    try await scene.visitReport()
    let (index, page) = try (scene.page("index.html"), scene.page("subject-01-001.html"))
    for text in [index, page] {
      #expect(text.contains("✓ 4") && text.contains(">1 of 2<"))
      #expect(text.contains("30 µm and above (primary outcome NVHD)"))
      #expect(text.contains("from 1 visit with repeated placements"))
    }
    // 22 of 30 hairs on each field are 65 µm wide, later 30 of 40: 44 and 60 /cm².
    #expect(index.contains("<span class=\"value\">60.0</span>") && index.contains("1.36"))
    #expect(page.contains("1.36 times"))
  }

  @Test("a picture that could not be measured has its line with the reason, also when it is alone")
  func failed() async throws {
    let scene = try ReportScene()
    try scene.add("P2", "BL")
    scene.refused = ["P10", "P2"].map { subject in
      Refused(
        identity: AcquisitionKey(study: "S1", subject: subject, visit: "W12", region: "VX")
          .identity(of: CapturedImage.schema), stage: "calibrate",
        message: "the file ends too early", hint: "copy it again")
    }
    try await scene.visitReport()
    let line =
      "<td>W12</td><td>VX</td><td>1</td><td>1</td><td>1</td>"
      + "<td>the file ends too early; copy it again</td></tr>"
    let index = try scene.page("index.html")
    let lines = ["P2", "P10"].map { index.range(of: "<tr><td>\($0)</td>\(line)") }
    let (first, second) = (try #require(lines[0]), try #require(lines[1]))
    #expect(first.upperBound <= second.lowerBound)
    let page = try scene.page("subject-P2.html")
    #expect(page.contains(line) && !page.contains("P10"))
    #expect(try scene.pages() == ["index.html", "subject-P2.html"])
  }

  @Test("a rejected attempt stands with its reason, and its figures nowhere")
  func rejected() async throws {
    let scene = try ReportScene()
    try scene.add("01-001", "BL", attempt: 1, hairs: 77, reasons: ["bubble: add gel"])
    try scene.add("01-001", "BL", attempt: 2, hairs: 30)
    try scene.add("01-002", "BL", reasons: ["blurred: hold still"])
    try await scene.visitReport()
    let page = try scene.page("subject-01-001.html")
    #expect(page.contains("bubble: add gel"))
    #expect(!page.contains("154.0"))
    #expect(try scene.page("subject-01-002.html").contains("nothing is known"))
    #expect(try scene.page("index.html").contains("class=\"rejected\""))
  }

  @Test("names that are markup stay text, in every place they reach")
  func hostileNames() async throws {
    let scene = try ReportScene()
    let hostile = "<script>alert('x')<\\script>\"&"
    scene.study = Study.open(id: "S<b>1")
    scene.study.protocolName = "\"><img src=x>"
    try scene.add(hostile, "V\"1", region: "<i>", reasons: ["<u>why</u>"])
    try scene.add(hostile, "V2", region: "<i>")
    try await scene.visitReport()
    try await scene.studyReport()
    for name in try scene.pages() {
      #expect(!name.contains("<") && !name.contains("\""))
      let page = try scene.page(name)
      for word in ["<script", "<i>", "<img src=x", "<u>", "S<b>1"] {
        #expect(!page.contains(word))
      }
      #expect(page.contains("default-src 'none'"))
    }
  }

  @Test("a figure is never NaN and never silently absent")
  func missing() async throws {
    let scene = try ReportScene()
    try scene.add("01-001", "BL", hairs: 0)
    try scene.add("01-001", "W12", hairs: 1)
    try await scene.visitReport()
    try await scene.studyReport()
    for name in try scene.pages() {
      let page = try scene.page(name)
      #expect(!page.contains("nan") && !page.contains("inf<"))
    }
    #expect(try scene.page("subject-01-001.html").contains("no hairs"))
  }

  @Test("an original that cannot be shown leaves the values in place and says why")
  func noOriginal() async throws {
    let scene = try ReportScene()
    try scene.add("01-001", "BL", original: nil)
    try scene.add("01-001", "W12", original: Array("not a picture".utf8))
    try await scene.visitReport()
    let page = try scene.page("subject-01-001.html")
    #expect(page.components(separatedBy: "not shown: ").count == 3)
    #expect(page.contains("60.0"))
  }

  @Test(
    "the report lies below private/ or the run does not start",
    arguments: [
      "report", "/tmp/report", "private/../report", "privates/report",
    ])
  func outsidePrivate(path: String) async throws {
    let scene = try ReportScene()
    var visit = VisitReport.Settings()
    visit.path = path
    let error = await #expect(throws: StageError.self) { try await scene.visitReport(visit) }
    #expect(error?.code.name == "identified_outside_private")
    var study = StudyReport.Settings()
    study.path = path
    await #expect(throws: StageError.self) { try await scene.studyReport(study) }
  }

  @Test("a subject that is gone loses the page; the same records give the same bytes")
  func rewritten() async throws {
    let scene = try ReportScene()
    try scene.add("01-001", "BL")
    try scene.add("01-002", "BL")
    try await scene.visitReport()
    let first = try scene.page("subject-01-001.html")
    scene.remove("01-002")
    try await scene.visitReport()
    #expect(try scene.pages() == ["index.html", "subject-01-001.html"])
    #expect(try scene.page("subject-01-001.html") == first)
  }

  @Test("the study report has every subject in one page without photographs")
  func studyReport() async throws {
    let scene = try ReportScene()
    for subject in ["01-001", "01-002", "02-001"] {
      try scene.add(subject, "BL", hairs: 25)
      try scene.add(subject, "W12", hairs: 35)
    }
    try await scene.studyReport()
    let page = try scene.page("study.html")
    #expect(page.contains("<svg class=\"chart wide\"") && page.contains("class=\"mean\""))
    #expect(page.contains("02-001") && page.contains("1.40"))
    #expect(!page.contains("data:image"))
  }

  @Test("no records give a page, not an error")
  func empty() async throws {
    let scene = try ReportScene()
    try await scene.visitReport()
    try await scene.studyReport()
    #expect(try scene.page("index.html").contains("0 subjects"))
  }

  @Test("many pictures on one page get narrower, so that the page stays as large")
  func limits() {
    let limits = PictureLimits(widest: 1000)
    #expect(limits.width(forPage: 4) == 1000)
    #expect(limits.width(forPage: 24) == 1000)
    #expect(limits.width(forPage: 96) == 500)
    #expect(limits.width(forPage: 10_000) == 320)
  }

  @Test(
    "numbers are rounded, with a minus sign",
    arguments: [
      (223.84, 1, "223.8"), (0.05, 1, "0.1"), (-0.04, 1, "0.0"), (-3.26, 1, "−3.3"),
      (12, 0, "12"), (0.007, 2, "0.01"), (Double.nan, 1, "–"), (Double.infinity, 1, "–"),
    ])
  func numbers(value: Double, decimals: Int, text: String) {
    #expect(FigureText.number(value, decimals: decimals) == text)
  }

  @Test("an axis begins at 0 and has round ticks", arguments: [0.3, 1, 47, 223.8, 1200])
  func axis(largest: Double) {
    let axis = NiceAxis(upTo: largest)
    #expect(axis.top >= largest)
    #expect((3...8).contains(axis.ticks.count))
    #expect(axis.ticks.first == 0)
  }
}
