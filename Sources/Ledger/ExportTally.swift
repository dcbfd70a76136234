import ClinicalRecords
import Crypto
import GRDB
import StageKit

/// Gathers what one commit exports, so that the chain gets one entry for each destination and not
/// one for each record: a record then costs one hash instead of a row, and the digest in the entry
/// still covers every single record.
final class ExportTally {
  private struct Part {
    let name: AuditAction.Name
    let stage: String
    let destination: EffectDestination
    let sequence: Int64
    var records = 0
    var hash = SHA256()
  }

  private let writer: AuditWriter
  private let run: Int64
  private let plan: String
  private var parts: [Part] = []

  init(writer: AuditWriter, run: Int64, plan: String) {
    self.writer = writer
    self.run = run
    self.plan = plan
  }

  /// Counts a record whose delivery is opened, or was ended well, into an entry of this commit.
  ///
  /// - Parameter digest: the record's.
  /// - Returns: the entry's number; `nil` when nothing leaves there.
  func note(_ name: AuditAction.Name, _ effect: Effect, digest: String) throws -> Int64? {
    guard effect.destination.isExport else { return nil }
    let index: Int
    if let known = parts.firstIndex(where: {
      $0.name == name && $0.stage == effect.stage && $0.destination == effect.destination
    }) {
      index = known
    } else {
      index = parts.count
      let sequence = try parts.first.map { $0.sequence + Int64(index) } ?? writer.next()
      parts.append(
        Part(
          name: name, stage: effect.stage, destination: effect.destination, sequence: sequence))
    }
    parts[index].records += 1
    parts[index].hash.update(data: Array("\(effect.delivery) \(digest)\n".utf8))
    return parts[index].sequence
  }

  /// Adds the entries to the chain.
  func write() throws {
    for part in parts {
      let sequence = try writer.append(
        AuditAction(
          name: part.name,
          what: [
            .init("destination", .string(part.destination.name)),
            .init("stage", .string(part.stage)), .init("run", .integer(run)),
            .init("plan", .string(plan)), .init("records", .integer(Int64(part.records))),
            .init("sha256", .string(ContentDigest(bytes: part.hash.finalize()).hexadecimal)),
          ]))
      precondition(sequence == part.sequence, "one writer, so the numbers are as foreseen")
    }
  }
}
