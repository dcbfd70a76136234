import Foundation
import GRDB
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A station says what is next and has it taken: each capture is filed as what was said, once.
@Suite("a commanded capture", .timeLimit(.minutes(30))) struct StationTests {
  @Test func `is said to be taken once it is stored, and as what was said`() throws {
    let station = try Station()
    try station.start()
    // Two clients at once, again and again: each goes with its own command.
    var told: [String: String] = [:]
    for visit in ["V1", "V2", "V3"] {
      let both = try ["VX", "OC"].map {
        try station.assign(Station.words(visit: visit, region: $0) + ["--capture"])
      }
      for (process, region) in zip(both, ["VX", "OC"]) {
        let outcome = try process.wait()
        #expect(outcome.status == 0, "\(outcome.talk)")
        let receipt = try Station.receipt(outcome)
        #expect(receipt.acquisition == "open/01-001/\(visit)/D0/\(region)/unknown/1/1/1")
        told[receipt.acquisition ?? ""] = receipt.picture?.sha256
      }
    }
    #expect(told.count == 6)
    #expect(try station.captures() == told)
    let ended = try station.stop()
    #expect(ended.status == 0, "\(ended.talk)")
    #expect(try station.captures() == told)
    let rows = try String(
      contentsOfFile: "\(station.data)/tables/acquisitions.csv", encoding: .utf8)
    #expect(rows.split(separator: "\r\n").count == 7)
    let process = try #require(station.process)
    #expect(try !process.talk().contains("01-001"))
  }

  @Test func `is an attempt of its own, and one that is there is not taken twice`() throws {
    let station = try Station()
    try station.start()
    let words = Station.words()
    #expect(try Station.receipt(station.command(words)).attempt == 1)
    let first = try Station.receipt(station.command(words + ["--capture"]))
    #expect(first.attempt == 1 && first.picture?.wasThere == false)
    let again = try Station.receipt(station.command(words + ["--capture", "--attempt", "1"]))
    #expect(again.picture?.wasThere == true && again.picture?.sha256 == first.picture?.sha256)
    let second = try Station.receipt(station.command(words + ["--capture"]))
    #expect(second.attempt == 2)
    let early = try station.command(words + ["--capture", "--attempt", "9"])
    #expect(early.status == 65)
    #expect(early.talk.contains("attempt 9 is not the next one; the next is 3"), "\(early.talk)")
    #expect(try station.captures().count == 2)
    // A picture that a person took out keeps its number.
    let withdrawn = try AnagenProcess.run(
      [
        "withdraw", "open/01-001/BL/D0/VX/unknown/1/1/2", "--reason", "hair in front", "--data",
        station.data,
      ], printingTo: station.place.path)
    #expect(withdrawn.status == 0, "\(withdrawn.talk)")
    #expect(try station.stop().status == 0)
    try station.start()
    let third = try Station.receipt(station.command(words + ["--capture"]))
    #expect(third.attempt == 3)
    let taken = try station.command(words + ["--capture", "--attempt", "2"])
    #expect(taken.talk.contains("attempt 2 was taken out by a person"), "\(taken.talk)")
    #expect(try station.captures().count == 2)
  }

  @Test func `of what the study does not have is refused, and tells no value`() throws {
    let station = try Station(
      study: """
        study: {id: T-1}
        subjects: {pattern: "0[12]-[0-9]{3}"}
        visits: {BL: {day: 1}}
        regions: {VX: {region: vertex, side: midline}}
        """)
    try station.start()
    for (words, told) in [
      (Station.words(visit: "W9"), "'visit' is not one of the study's; it has BL"),
      (Station.words(region: "QQ"), "'region' is not one of the study's; it has VX"),
      (
        ["--subject", "Jane Roe", "--visit", "BL", "--region", "VX"],
        "'subject' is not one of the study's"
      ),
      (Station.words() + ["--side", "left"], "'side' is not one of the study's"),
      (Station.words() + ["--field", "0"], "'field' is out of range; give 1 to 99"),
    ] {
      let outcome = try station.command(words + ["--capture"])
      #expect(outcome.status == 65)
      #expect(outcome.talk.contains(told), "\(outcome.talk)")
      #expect(!outcome.talk.contains("Jane"))
    }
    // The region's side is the study's, as in a list of pictures.
    let receipt = try Station.receipt(station.command(Station.words() + ["--capture"]))
    #expect(receipt.acquisition == "T-1/01-001/BL/D0/VX/midline/1/1/1")
  }

  @Test func `leaves with the day of the study alone, never with its time or day`() throws {
    let station = try Station()
    try station.start()
    #expect(try station.command(Station.words() + ["--capture"]).status == 0)
    #expect(try station.stop().status == 0)
    let ledger = try DatabaseQueue(path: "\(station.data)/private/ledger.sqlite")
    let kept = try ledger.read { db in
      try Row.fetchOne(
        db,
        sql: """
          SELECT json_extract(CAST(payload AS TEXT), '$.date') AS date,
            json_extract(CAST(payload AS TEXT), '$.capturedAt.secondsSince1970') AS seconds
          FROM record WHERE schema LIKE 'anagen.captured-image/%'
          """)
    }
    let row = try #require(kept)
    let (date, seconds): (String, Double) = (row["date"], row["seconds"])
    #expect(abs(Date().timeIntervalSince1970 - seconds) < 600)
    let walker = try #require(FileManager.default.enumerator(atPath: station.data))
    var looked = 0
    for case let name as String in walker where !name.hasPrefix("private") {
      let path = "\(station.data)/\(name)"
      guard let bytes = FileManager.default.contents(atPath: path) else { continue }
      looked += 1
      let text = String(decoding: bytes, as: UTF8.self)
      for carrier in ["capturedAt", "secondsSince1970", "\(Int(seconds))", date, "SYNTHETIC"] {
        #expect(!text.contains(carrier), "\(name) holds \(carrier)")
      }
    }
    #expect(looked >= 3)
  }

  @Test func `needs a run with a camera`() throws {
    let station = try Station()
    let none = try station.command(Station.words())
    #expect(none.status == 69 && none.talk.contains("no run is alive on"), "\(none.talk)")
    let live = try LiveRun(pictures: 1)
    let outcome = try live.material.command(
      ["assign", "--data", live.material.data] + Station.words())
    #expect(outcome.status == 69)
    #expect(outcome.talk.contains("no stage of the run takes 'assign'"), "\(outcome.talk)")
  }
}

