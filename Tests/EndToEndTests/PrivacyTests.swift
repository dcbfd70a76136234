import Crypto
import Foundation
import GRDB
import Testing

/// What may identify a person is held with its reason, and what was measured is not lost with it.
struct PrivacyTests {
  @Test func aPictureWithANameDrawnIntoItIsHeldAndItsRowStays() throws {
    let material = try Material(good: 2)
    try material.add(
      Photographs.drawnOn("\(Photographs.name) Zephyrine"), named: "drawn.jpg", subject: "S2")
    try material.writeManifest()
    let outcome = try material.run()
    #expect(outcome.status == 1, "\(outcome.talk)")
    try material.expectEverythingAccountedFor(after: outcome)
    let setAside = try material.setAside()
    #expect(setAside.map(\.failure.stage) == ["pictures"])
    #expect(setAside.map(\.failure.reason) == ["burned_in_text"])
    let purged = try material.command([
      "quarantine", "purge", "\(setAside[0].delivery)", "--reason", "a name", "--data",
      material.data,
    ])
    #expect(purged.status == 0, "\(purged.talk)")
    #expect(try material.run().status == 0)
    let states = try material.read("\(material.data)/registry.sqlite") { db in
      try String.fetchAll(
        db,
        sql: """
          SELECT part || ' ' || state || ' ' || reason FROM current_disposition
          JOIN acquisition a ON a.id = acquisition_id JOIN session s ON s.id = a.session_id
          JOIN visit v ON v.id = s.visit_id
          WHERE subject = 'S2' AND state NOT IN ('accepted', 'selected', 'rejected')
          """)
    }
    #expect(states == ["picture excluded given_up_by_a_person"], "nothing is held any more")
  }

  // A live camera's picture is released when it was taken.
  @Test func theTimeOfAReleasedFileTellsNothing() throws {
    let material = try Material(good: 1)
    #expect(try material.run().status == 0)
    let folder = "\(material.data)/pictures"
    let names = try FileManager.default.contentsOfDirectory(atPath: folder)
    #expect(names.count == 1)
    for name in names {
      let file = try FileManager.default.attributesOfItem(atPath: "\(folder)/\(name)")
      #expect(file[.modificationDate] as? Date == Date(timeIntervalSince1970: 946_684_800))
    }
  }

  @Test func whatAPersonApprovesOnceLeavesWithTheNextRun() throws {
    let material = try Material()
    for number in 1...2 {
      try material.add(
        Photographs.drawnOn("SCALE 1.0 MM \(number)"), named: "bar\(number).jpg",
        subject: "S\(number)")
    }
    try material.writeManifest()
    #expect(try material.run().status == 1)
    let held = try material.setAside().map { "\($0.delivery)" }
    #expect(held.count == 2)
    let shown = try material.command(["quarantine", "show", held[0], "--data", material.data])
    #expect(shown.results.contains("approve \(held[0]) \(held[1]): the same"), "\(shown.results)")
    for name in ["\(held[0]).png", "\(held[0])-alike.png"] {
      let path = "\(material.data)/private/held/\(name)"
      let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
      #expect(mode == 0o600)
    }
    let released = try material.command(["quarantine", "release", held[0], "--data", material.data])
    #expect(released.status == 0)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: "\(material.data)/private/held").isEmpty)
    #expect(try material.run().status == 1, "a release alone changes nothing")
    let approved = try material.command([
      "quarantine", "approve", held[0], held[1], "--reason", "scale bars", "--data", material.data,
    ])
    #expect(approved.status == 0, "\(approved.talk)")
    let last = try material.run()
    #expect(last.status == 0, "\(last.talk)")
    try material.expectEverythingAccountedFor(after: last)
    #expect(try material.setAside().isEmpty)
  }

  @Test func aNameInThePlaceOfASubjectNumberLeavesAsACodeAndHasItsRow() throws {
    let material = try Material()
    try material.add(
      Photographs.jpeg(0), named: "\(Photographs.name).jpg", subject: Photographs.name)
    try material.writeManifest()
    let outcome = try material.run()
    #expect(outcome.status == 0, "\(outcome.talk)")
    #expect(try material.setAside().isEmpty)
    #expect(outcome.results.contains("names_recoded"))
    #expect(!outcome.talk.contains(Photographs.name), "\(outcome.talk)")
    try material.expectNothingIdentifiedLeft()
    let subjects = try material.read("\(material.data)/registry.sqlite") { db in
      try String.fetchAll(db, sql: "SELECT subject FROM subject")
    }
    #expect(subjects.count == 1)
    let table = try String(contentsOfFile: "\(material.data)/private/recoded.csv", encoding: .utf8)
    #expect(table == "code,column,name\n\(subjects[0]),subject,\"\(Photographs.name)\"\n")
  }

  @Test func aPublicReleaseHoldsNoSubjectNumber() throws {
    let material = try Material()
    for number in 0..<3 {
      try material.add(
        Photographs.jpeg(number), named: "\(number).jpg", subject: "\(Photographs.name)-0\(number)")
    }
    try material.writeManifest()
    let linking = "\(material.path)/linking.pub"
    try publicKeyFile().write(toFile: linking, atomically: false, encoding: .utf8)
    let pipeline = "\(material.path)/public.yaml"
    try String(contentsOfFile: "\(AnagenProcess.root)/Pipelines/reprocess.yaml", encoding: .utf8)
      .replacing("profile: trial", with: "profile: public, linking_key: \"\(linking)\"")
      .replacing("pseudonymised", with: "deidentified")
      .replacing(
        "studies/open.yaml", with: "\(AnagenProcess.root)/Pipelines/studies/open.yaml"
      )
      .write(toFile: pipeline, atomically: false, encoding: .utf8)
    let outcome = try material.command([
      "run", pipeline, "--var", "images=\(material.images)", "--var", "data=\(material.data)",
    ])
    #expect(outcome.status == 0, "\(outcome.talk)")
    #expect(!outcome.talk.contains(Photographs.name), "\(outcome.talk)")
    #expect((outcome.results + outcome.talk).contains("the order of enrolment"))
    try material.expectNothingIdentifiedLeft()
    let filed = try material.read("\(material.data)/registry.sqlite") { db in
      try Int.fetchOne(db, sql: "SELECT count(*) FROM measurement")
    }
    #expect(filed == 3)
  }

  /// A new X25519 public key as `openssl pkey -pubout` writes it (RFC 8410).
  private func publicKeyFile() -> String {
    let algorithm: [UInt8] = [0x30, 0x2A, 0x30, 5, 6, 3, 0x2B, 0x65, 0x6E, 3, 0x21, 0]
    let key = Curve25519.KeyAgreement.PrivateKey().publicKey.rawRepresentation
    return "-----BEGIN PUBLIC KEY-----\n\((Data(algorithm) + key).base64EncodedString())\n"
      + "-----END PUBLIC KEY-----\n"
  }
}
