import ClinicalRecords
import PipelineFiles
import StageKit
import Testing

struct PlanTests {
  private func plan(
    _ text: String = TestClinic.good, _ variables: [String: String] = [:],
    _ location: SourceLocation = #_sourceLocation
  ) throws -> Plan {
    let reading = TestClinic.read(text, variables)
    #expect(Diagnostic.text(reading.diagnostics) == "", sourceLocation: location)
    return try #require(reading.plan, sourceLocation: location)
  }

  @Test func stagesComeAfterWhatTheyTakeFrom() throws {
    let backwards = """
      anagen: 1
      name: backwards
      stages:
        report: {use: test.report, from: analyse}
        analyse: {use: test.measure, from: calibrate}
        calibrate: {use: test.calibrate, from: [second, first]}
        first: {use: test.folder, with: {path: images}}
        second: {use: test.folder, with: {path: images}}
      """
    let plan = try plan(backwards)
    #expect(plan.stages.map(\.name) == ["first", "second", "calibrate", "analyse", "report"])
    #expect(plan.stage("calibrate")?.inputs == ["second", "first"])
    #expect(
      plan.edges.map { "\($0.from)>\($0.to)" } == [
        "first>calibrate", "second>calibrate", "calibrate>analyse", "analyse>report",
      ])
  }

  @Test func settingsAreLaidOverDefaultsInTheOrderOfTheirDeclarations() throws {
    let plan = try plan()
    #expect(
      plan.stage("camera")?.settings.text
        == #"{"path":"/clinic/images","recursive":false}"#)
    #expect(
      plan.stage("calibrate")?.settings.text
        == #"{"profile":"/clinic/profiles/scope.yaml","max_age":2}"#)
    #expect(
      plan.stage("analyse")?.settings.text == #"{"channels":["luma","green"],"sensitivity":0.7}"#)
    #expect(
      plan.stage("rows")?.settings.text == #"{"profile":"trial","key":"secret:pseudonym-key"}"#)
    #expect(plan.stage("registry")?.settings.text == #"{"path":"/clinic/out/registry.sqlite"}"#)
    #expect(plan.stage("table")?.settings.text == #"{"path":"/clinic/out/rows.csv"}"#)
    #expect(plan.stage("report")?.settings.text == #"{"path":"/clinic/out/private/report"}"#)
  }

  @Test func reuseKeysHoldContentInsteadOfPaths() throws {
    let plan = try plan()
    #expect(plan.stage("camera")?.reuseSettings.text == #"{"recursive":false}"#)
    let digest = try #require(plan.inputFiles.first).sha256.hexadecimal
    #expect(
      plan.stage("calibrate")?.reuseSettings.text == #"{"profile":"sha256:\#(digest)","max_age":2}"#
    )
    #expect(plan.stage("table")?.reuseSettings.text == #"{"path":"data:rows.csv"}"#)
    #expect(plan.secretNames == ["pseudonym-key"])
  }

  @Test func labelsFallOnlyWhereTheyAreGranted() throws {
    let plan = try plan()
    let labels = Dictionary(uniqueKeysWithValues: plan.stages.map { ($0.name, $0.label) })
    #expect(labels["analyse"] == .identified)
    #expect(labels["rows"] == .pseudonymised)
    #expect(labels["public"] == .deidentified)
    #expect(labels["registry"] == .pseudonymised)
    #expect(plan.stage("report")?.accepts == .identified)
    #expect(plan.stage("rows")?.accepts == nil)
    #expect(plan.edges(into: "registry").map(\.label) == [.pseudonymised, .deidentified])
  }

  @Test func theMemoryCeilingIsTheSumOfItsParts() throws {
    let memory = try plan().memory
    // camera, calibrate, analyse (two edges), rows (two): 128 MiB each; public (two): 1 MiB each.
    #expect(memory.edgeBytes == (6 * 128 + 2) << 20)
    // calibrate 64, analyse 2 x 96, and 1 MiB for each of the six others.
    #expect(memory.workingSetBytes == (64 + 192 + 6) << 20)
    #expect(memory.ceilingBytes == memory.edgeBytes + memory.workingSetBytes + (64 << 20))
    #expect(memory.limitBytes == 2 << 30)
    let unstated = try plan(TestClinic.good.replacing("memory: 2GiB\n", with: ""))
    #expect(unstated.memory.limitBytes == 4 << 30)
    #expect(!unstated.memory.limitIsStated)
  }

  @Test func policiesOfAStageAreLaidOverTheDefaults() throws {
    let plan = try plan()
    #expect(
      plan.stage("registry")?.retry
        == Plan.Retry(attempts: 3, initial: .milliseconds(500), max: .seconds(30)))
    #expect(plan.stage("analyse")?.timeLimit == .seconds(60))
    #expect(plan.stage("analyse")?.concurrency == 2)
    #expect(
      plan.edges(outOf: "public").allSatisfy {
        $0.queue == Plan.Queue(maxRecords: 1000, maxBytes: 1 << 20)
      })
    #expect(plan.durability == .full)
  }

  @Test func theDigestIsOfWhatMattersAlone() throws {
    let first = try plan().digestInput.text
    let elsewhere = try plan(TestClinic.good, ["data": "/other/out"]).digestInput.text
    let commented = try plan("# a comment\n" + TestClinic.good.replacing("2GiB", with: "3GiB"))
      .digestInput.text
    let finer = try plan(TestClinic.good.replacing("0.7", with: "0.8")).digestInput.text
    #expect(first == elsewhere)
    #expect(first == commented)
    #expect(first != finer)
    #expect(!first.contains("/clinic"))
  }

  @Test func valuesOfTheCommandLineGoBeforeDefaults() throws {
    let plan = try plan(TestClinic.good, ["data": "runs/7", "images": "/clinic/images"])
    #expect(plan.folder.path == "/clinic/runs/7")
    #expect(plan.variables.map(\.isGiven) == [true, false, true])
    #expect(plan.study.id == "S1")
    let reading = TestClinic.read(TestClinic.good, ["imags": "x"])
    #expect(reading.plan == nil)
    #expect(reading.diagnostics.map(\.nearest) == ["images"])
  }

  @Test func referencesNeverBecomeMoreThanText() throws {
    let text = """
      anagen: 1
      name: p
      vars: {text: {type: text, default: x}}
      stages:
        camera: {use: test.camera, with: {device: "<${var:text}>$${env:HOME}${env:CLINIC}", frames_per_second: 30}}
        calibrate: {use: test.calibrate, from: camera}
        analyse: {use: test.measure, from: calibrate}
        report: {use: test.report, from: analyse}
      """
    let plan = try plan(text, ["text": "}, use: ${env:HOME}, *a &b"])
    #expect(
      plan.stage("camera")?.settings["device"]
        == .string("<}, use: ${env:HOME}, *a &b>${env:HOME}north"))
  }

  @Test func numbersMayBeReferencesInQuotes() throws {
    let text = """
      anagen: 1
      name: p
      vars: {rate: {type: integer, default: 7}}
      stages:
        camera: {use: test.camera, with: {frames_per_second: "${var:rate}"}}
        calibrate: {use: test.calibrate, from: camera, with: {um_per_px: 0.005mm}}
        analyse: {use: test.measure, from: calibrate}
        report: {use: test.report, from: analyse}
      """
    #expect(try plan(text).stage("camera")?.settings["frames_per_second"] == .integer(7))
    #expect(try plan(text).stage("calibrate")?.settings["um_per_px"] == .number(5))
  }

  @Test(arguments: [
    ("test.camera", "with: {trigger: continuous}", "drop_oldest", Plan.Intake.WhenFull.dropOldest),
    ("test.camera", "with: {trigger: interval}", "drop_newest", .dropNewest),
    ("test.camera", "with: {trigger: button}", "refuse", .refuse),
    ("test.watch", "", "drop_newest", .dropNewest),
  ])
  func liveSourcesMayDropWhatComesByItself(
    _ use: String, _ with: String, _ word: String, _ expected: Plan.Intake.WhenFull
  ) throws {
    let text = """
      anagen: 1
      name: p
      stages:
        camera:
          use: \(use)
          intake: {max_records: 4, when_full: \(word)}
          \(with)
        calibrate: {use: test.calibrate, from: camera}
        analyse: {use: test.measure, from: calibrate}
        report: {use: test.report, from: analyse}
      """
    let plan = try plan(text)
    #expect(
      plan.stage("camera")?.intake
        == Plan.Intake(maxRecords: 4, maxBytes: 128 << 20, whenFull: expected))
    #expect(plan.memory.intakeBytes == 128 << 20)
  }

  @Test func aBareLiveSourceRefusesAloud() throws {
    let text = """
      anagen: 1
      name: p
      stages:
        camera: {use: test.camera}
        calibrate: {use: test.calibrate, from: camera}
        analyse: {use: test.measure, from: calibrate}
        report: {use: test.report, from: analyse}
      """
    let plan = try plan(text)
    #expect(plan.stage("camera")?.intake?.whenFull == .refuse)
    #expect(plan.study == .open())
    #expect(plan.folder.path == "/clinic/anagen-data")
  }

  @Test func aTestIsReadWithItsPlaces() throws {
    let test = try #require(try plan().tests.first)
    #expect(test.name == "nothing leaves")
    #expect(test.feed?.stage == "rows")
    #expect(test.feed?.record == "/clinic/fixtures/name/record.json")
    #expect(test.feed?.pictures?.source.manifest.id == "test.folder")
    #expect(test.timeLimit == Plan.Test.standardTimeLimit)
    let expectation = try #require(test.expectations.first)
    #expect(expectation.stage == "registry")
    #expect(expectation.outcome == .done)
    #expect(expectation.records == 0)
    #expect(expectation.place.line == 54)
    #expect(expectation.place.column == 14)
  }

  /// The record of a fixture folder is that of the stage; what the picture gave is its ancestor.
  @Test func aTestRunsFromTheFedStageOn() throws {
    let whole = try plan()
    let test = try #require(whole.tests.first)
    let input = try #require(whole.stage("rows")?.entry.input)
    let entry = StageEntry(
      manifest: StageManifest(
        id: "test.record", summary: "A test's.", resultVersion: "1", workingSetBytes: 0),
      kind: .transform, input: test.feed?.pictures?.source.output, output: input
    ) { _ in .source(run: { _ in }) }
    let fed = whole.testing(test.feed, record: entry)
    #expect(
      fed.stages.map(\.name) == ["(pictures)", "(record)", "rows", "public", "registry", "table"])
    #expect(
      fed.edges.map { "\($0.from) -> \($0.to)" }.sorted() == [
        "(pictures) -> (record)", "(record) -> rows", "public -> registry", "public -> table",
        "rows -> public", "rows -> registry",
      ])
    #expect(fed.stage("rows")?.inputs == ["(record)"])
    #expect(fed.durability == .none)
  }

  @Test func aStationRunsWithoutTheFixturesOfItsTests() throws {
    let text = TestClinic.good.replacing("fixtures/name", with: "fixtures/absent")
    let reading = TestClinic.read(text)
    #expect(reading.plan?.tests.count == 1)
    #expect(reading.diagnostics.map(\.severity) == [.warning])
    let testing = TestClinic.reader.read(
      text: Array(text.utf8), fileName: "pipeline.yaml", for: .tests(emptyFolder: "/clinic/images"))
    #expect(testing.plan == nil)
    #expect(testing.diagnostics.map(\.code.name) == ["test_fixture"])
  }

  @Test func aPathThatNobodyGivesIsAnEmptyFolderInTests() throws {
    let text = TestClinic.good.replacing(
      "images: {type: path, default: images}", with: "images: {type: path}")
    #expect(TestClinic.read(text).diagnostics.map(\.code.name) == ["variable_without_value"])
    let reading = TestClinic.reader.read(
      text: Array(text.utf8), fileName: "pipeline.yaml", for: .tests(emptyFolder: "/clinic/images"))
    #expect(reading.plan?.variables.first { $0.name == "images" }?.value == "/clinic/images")
  }

  @Test func unusedVariablesAreWarningsAndThePlanStands() {
    let reading = TestClinic.read(
      TestClinic.good.replacing("vars:\n", with: "vars:\n  spare: {type: text, default: x}\n"))
    #expect(reading.plan != nil)
    #expect(reading.diagnostics.map(\.code.name) == ["unused_variable"])
    #expect(reading.diagnostics.map(\.severity) == [.warning])
  }

  @Test(arguments: ["\r\n", "\r"])
  func lineEndsOfOtherSystemsAreTheSame(_ end: String) throws {
    _ = try plan(TestClinic.good.replacing("\n", with: end))
    let broken = TestClinic.read(
      TestClinic.good.replacing("test.report", with: "test.reprot").replacing("\n", with: end))
    #expect(broken.diagnostics.first?.line == 28)
    #expect(broken.diagnostics.first?.sourceLine == "    use: test.reprot")
  }

  @Test func aByteOrderMarkIsSkipped() throws {
    _ = try plan("\u{FEFF}" + TestClinic.good)
  }

  @Test func processesShowWhatTheyAreGrantedAndWhatThisMachineCannotHold() throws {
    let text = """
      anagen: 1
      name: isolated
      stages:
        images: {use: test.folder, with: {path: images}}
        calibrate: {use: test.calibrate, from: images}
        analyse:
          use: test.measure
          from: calibrate
          isolation: process
          limits: {processor: 30s, memory: 300MiB}
          needs: {network: true, read: [models]}
        report: {use: test.report, from: analyse}
      """
    let isolated = try plan(text)
    let granted =
      "  analyse (test.measure): at most 300 MiB, 30 s of the processor a record, records to 64 MiB; "
      + "granted the network, reading /clinic/models\n"
    let held = PlanDescription.text(isolated, lacks: nil)
    #expect(held.contains("processes of their own\n" + granted) && !held.contains("NOT HELD"))
    let lacking = PlanDescription.text(isolated, lacks: "its files (no Landlock)")
    #expect(lacking.contains(granted + "  NOT HELD on this machine: its files (no Landlock)\n"))
    #expect(!PlanDescription.text(try plan(), lacks: "its files").contains("processes of"))
    let json = PlanDescription.json(isolated, lacks: "its files (no Landlock)")
    #expect(json["confinementLacks"] == .string("its files (no Landlock)"))
  }

  @Test func theDescriptionIsWhatWasRecorded() throws {
    try RecordedCases("plans.txt").check { item in
      guard let plan = TestClinic.read(item.input).plan else { return "no plan" }
      return PlanDescription.text(plan, lacks: nil) + "\n"
        + PlanDescription.json(plan, lacks: nil).indented()
    }
  }
}
