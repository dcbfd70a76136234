public import ClinicalRecords
import Crypto
import Foundation

/// What somebody did, or what left: what an entry of the audit chain tells beside who and when.
///
/// Nothing in it names a subject: deliveries stand by their numbers, records by digests over many.
struct AuditAction {
  /// What was done.
  enum Name: String {
    /// The chain was begun: the first entry of each.
    case begin = "audit.begin"
    /// The chain was found changed, cut or put back when a ledger was opened or something was about
    /// to leave; once for each finding.
    case broken = "audit.broken"
    /// Records are about to be sent where they may leave; in the commit that opens their deliveries.
    case exportIntended = "export.intended"
    /// Records were taken there; in the commit that ends their deliveries.
    case exportConfirmed = "export.confirmed"
    /// A projection is about to be written where it may leave.
    case exportWritten = "export.written"
    /// A person looked at what deliveries are held for: they are open again, and it passes.
    case approved = "quarantine.approve"
    /// Deliveries that were set aside are open again.
    case released = "quarantine.release"
    /// Deliveries that were set aside were given up.
    case purged = "quarantine.purge"
    /// A run that was at work took another pipeline.
    case reconfigured = "run.reconfigure"
    /// Pictures were given under other identities than before, which supersede the earlier ones.
    case corrected = "source.corrected"
    /// Pictures were taken out: nothing of them counts or leaves.
    case withdrawn = "source.withdraw"
    /// Pictures that were taken out may come back.
    case reinstated = "source.reinstate"
  }

  let name: Name
  var reason: String?
  let what: [JSONValue.Member]
}

/// The rule of the chain.
///
/// An entry is kept as one text, so that no column can say something that its hash does not cover.
/// Its hash is SHA-256 over the hash before it and the text; before the first stand 32 zero bytes.
enum AuditChain {
  static let start = [UInt8](repeating: 0, count: SHA256.byteCount)

  static func text(
    _ action: AuditAction, sequence: Int64, by actor: String, at now: Double
  ) -> String {
    var members: [JSONValue.Member] = [
      .init("sequence", .integer(sequence)), .init("at", .number(now)), .init("by", .string(actor)),
      .init("action", .string(action.name.rawValue)),
    ]
    if let reason = action.reason { members.append(.init("why", .string(reason))) }
    members.append(.init("what", .object(action.what)))
    return JSONValue.object(members).text
  }

  static func hash(_ text: String, after previous: some Sequence<UInt8>) -> SHA256.Digest {
    var hash = SHA256()
    hash.update(data: Array(previous))
    hash.update(data: Array(text.utf8))
    return hash.finalize()
  }
}

/// The last entry of a chain, signed: kept elsewhere, it shows that the chain was cut or put back.
///
/// Its text is `SEQUENCE:HASH:SIGNATURE:KEY`, hash in hexadecimal, signature (Ed25519, RFC 8032)
/// and public key in base64url (RFC 4648 §5) without padding.
public struct AuditHead: Sendable, Hashable, CustomStringConvertible {
  /// The entry's number.
  public let sequence: Int64
  /// The entry's hash.
  public let hash: ContentDigest
  let signature: [UInt8]
  let key: [UInt8]

  /// What is signed; the first words keep the key's signatures from meaning anything else.
  static func message(sequence: Int64, hash: ContentDigest) -> [UInt8] {
    Array("anagen audit head 1\n\(sequence)\n\(hash.hexadecimal)\n".utf8)
  }

  init(sequence: Int64, hash: ContentDigest, signature: [UInt8], key: [UInt8]) {
    self.sequence = sequence
    self.hash = hash
    self.signature = signature
    self.key = key
  }

  /// Reads a head's text; `nil` for anything else.
  ///
  /// The signature is not checked.
  public init?(parsing text: some StringProtocol) {
    let parts = String(text).split(separator: ":" as Character, omittingEmptySubsequences: false)
      .map(String.init)
    guard parts.count == 4, let sequence = Int64(parts[0]), sequence > 0,
      let hash = ContentDigest(hexadecimal: parts[1]), let signature = Base64URL.bytes(parts[2]),
      let key = Base64URL.bytes(parts[3]), signature.count == 64, key.count == 32
    else { return nil }
    self.init(sequence: sequence, hash: hash, signature: signature, key: key)
  }

  /// Every head in a file: a manifest, a run's output, or a log of many runs.
  public static func all(in bytes: [UInt8]) -> [AuditHead] {
    bytes.split { !isOfHead($0) }
      .compactMap { AuditHead(parsing: String(decoding: $0, as: UTF8.self)) }
  }

  private static func isOfHead(_ byte: UInt8) -> Bool {
    (48...58).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
      || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
  }

  /// The head's text.
  public var description: String {
    "\(sequence):\(hash):\(Base64URL.text(signature)):\(Base64URL.text(key))"
  }

  /// Whether the key that stands in it signed it.
  public var isSigned: Bool {
    do {
      return try Curve25519.Signing.PublicKey(rawRepresentation: key).isValidSignature(
        signature, for: AuditHead.message(sequence: sequence, hash: hash))
    } catch {
      return false  // 32 bytes that are no point of the curve sign nothing
    }
  }
}

/// Base64 in letters that pass through JSON, shells and file names (RFC 4648 §5), unpadded.
enum Base64URL {
  static func text(_ bytes: some Sequence<UInt8>) -> String {
    String(
      Data(bytes).base64EncodedString().compactMap { letter -> Character? in
        switch letter {
        case "+": "-"
        case "/": "_"
        case "=": nil
        default: letter
        }
      })
  }

  static func bytes(_ text: String) -> [UInt8]? {
    guard text.utf8.allSatisfy({ $0 != 43 && $0 != 47 && $0 != 61 }) else { return nil }
    let standard = String(text.map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 })
    let padding = String(repeating: "=", count: (4 - standard.utf8.count % 4) % 4)
    guard let data = Data(base64Encoded: standard + padding), Base64URL.text(data) == text else {
      return nil
    }
    return [UInt8](data)
  }
}
