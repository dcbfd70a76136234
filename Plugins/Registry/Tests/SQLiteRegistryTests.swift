import ClinicalRecords
import Foundation
import GRDB
import Registry
import StageKit
import StageTesting
import Testing

@Suite struct SQLiteRegistryTests {
  private let folder: TemporaryFolder
  private let host = TestHost()

  init() throws { folder = try TemporaryFolder() }

  @Test("the stage holds to what every stage must")
  func conformance() {
    #expect(StageConformance.problems(of: StageEntry(SQLiteRegistry.self)).isEmpty)
    #expect(StageConformance.problems(of: StageEntry(RegistryTables.self)).isEmpty)
  }

  @Test("one measurement fills subject, visit, session, acquisition, hairs and results")
  func rows() async throws {
    try await file([Release(calibration: "cal-7").measurement])
    #expect(try count("subject") == 1)
    #expect(try text("SELECT site FROM subject") == "01")
    #expect(try count("hair") == 50)
    #expect(try number("SELECT sum(length_censored) FROM hair") == 1)
    #expect(try text("SELECT hair_state FROM session") == "clipped")
    #expect(try text("SELECT record FROM calibration") == "cal-7")
    // Day -3 is three days before day 1: there is no day 0.
    #expect(try number("SELECT window_offset FROM visit") == -3)
    #expect(try text("SELECT state FROM current_disposition") == "selected")
    #expect(
      try number(
        "SELECT value FROM current_result WHERE level = 'image' "
          + "AND quantity = 'density' AND hairs = 'all'") == 100)
    #expect(
      try number(
        "SELECT value FROM current_result WHERE level = 'region_visit' "
          + "AND quantity = 'density' AND hairs = '>=30um'") == 80)
    #expect(try number("SELECT count(*) FROM result WHERE unit = ''") == 0)
  }

  @Test("the same record again changes nothing")
  func sameAgain() async throws {
    let records = [Release().measurement, Release().image([1, 2, 3], host: host)]
    try await file(records)
    let before = try dump()
    try await file(records)
    #expect(try dump() == before)
  }

  @Test("another measurement of one acquisition supersedes and keeps the old rows")
  func correction() async throws {
    try await file([Release().measurement])
    let first = try count("result")
    try await file([Release(terminal: 50).measurement])
    #expect(try count("measurement") == 2)
    #expect(try number("SELECT parent_id FROM measurement WHERE id = 2") == 1)
    #expect(try count("result") == 2 * first)
    #expect(try count("current_result") == first)
    #expect(
      try number(
        "SELECT value FROM current_result WHERE level = 'region_visit' "
          + "AND quantity = 'count' AND hairs = 'all'") == 60)
    // Back to the first figures: the registry follows the current record, not the first.
    try await file([Release().measurement])
    #expect(
      try number(
        "SELECT value FROM current_result WHERE level = 'image' "
          + "AND quantity = 'count' AND hairs = 'all'") == 50)
  }

  @Test(
    "rows cannot be changed or removed",
    arguments: [
      "UPDATE measurement SET area_cm2 = 1", "DELETE FROM measurement", "DELETE FROM result",
      "UPDATE result SET value = 1", "UPDATE subject SET status = 'x'", "DELETE FROM hair",
      "UPDATE visit SET study_day = 4", "UPDATE disposition SET state = 'excluded'",
      "UPDATE image SET sha256 = 'x'", "DELETE FROM image", "DELETE FROM visit",
      "UPDATE result SET superseded_by = NULL WHERE superseded_by IS NOT NULL",
    ])
  func appendOnly(statement: String) async throws {
    try await file([
      Release().measurement, Release(terminal: 41).measurement,
      Release().image([1, 2, 3], host: host),
    ])
    let before = try dump()
    #expect(throws: DatabaseError.self) {
      try database().write { try $0.execute(sql: statement) }
    }
    #expect(try dump() == before)
  }

  @Test("a visit's day changes only with a correction that keeps the old one")
  func studyDay() async throws {
    try await file([Release(studyDay: nil).measurement])
    try await file([Release(studyDay: 2, terminal: 39).measurement])
    try await file([Release(studyDay: 3, terminal: 38).measurement])
    #expect(try number("SELECT study_day FROM visit") == 3)
    #expect(
      try text(
        """
        SELECT group_concat(coalesce(old, '-') || '>' || new) FROM correction
        WHERE column_name = 'study_day'
        """) == "->2,2>3")
  }

  @Test("fields are summed and the attempt that did not pass is kept but not used")
  func regions() async throws {
    try await file([
      Release(field: 1, attempt: 1, terminal: 90, accepted: false).measurement,
      Release(field: 1, attempt: 2, terminal: 40, vellus: 0).measurement,
      Release(field: 2, terminal: 20, vellus: 0).measurement,
    ])
    #expect(
      try number(
        "SELECT value FROM current_result WHERE level = 'region_visit' "
          + "AND quantity = 'density' AND hairs = 'all'") == 60)
    #expect(
      try text(
        "SELECT group_concat(state) FROM (SELECT d.state FROM current_disposition d "
          + "JOIN acquisition a ON a.id = d.acquisition_id ORDER BY a.field, a.attempt)")
        == "rejected,selected,selected")
    #expect(
      try text("SELECT reason FROM current_disposition WHERE state = 'rejected'")
        == "blurred")
  }

  @Test("a missing figure has its reason and no value")
  func missing() async throws {
    try await file([Release(terminal: 0, vellus: 0).measurement])
    #expect(
      try text(
        "SELECT missing_reason FROM current_result WHERE level = 'image' "
          + "AND quantity = 'mean_diameter'") == "no_hairs")
    #expect(
      try number(
        "SELECT count(*) FROM result WHERE value IS NULL "
          + "AND missing_reason IS NULL") == 0)
  }

  @Test("a picture lies whole beside the database and has its row")
  func pictures() async throws {
    try await file([Release().image([9, 8, 7], host: host)])
    let name = try #require(try text("SELECT name FROM image"))
    let bytes = try Data(contentsOf: URL(filePath: "\(folder.path)/pictures/\(name)"))
    #expect(Array(bytes) == [9, 8, 7])
    #expect(try text("SELECT sha256 FROM image") == host.sha256(of: [9, 8, 7]).hexadecimal)
  }

  @Test("a picture's name cannot leave its folder", arguments: ["../x.jpg", "a/b.jpg", ".x", ""])
  func hostileNames(name: String) async throws {
    let error = await #expect(throws: StageError.self) {
      try await file([Release().image([1], name: name, host: host)])
    }
    #expect(error?.code.name == "unsafe_name")
    #expect(error?.failureClass == .record)
  }

  @Test("no table knows an arm or a name")
  func noArm() async throws {
    try await file([Release().measurement])
    let columns = try await database().read { db in
      try String.fetchAll(
        db,
        sql: "SELECT m.name || '.' || p.name FROM sqlite_master m, pragma_table_info(m.name) p")
    }
    #expect(columns.count > 80)
    for word in ["arm", "allocation", "name_of", "surname", "birth", "file"] {
      #expect(
        !columns.contains {
          $0.split(separator: ".")[1].split(separator: "_").contains(Substring(word))
        })
    }
    #expect(try !dump().contains("surname"))
  }

  @Test(
    "no view looks through all rows for each acquisition",
    arguments: ["current_disposition", "current_measurement", "current_image"])
  func views(view: String) async throws {
    try await file([Release().measurement])
    let steps = try await database().read { db in
      try Row.fetchAll(
        db,
        sql: """
          EXPLAIN QUERY PLAN SELECT * FROM acquisition
          JOIN \(view) AS seen ON seen.acquisition_id = acquisition.id
          """
      ).map { $0["detail"] as String }
    }
    #expect(steps.filter { $0.hasPrefix("SCAN") || $0.hasPrefix("LIST") }.count == 1, "\(steps)")
  }

  @Test("the file alone is the registry once the run has drained")
  func settled() async throws {
    try await file([Release().measurement])
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    #expect(names.sorted() == ["private", "registry.sqlite"])
  }

  @Test("a picture that was set aside has its acquisition, its state and its reason")
  func setAside() async throws {
    let (held, failed) = (Release(), Release(field: 2))
    try await file(
      [held.acquisition, failed.acquisition, held.measurement],
      setAside: [
        held.setAside(by: "pictures", isHeld: true, "burned_in_text", beside: .measurement),
        failed.setAside(by: "calibrate", isHeld: false, "truncated"),
      ])
    #expect(
      try dispositions() == [
        "1 measurement selected first_attempt_that_passed anagen",
        "1 picture held burned_in_text pictures",
        "2 measurement failed truncated calibrate", "2 picture failed truncated calibrate",
      ])
    #expect(
      try text("SELECT group_concat(DISTINCT role) FROM disposition WHERE state = 'held'")
        == "stage")
  }

  @Test("of another picture in the place of one taken out, what stands counts")
  func anotherInItsPlace() async throws {
    let release = Release()
    let rows = [release.acquisition, release.measurement]
    let image = release.image([1, 2], host: host)
    try await file(rows + [image])
    try await file(
      [], standing: rows, setAside: [release.setAside(by: "pictures", isHeld: true, "text")],
      withdrawn: [image.identity: .filedElsewhere])
    #expect(try count("current_measurement") == 1 && count("current_image") == 0)
  }

  @Test("a picture that comes back with other bytes is no picture that somebody changed")
  func cameBackOtherwise() async throws {
    let release = Release()
    let (first, second) = (release.image([1, 2], host: host), release.image([3], host: host))
    try await file([release.acquisition, first])
    try await file(
      [], standing: [],
      withdrawn: [first.identity: .byPerson, release.acquisition.identity: .byPerson])
    #expect(try pictures().isEmpty)
    _ = host.store(second)
    try await file([release.acquisition, second])
    #expect(host.notices.isEmpty, "\(host.notices)")
    #expect(
      try Data(contentsOf: URL(filePath: "\(folder.path)/pictures/\(release.key.reference).jpg"))
        == Data([3]))
  }

  @Test("a picture that a person gave up is held no more, and says so")
  func givenUp() async throws {
    let release = Release()
    let records = [release.acquisition, release.measurement]
    try await file(
      records, setAside: [release.setAside(by: "pictures", isHeld: true, "burned_in_text")])
    try await file(
      [], standing: records,
      setAside: [release.setAside(by: "pictures", isHeld: true, SetAside.givenUp)])
    #expect(
      try dispositions() == [
        "1 measurement selected first_attempt_that_passed anagen",
        "1 picture excluded given_up_by_a_person pictures",
      ])
  }

  @Test("the same account again adds no row, and a release adds one that says so")
  func heldThenReleased() async throws {
    let release = Release()
    let refusal = [release.setAside(by: "pictures", isHeld: true, "burned_in_text")]
    let records = [release.acquisition, release.measurement]
    try await file(records, setAside: refusal)
    let before = try dump()
    try await file(records, setAside: refusal)
    #expect(try dump() == before)
    let image = release.image([1, 2], host: host)
    try await file([image], standing: records + [image])
    #expect(try dispositions().contains("1 picture released no_axis_aligned_text_found anagen"))
    #expect(
      try text("SELECT group_concat(state) FROM disposition WHERE part = 'picture'")
        == "held,released")
  }

  @Test("a picture that a person let pass says so, also when it stands again")
  func approved() async throws {
    let release = Release()
    let records = [release.acquisition, release.measurement]
    let refusal = [release.setAside(by: "pictures", isHeld: true, "burned_in_text")]
    let removal = Removal(
      carrier: "text in the pixels", action: "kept", rule: "approved by a person, audit entry 12")
    let image = release.image([1, 2], removals: [removal], host: host)
    try await file(records, setAside: refusal)
    try await file([image], standing: records + [image])
    let said = "1 picture released approved_by_a_person anagen"
    #expect(try dispositions().contains(said))
    try await file(records, setAside: refusal)
    #expect(try !dispositions().contains(said))
    try await file([], standing: records + [image])
    #expect(try dispositions().contains(said))
  }

  @Test("a visit on a day outside of its window is told, one within is not")
  func outsideWindow() async throws {
    var release = Release()
    try await file([release.acquisition])
    #expect(host.notices.isEmpty)
    release.studyDay = 300
    try await file([release.acquisition])
    #expect(host.notices.map(\.code) == ["visits_outside_window"])
    #expect(host.notices.first?.what.contains("BL on day 300, planned 1") == true)
  }

  @Test("a picture that is held after it was released goes back to private, and comes again")
  func withdrawn() async throws {
    let release = Release()
    let image = release.image([1, 2], host: host)
    let rows = [release.acquisition, release.measurement]
    try await file(rows + [image])
    #expect(try pictures() == ["\(release.key.reference).jpg"])
    try await file(
      [], standing: rows, setAside: [release.setAside(by: "pictures", isHeld: true, "text")])
    #expect(try pictures().isEmpty)
    #expect(try count("current_image") == 0 && count("image") == 1)
    #expect(try count("current_measurement") == 1)
    try await file([], standing: rows + [image])
    #expect(try pictures() == ["\(release.key.reference).jpg"])
    #expect(
      try text("SELECT group_concat(state) FROM disposition WHERE part = 'picture'")
        == "released,held,released")
  }

  @Test("a released picture that was changed or deleted is written again and told")
  func pictureRestored() async throws {
    let (changed, deleted) = (Release(), Release(field: 2))
    let records = [changed.image([1, 2], host: host), deleted.image([3], host: host)]
    for record in records { _ = host.store(record) }
    try await file(records)
    let paths = [changed, deleted].map { "\(folder.path)/pictures/\($0.key.reference).jpg" }
    try Data([9, 9]).write(to: URL(filePath: paths[0]))
    try FileManager.default.removeItem(atPath: paths[1])
    try await file([], standing: records)
    #expect(try Data(contentsOf: URL(filePath: paths[0])) == Data([1, 2]))
    #expect(try Data(contentsOf: URL(filePath: paths[1])) == Data([3]))
    #expect(host.notices.map(\.code) == ["pictures_restored"])
    #expect(host.notices[0].what.hasPrefix("2 of the released pictures"))
    #expect(host.releasedFiles.map(\.byteCount).prefix(2) == [2, 1])
  }

  @Test("a changed picture that cannot be written again is told as a loss and does not leave")
  func pictureLost() async throws {
    let release = Release()
    let record = release.image([1, 2], host: host)
    try await file([record])
    #expect(host.releasedFiles.map(\.path).contains("pictures/\(release.key.reference).jpg"))
    let later = TestHost()
    try Data([9, 9]).write(
      to: URL(filePath: "\(folder.path)/pictures/\(release.key.reference).jpg"))
    try await file([], standing: [record], host: later)
    #expect(later.notices.map(\.code) == ["pictures_lost"] && later.notices[0].isNegative)
    #expect(later.releasedFiles.map(\.path) == ["registry.sqlite"])
  }

  @Test("figures of a picture that is refused now are no current results, until it passes again")
  func figuresTakenBack() async throws {
    let release = Release()
    let rows = [release.acquisition, release.measurement]
    try await file(rows)
    let figures = try number("SELECT count(value) FROM current_result") ?? 0
    #expect(figures > 20)
    try await file(
      [], standing: [release.acquisition],
      setAside: [release.setAside(by: "analyse", isHeld: false, "field_too_small")])
    #expect(try number("SELECT count(value) FROM current_result") == 0)
    #expect(try number("SELECT count(*) FROM current_result") == 0)
    #expect(
      try text("SELECT status || ' ' || missing_reason FROM visit") == "missing technical")
    try await file([], standing: rows)
    #expect(try number("SELECT count(value) FROM current_result") == figures)
    #expect(
      try text("SELECT state FROM current_disposition WHERE part = 'measurement'") == "selected")
  }

  @Test("another program's database is refused and left alone")
  func foreign() async throws {
    let other = try DatabaseQueue(path: "\(folder.path)/registry.sqlite")
    try await other.write { try $0.execute(sql: "CREATE TABLE theirs(x)") }
    try other.close()
    let error = await #expect(throws: StageError.self) { try await file([Release().measurement]) }
    #expect(error?.code.name == "registry_foreign")
    #expect(error?.failureClass == .fatal)
  }

  @Test("a text file in the database's place is refused")
  func notADatabase() async throws {
    try Data("subject,visit\n01-001,BL\n".utf8).write(
      to: URL(filePath: "\(folder.path)/registry.sqlite"))
    let error = await #expect(throws: StageError.self) { try await file([Release().measurement]) }
    #expect(error?.code.name == "registry_foreign")
  }

  @Test("an acquisition filed under another key is not filed twice")
  func otherKey() async throws {
    try await file([Release().measurement])
    let old = Release().measurement
    let key = ReleasedAcquisition(
      reference: "other", study: "S1", subject: old.acquisition.subject, visit: "BL",
      studyDay: -3, session: "D0", region: "VX", side: "midline", placement: 1, field: 1,
      attempt: 1)
    let error = await #expect(throws: StageError.self) {
      try await file([
        Released(acquisition: key, body: old.body, removals: [], label: .pseudonymised)
      ])
    }
    #expect(error?.code.name == "reference_differs")
    #expect(try count("effect") == 1)
  }

  @Test("a registry keeps the id it was made with, and another file has another")
  func ownID() async throws {
    let first = try await destination()
    #expect(first.hasPrefix("registry.sqlite:") && first.count > 40)
    try await file([Release().measurement])
    #expect(try await destination() == first)
    try FileManager.default.removeItem(atPath: "\(folder.path)/private/registry")
    #expect(try await destination() == first)
    for path in ["private/registry", "registry.sqlite"] {
      try FileManager.default.removeItem(atPath: "\(folder.path)/\(path)")
    }
    #expect(try await destination() != first)
  }

  // MARK: - Reading what was filed

  private func destination() async throws -> String {
    let context = host.context(study: .reference, folder: folder.path)
    return try await SQLiteRegistry(settings: .init(), context: context).destination
  }

  private func file(
    _ records: [Released], standing: [Released]? = nil, setAside: [SetAside] = [],
    withdrawn: [RecordIdentity: UpstreamAccount.Withdrawal] = [:], host other: TestHost? = nil
  ) async throws {
    let host = other ?? host
    let context = host.context(study: .reference, folder: folder.path)
    let sink = try await SQLiteRegistry(settings: .init(), context: context)
    for record in records { try await sink.accept(record, in: host.delivery(context)) }
    try await sink.finish(
      UpstreamAccount(
        standing: Set((standing ?? records).map(\.identity)), setAside: setAside,
        withdrawn: withdrawn))
  }

  private func database() throws -> DatabaseQueue {
    try DatabaseQueue(path: "\(folder.path)/registry.sqlite")
  }

  /// Each part's current state, reason and by whom.
  private func dispositions() throws -> [String] {
    try database().read {
      try String.fetchAll(
        $0,
        sql: """
          SELECT acquisition_id || ' ' || part || ' ' || state || ' ' || reason || ' ' || "by"
          FROM current_disposition ORDER BY acquisition_id, part
          """)
    }
  }

  /// The names of the released pictures.
  private func pictures() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/pictures").sorted()
  }

  private func count(_ table: String) throws -> Int {
    try database().read { try Int.fetchOne($0, sql: "SELECT count(*) FROM \(table)") ?? -1 }
  }

  private func number(_ sql: String) throws -> Double? {
    try database().read { try Double.fetchOne($0, sql: sql) }
  }

  private func text(_ sql: String) throws -> String? {
    try database().read { try String.fetchOne($0, sql: sql) }
  }

  /// Every row of every table as text, without the file's own clock.
  private func dump() throws -> String {
    try database().read { db in
      let tables = try String.fetchAll(
        db, sql: "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
      return try tables.map { table in
        try Row.fetchAll(db, sql: "SELECT * FROM \(table)").map { row in
          row.filter { $0.0 != "at" }.map { "\($0.0)=\($0.1)" }.joined(separator: ",")
        }.joined(separator: "\n")
      }.joined(separator: "\n")
    }
  }
}
