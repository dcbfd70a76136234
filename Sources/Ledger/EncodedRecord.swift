import ClinicalRecords
import Crypto

/// A record's payload, digest and bodies.
struct EncodedRecord {
  let schema: String
  let payload: [UInt8]
  let digest: String
  let payloadContent: ContentDigest?
  let bodies: [(digest: ContentDigest, bytes: [UInt8])]

  init(_ record: any StoredRecord) throws {
    schema = record.schema.description
    payload = try CanonicalJSONEncoder().encode(record)
    digest = EncodedRecord.digest(of: payload, schema: schema)
    var bodies = record.contents.compactMap { content in
      content.unstoredBytes.map { (digest: content.sha256, bytes: $0) }
    }
    if payload.count > RunLedger.inlinePayloadLimit {
      let content = ContentDigest(bytes: SHA256.hash(data: payload))
      payloadContent = content
      bodies.append((content, payload))
    } else {
      payloadContent = nil
    }
    self.bodies = bodies
  }

  /// What a record's row says of its payload.
  static func digest(of payload: [UInt8], schema: String) -> String {
    var hash = SHA256()
    hash.update(data: Array("\(schema)\n".utf8))
    hash.update(data: payload)
    return ContentDigest(bytes: hash.finalize()).hexadecimal
  }
}
