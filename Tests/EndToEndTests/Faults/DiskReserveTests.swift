import Foundation
import GRDB
import Testing

/// On a full disk what was done is still noted: the ledger gives up a reserve for it.
struct DiskReserveTests {
  /// The ledger's disk is small and the registry lies on another, so that sinks go on acting when
  /// the ledger has no room left.
  @Test(.enabled(if: Machine.canMount, Machine.mountReason), .timeLimit(.minutes(10)))
  func everyEffectIsNotedThoughTheDiskIsFull() throws {
    var effects = 0
    for kilobytes in stride(from: 256, through: 1536, by: FaultCampaign.isWhole ? 16 : 128) {
      let material = try Material(good: 9)
      let outcome = try run(material, on: kilobytes)
      let note = "24 MiB and \(kilobytes) KiB"
      if outcome.status == 0 { break }
      #expect(outcome.status == 74, "\(note): \(outcome.status): \(outcome.talk)")
      #expect(
        ["disk is full", "No space left on device"].contains { outcome.talk.contains($0) },
        "\(note): \(outcome.talk)")
      #expect(
        !FileManager.default.fileExists(atPath: "\(material.data)/private/reserve"), "\(note)")
      let inspection = DataFolderInspection(folder: material.data)
      let faults = try inspection.faults()
      #expect(faults.isEmpty, "\(note): \(faults)")
      let (filed, ended) = try inspection.filedAndEnded()
      #expect(filed.subtracting(ended).isEmpty, "\(note): acted, but could not say so")
      effects += filed.count
      try material.expectEverythingAccountedFor(after: material.run(), note)
      #expect(
        !FileManager.default.fileExists(atPath: "\(material.data)/private/reserve"),
        "\(note): a folder at rest does not carry it")
    }
    #expect(effects > 0, "the disk was full while sinks acted")
    FaultCampaign.report("\(effects) effects on full disks, each noted")
  }

  /// Runs with `private/` on a disk of so much more than the reserve, and the registry on one of its
  /// own, then puts what they hold where there is room.
  private func run(_ material: Material, on kilobytes: Int) throws -> AnagenProcess.Outcome {
    let kept = "\(material.path)/kept"
    let folder = "\(material.data)/private"
    let script = """
      mkdir -p \(folder)
      mount -t tmpfs -o size=\(24 * 1024 + kilobytes)k,mode=700 anagen-test \(folder)
      mkdir \(folder)/registry
      mount -t tmpfs -o size=64m,mode=700 anagen-registry \(folder)/registry
      status=0
      "$@" || status=$?
      cp -a \(folder) \(kept)
      exit $status
      """
    let outcome = try material.run(through: Machine.mounting(script))
    try FileManager.default.removeItem(atPath: folder)
    try FileManager.default.moveItem(atPath: kept, toPath: folder)
    return outcome
  }
}
