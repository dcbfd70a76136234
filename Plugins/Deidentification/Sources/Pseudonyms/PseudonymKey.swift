import Crypto
import FoundationEssentials

/// The secret from which names are made that tell nothing without it.
///
/// A digest of a subject number without a key is no pseudonym: all numbers of a trial are tried in
/// a second. Each purpose has a key of its own, derived by HKDF-SHA256 (RFC 5869), so that equal
/// texts in two purposes, or two studies, have nothing in common.
public struct PseudonymKey: Sendable {
  /// What a reference stands for.
  public enum Purpose: String, Sendable, CaseIterable {
    /// An acquisition; joins a released row with its released picture.
    case acquisition
    /// The name of a released picture's file.
    case pictureName = "picture-name"
    /// A subject's code: in a public release, and for a name that may identify.
    case subject
    /// A visit's, session's, region's or side's code where its name may identify.
    case name
    /// A calibration record.
    case calibration
    /// The key itself, to tell in plans and reports which one was used.
    case keyID = "key-id"
  }

  /// A secret that is no key.
  public struct TooShort: Error, Sendable {}

  /// The fewest bytes a secret may have: as many as SHA-256 gives.
  public static let leastByteCount = 32

  private let root: SymmetricKey

  /// Makes a key of a secret file's bytes; white space at the end is not part of it.
  ///
  /// - Throws: ``TooShort`` below ``leastByteCount`` bytes.
  public init(secret: [UInt8]) throws(TooShort) {
    let end = secret.lastIndex { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }.map { $0 + 1 } ?? 0
    guard end >= PseudonymKey.leastByteCount else { throw TooShort() }
    root = SymmetricKey(data: Data(secret[..<end]))
  }

  private init(root: SymmetricKey) { self.root = root }

  /// A key that is this one and a second secret together: nothing is told by either alone.
  public func combined(with secret: [UInt8]) -> PseudonymKey {
    let bytes = HMAC<SHA256>.authenticationCode(for: Data(secret), using: root)
    return PseudonymKey(root: SymmetricKey(data: Data(bytes)))
  }

  /// Which key this is, in 16 characters; tells nothing about it.
  public var identifier: String { reference(to: "", for: .keyID, in: "") }

  /// The reference to a text: 16 characters of a base-32 alphabet, 80 bits of HMAC-SHA256.
  ///
  /// The same key, purpose, study and text give the same reference everywhere. Among a million
  /// references two are equal by chance with a probability of 4 in 10^13.
  public func reference(to text: String, for purpose: Purpose, in study: String) -> String {
    let key = HKDF<SHA256>.deriveKey(
      inputKeyMaterial: root, salt: Data("anagen pseudonyms 1".utf8),
      info: Data("\(purpose.rawValue)\u{0}\(study)".utf8), outputByteCount: 32)
    let code = HMAC<SHA256>.authenticationCode(for: Data(text.utf8), using: key)
    return PseudonymKey.base32(Array(code.prefix(10)))
  }

  /// Crockford's alphabet in lower case: no letter that is taken for a digit, and no vowel that
  /// makes words but a and e.
  private static let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)

  private static func base32(_ bytes: [UInt8]) -> String {
    var text: [UInt8] = []
    var (buffer, count) = (0, 0)
    for byte in bytes {
      buffer = (buffer << 8 | Int(byte)) & 0xFFFF
      count += 8
      while count >= 5 {
        text.append(alphabet[buffer >> (count - 5) & 31])
        count -= 5
      }
    }
    return String(decoding: text, as: UTF8.self)
  }
}
