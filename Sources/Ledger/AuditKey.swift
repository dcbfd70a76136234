import ClinicalRecords
import Crypto
import Foundation
import StageKit

/// The key that signs a data folder's audit heads: made once, `private/audit-key`, for its owner
/// alone; its public half lies beside it and is in the chain's first entry and in every head.
struct AuditKey: Sendable {
  private let key: Curve25519.Signing.PrivateKey
  var publicBytes: [UInt8] { [UInt8](key.publicKey.rawRepresentation) }

  /// Reads the key, or makes it for a chain that is not begun.
  ///
  /// - Parameter expected: the public key of the chain's first entry; `nil` before there is one.
  /// - Throws: ``LedgerError`` with code `auditKey` when the chain was begun with a key that is gone
  ///   or another one, `io` when a file cannot be read or written.
  init(folder: DataFolder, expected: [UInt8]?) throws {
    let path = "\(folder.privatePath)/audit-key"
    if FileSystem.size(of: path) != nil {
      key = try AuditKey.read(path)
    } else if expected == nil {
      key = Curve25519.Signing.PrivateKey()
      try AuditKey.write(key.rawRepresentation, to: path, in: folder)
    } else {
      throw LedgerError(
        .auditKey, subject: "the key of the audit chain is gone",
        hint: "put \(path) back from the folder's backup")
    }
    if let expected, publicBytes != expected {
      throw LedgerError(
        .auditKey, subject: "\(path) is not the key that the audit chain was begun with",
        hint: "put the one of this data folder back from its backup")
    }
    if FileSystem.size(of: "\(path).pub") == nil {
      try AuditKey.write(key.publicKey.rawRepresentation, to: "\(path).pub", in: folder)
    }
  }

  func sign(sequence: Int64, hash: [UInt8]) throws -> AuditHead {
    let digest = ContentDigest(bytes: hash)
    let signature = try key.signature(for: AuditHead.message(sequence: sequence, hash: digest))
    return AuditHead(
      sequence: sequence, hash: digest, signature: [UInt8](signature), key: publicBytes)
  }

  private static func read(_ path: String) throws -> Curve25519.Signing.PrivateKey {
    do {
      let text = String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
      let bytes = Base64URL.bytes(text.trimmingCharacters(in: .whitespacesAndNewlines)) ?? []
      return try Curve25519.Signing.PrivateKey(rawRepresentation: bytes)
    } catch {
      throw LedgerError(
        .auditKey, subject: "\(path) cannot be read as a key",
        hint: "put it back from the folder's backup; it is for its owner alone (mode 0600)")
    }
  }

  /// The lock on the folder is held, so there is one writer.
  private static func write(
    _ bytes: some Sequence<UInt8>, to path: String, in folder: DataFolder
  ) throws {
    try FileSystem.write(Array((Base64URL.text(bytes) + "\n").utf8), to: "\(path).part", sync: true)
    guard rename("\(path).part", path) == 0 else {
      throw FileSystem.failure("cannot name \(path)")
    }
    try FileSystem.syncFolder(folder.privatePath)
  }
}