/// The run is killed between command, choice, store and answer: what was said to be taken is there,
/// nothing is there twice, nothing as something else.
@Suite("a run killed while it captures", .timeLimit(.minutes(60))) struct StationKillTests {
  private static let words = Station.words() + ["--capture", "--attempt", "1"]

  /// Kills a run while it captures, starts it again, and gives the same command once more.
  ///
  /// - Returns: whether the run was killed, and whether the client knew that it was captured.
  private func play(
    _ station: Station, _ note: String, variables: [String: String] = [:],
    killAfter milliseconds: Int? = nil
  ) throws -> (isKilled: Bool, isTold: Bool) {
    if FileManager.default.fileExists(atPath: station.data) {
      try FileManager.default.removeItem(atPath: station.data)
    }
    try station.start(variables)
    let client = try station.assign(Self.words)
    if let milliseconds {
      usleep(UInt32(milliseconds) * 1000)
      station.process?.send(SIGKILL)
    }
    let first = try client.wait()
    station.process?.send(SIGKILL)
    let run = try #require(try station.process?.wait())
    let told = first.status == 0 ? try Station.receipt(first).picture : nil
    #expect([0, 69].contains(first.status), "\(note): \(first.talk)")
    try station.start()
    // Another picture is asked for first: what was under way must not come back as this.
    let other = try station.command(Station.words(region: "OC") + ["--capture"])
    #expect(other.status == 0, "\(note): \(other.talk)")
    let second = try station.command(Self.words)
    try #require(second.status == 0, "\(note): \(second.talk)")
    let picture = try #require(try Station.receipt(second).picture)
    if let told {
      #expect(picture.wasThere && picture.sha256 == told.sha256, "\(note)")
    }
    #expect(try station.stop().status == 0, "\(note)")
    let captures = try station.captures()
    #expect(
      captures.keys.sorted() == [
        "open/01-001/BL/D0/OC/unknown/1/1/1", "open/01-001/BL/D0/VX/unknown/1/1/1",
      ], "\(note)")
    #expect(captures["open/01-001/BL/D0/VX/unknown/1/1/1"] == picture.sha256, "\(note)")
    return (run.status == 128 + SIGKILL, told != nil)
  }

  @Test func `at any boundary of what it writes`() throws {
    let station = try Station()
    let log = "\(station.place.path)/faults.log"
    try station.start(FaultShim.environment(under: station.disk, log: log))
    let before = try FaultLog(log).changes.count
    #expect(try station.command(Self.words).status == 0)
    let after = try FaultLog(log).changes.count
    _ = try station.stop()
    try #require(after > before, "a capture writes")
    var (rounds, told) = (0, 0)
    // A few more, since what a start writes differs by a batch.
    let boundaries = (before - 2)...(after + 2)
    let step = FaultCampaign.step(boundaries.count, some: 12)
    for boundary in stride(from: boundaries.lowerBound, through: boundaries.upperBound, by: step) {
      let fault = Fault(action: rounds.isMultiple(of: 2) ? .kill : .tear, from: boundary)
      let outcome = try play(
        station, "\(fault)", variables: FaultShim.environment(under: station.disk, fault))
      rounds += 1
      told += outcome.isTold ? 1 : 0
    }
    print("station: \(rounds) kills at boundaries \(boundaries), \(told) after the answer")
    #expect(rounds >= 5)
  }

  @Test func `at any moment from the command to the answer`() throws {
    let station = try Station()
    var told = 0
    let moments =
      FaultCampaign.isWhole
      ? Array(stride(from: 0, through: 600, by: 10))
      : [
        5, 60, 200, 310, 330, 350, 380, 420, 500,
      ]
    for moment in moments {
      let outcome = try play(station, "after \(moment) ms", killAfter: moment)
      #expect(outcome.isKilled)
      told += outcome.isTold ? 1 : 0
    }
    print("station: \(moments.count) kills after the command, \(told) after the answer")
  }
}
