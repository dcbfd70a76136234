import Crypto
import FoundationEssentials

/// Who may open the linking table: an X25519 public key whose private half the station lacks.
public struct LinkingRecipient: Sendable {
  /// A file that holds no public key.
  public struct NotAKey: Error, Sendable {}

  let key: Curve25519.KeyAgreement.PublicKey

  /// What stands before the 32 bytes in a public key of RFC 8410.
  private static let derPrefix: [UInt8] = [0x30, 42, 0x30, 5, 6, 3, 0x2B, 0x65, 0x6E, 3, 33, 0]

  /// Reads a public key: PEM as `openssl pkey -pubout` writes it, 32 bytes in base 64, or 32 bytes.
  ///
  /// - Throws: ``NotAKey``.
  public init(file bytes: [UInt8]) throws(NotAKey) {
    var raw = bytes
    if bytes.count != 32 {
      let lines = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline)
      let body = lines.filter { !$0.hasPrefix("-----") }.joined()
      guard let decoded = Data(base64Encoded: body) else { throw NotAKey() }
      raw = [UInt8](decoded)
    }
    if raw.count == 44, raw.starts(with: LinkingRecipient.derPrefix) { raw.removeFirst(12) }
    do {
      key = try Curve25519.KeyAgreement.PublicKey(rawRepresentation: Data(raw))
    } catch {
      throw NotAKey()
    }
  }
}

/// What the linking table tells whoever may open it: which subject a code stands for.
public struct LinkingEntry: Codable, Sendable, Equatable {
  /// The study's id.
  public let study: String
  /// The trial subject number.
  public let subject: String
  /// The random code of the public release.
  public let code: String

  /// Makes an entry.
  public init(study: String, subject: String, code: String) {
    self.study = study
    self.subject = subject
    self.code = code
  }

  /// A line of the table that cannot be opened.
  public struct NotOpened: Error, Sendable {}

  private static let purpose = Data("anagen linking table 1".utf8)

  /// The entry as a line of the table: code, encapsulated key and sealed entry, in base 64.
  ///
  /// Sealed with HPKE (RFC 9180: X25519, HKDF-SHA256, ChaCha20-Poly1305) under a new key for each
  /// line; the code is authenticated with it.
  func sealed(for recipient: LinkingRecipient) throws -> String {
    var sender = try HPKE.Sender(
      recipientKey: recipient.key, ciphersuite: .Curve25519_SHA256_ChachaPoly,
      info: LinkingEntry.purpose)
    let payload = try JSONEncoder().encode(self)
    let box = try sender.seal(payload, authenticating: Data(code.utf8))
    return "\(code) \(sender.encapsulatedKey.base64EncodedString()) \(box.base64EncodedString())"
  }

  /// Opens a line of the table.
  ///
  /// Whoever calls this records who asked and why.
  ///
  /// - Parameters:
  ///   - line: one line of the table.
  ///   - privateKey: the 32 bytes of the recipient's private key.
  /// - Throws: ``NotOpened`` for another key, or a line that was changed.
  public init(opening line: String, privateKey: [UInt8]) throws(NotOpened) {
    let parts = line.split(separator: " ")
    guard parts.count == 3, let encapsulated = Data(base64Encoded: String(parts[1])),
      let box = Data(base64Encoded: String(parts[2]))
    else { throw NotOpened() }
    do {
      let key = try Curve25519.KeyAgreement.PrivateKey(rawRepresentation: Data(privateKey))
      var recipient = try HPKE.Recipient(
        privateKey: key, ciphersuite: .Curve25519_SHA256_ChachaPoly, info: LinkingEntry.purpose,
        encapsulatedKey: encapsulated)
      let payload = try recipient.open(box, authenticating: Data(parts[0].utf8))
      self = try JSONDecoder().decode(LinkingEntry.self, from: payload)
    } catch {
      throw NotOpened()
    }
  }
}
