import Foundation
import GRDB
import Testing

/// The power fails at any instant of a run, and of what was not synced by then any part is lost.
///
/// The shim notes what a run has the disk do; from these notes disks are made as they may be after
/// a power cut at each instant, and looked at; some of them are gone on with.
struct PowerCutTests {
  @Test(.timeLimit(.minutes(60)), arguments: Repetition.Pipeline.allCases)
  func whateverThePowerCutLosesWhatWasDurableIsThere(_ pipeline: Repetition.Pipeline) throws {
    let repetition = try Repetition(pipeline, pictures: 2)
    try repetition.reset()
    _ = try repetition.run(FaultShim.environment(under: repetition.disk, log: repetition.log))
    let changes = try FaultLog(repetition.log).changes
    let step = FaultCampaign.step(changes.count, some: 25)
    var random = SystemRandomNumberGenerator()
    let start = Int.random(in: 0..<step, using: &random)
    var disk = PowerCutDisk(root: repetition.disk)
    var disks = 0
    for (index, change) in changes.enumerated() {
      disk.apply(change)
      guard index % step == start else { continue }
      var losses: [PowerCutDisk.Loss] = [
        .everything, .nothing, .bytes, .names, .below("out/private"), .beside("out/private"),
      ]
      losses += (0..<2).map { _ in .some(seed: random.next()) }
      for loss in losses {
        let place = try TemporaryPlace()
        try disk.write(to: place.path, losing: loss)
        let faults = try DataFolderInspection(folder: "\(place.path)/out").faults()
        #expect(faults.isEmpty, "\(pipeline), cut after change \(index + 1), \(loss): \(faults)")
        disks += 1
        guard disks % 97 == 0 else { continue }
        try repetition.reset()
        try disk.write(to: repetition.disk, losing: loss)
        try repetition.expectItGoesOn("\(pipeline), cut after change \(index + 1), \(loss)")
      }
    }
    #expect(disks >= 200)
    FaultCampaign.report(
      "\(pipeline): power cut after each of \(changes.count) changes, \(disks) disks")
  }

  @Test(arguments: Repetition.Pipeline.allCases)
  func aRunThatSaidItIsDoneIsWholeAfterAPowerCut(_ pipeline: Repetition.Pipeline) throws {
    let repetition = try Repetition(pipeline, pictures: 2)
    try repetition.reset()
    _ = try repetition.run(FaultShim.environment(under: repetition.disk, log: repetition.log))
    var disk = PowerCutDisk(root: repetition.disk)
    for change in try FaultLog(repetition.log).changes { disk.apply(change) }
    try repetition.reset()
    try disk.write(to: repetition.disk, losing: .everything)
    let differences = try DataFolderInspection(folder: repetition.data).state()
      .differences(from: repetition.undisturbed)
    #expect(differences.isEmpty, "\(differences)")
  }

  @Test func theMadeKeyIsThereWheneverSomethingWasReleasedWithIt() throws {
    let material = try Material(good: 2)
    let disk = "\(material.path)/disk"
    material.data = "\(disk)/out"
    try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: true)
    let log = "\(material.path)/changes"
    let outcome = try AnagenProcess(
      material.runArguments(), printingTo: material.path,
      variables: FaultShim.environment(under: disk, log: log)
    ).wait()
    #expect(outcome.status == 0, "\(outcome.talk)")
    var model = PowerCutDisk(root: disk)
    for change in try FaultLog(log).changes {
      model.apply(change)
      guard change.kind == .synced, change.path.hasSuffix("ledger.sqlite-wal") else { continue }
      let place = try TemporaryPlace()
      try model.write(to: place.path, losing: .everything)
      let ledger = "\(place.path)/out/private/ledger.sqlite"
      guard FileManager.default.fileExists(atPath: ledger) else { continue }
      let released = try DatabaseQueue(path: ledger).read { db in
        try db.tableExists("record")
          ? Int.fetchOne(
            db, sql: "SELECT count(*) FROM record WHERE schema LIKE 'anagen.released/%'") ?? 0 : 0
      }
      let key = "\(place.path)/out/private/secrets/pseudonym-key"
      #expect(released == 0 || FileManager.default.fileExists(atPath: key))
    }
  }
}
