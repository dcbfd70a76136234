public import ClinicalRecords

/// Where the bytes of a body lie (docs/stage-protocol.md §2).
public struct WireBody: Sendable, Equatable {
  /// What holds it.
  public enum Place: String, Sendable {
    /// The tail of the same packet.
    case tail
    /// The slot of the sender.
    case slot
    /// The file that came with the packet.
    case descriptor
  }
  /// What holds it.
  public let place: Place
  /// Where it begins.
  public let offset: Int
  /// How long it is.
  public let bytes: Int

  /// Makes a reference.
  public init(_ place: Place, offset: Int, bytes: Int) {
    self.place = place
    self.offset = offset
    self.bytes = bytes
  }

  /// The part of a whole of `count` bytes.
  ///
  /// - Throws: ``WireError`` when it does not lie within (2.5).
  public func range(within count: Int) throws -> Range<Int> {
    guard offset >= 0, bytes >= 0, offset <= count, bytes <= count - offset else {
      throw WireError(.malformed, "a body of \(bytes) bytes at \(offset) within \(count)")
    }
    return offset..<(offset + bytes)
  }
}

/// A content of a record, with its bytes when they go with it.
public struct WireContent: Sendable, Equatable {
  /// The SHA-256 of the bytes.
  public let sha256: ContentDigest
  /// How many bytes.
  public let byteCount: Int
  /// The media type.
  public let mediaType: String
  /// The bytes, where the receiver does not have them.
  public let body: WireBody?

  /// Describes a content.
  public init(_ content: StoredContent, body: WireBody? = nil) {
    sha256 = content.sha256
    byteCount = content.byteCount
    mediaType = content.mediaType
    self.body = body
  }
}

/// A record on its way (docs/stage-protocol.md §3).
public struct WireRecord: Sendable, Equatable {
  /// A plane or an interleaved picture.
  public struct Frame: Sendable, Equatable {
    /// What a sample is.
    public enum Sample: String, Sendable {
      /// A byte.
      case u8
      /// A 32-bit IEEE 754 number.
      case f32
      /// How many bytes a sample takes.
      public var bytes: Int { self == .u8 ? 1 : 4 }
    }
    /// Which frame of the record.
    public let name: String
    /// What a sample is.
    public let type: Sample
    /// Rows, columns, and channels where there are several.
    public let shape: [Int]
    /// The samples.
    public let body: WireBody

    /// Makes a frame.
    public init(name: String, type: Sample, shape: [Int], body: WireBody) {
      (self.name, self.type, self.shape, self.body) = (name, type, shape, body)
    }

    /// The bytes that the shape says; `nil` for a shape that is none.
    public var byteCount: Int? {
      guard (2...3).contains(shape.count), shape.allSatisfy({ (1...1_000_000).contains($0) }) else {
        return nil
      }
      return shape.reduce(type.bytes) { product, side in
        product > (1 << 40) ? product : product * side
      }
    }
  }

  /// The schema.
  public let schema: SchemaID
  /// The identity; the host's alone to say.
  public var identity: RecordIdentity?
  /// The label; the host's alone to say.
  public var label: PrivacyLabel?
  /// The record's JSON.
  public let payload: WireBody
  /// What the child may ask for, and what it made.
  public var contents: [WireContent]?
  /// The samples of a frame record.
  public var frames: [Frame]?

  /// Makes a record on its way.
  public init(
    schema: SchemaID, identity: RecordIdentity? = nil, label: PrivacyLabel? = nil,
    payload: WireBody, contents: [WireContent]? = nil, frames: [Frame]? = nil
  ) {
    self.schema = schema
    self.identity = identity
    self.label = label
    self.payload = payload
    self.contents = contents
    self.frames = frames
  }
}

/// Which version of an effect a sink is given, and under which token (5.6).
public struct WireKey: Sendable, Equatable {
  /// What the destination keeps.
  public let token: String
  /// Which version of the record's identity it is.
  public let version: Int
  /// Makes a key.
  public init(token: String, version: Int) {
    self.token = token
    self.version = version
  }
}

/// A failure on its way (4.8).
public struct WireFailure: Sendable, Equatable, Error {
  /// `record`, `transient`, `unavailable` or `fatal`.
  public let failureClass: String
  /// The stable word.
  public let code: String
  /// What failed.
  public let subject: String
  /// What to do.
  public let hint: String

  /// Makes a failure.
  public init(failureClass: String, code: String, subject: String, hint: String) {
    self.failureClass = failureClass
    self.code = code
    self.subject = subject
    self.hint = hint
  }
}

/// A message: its type and what belongs to it, in one object.
///
/// One type for both directions: each member stands in the protocol under the messages that carry
/// it, and who reads one that lacks what it needs says so.
public struct Message: Sendable, Equatable {
  /// What it is (docs/stage-protocol.md §4 to §6).
  public var type: String
  /// `hello`: the protocols offered.
  public var protocols: [Int]?
  /// `hello`: who the host is.
  public var host: String?
  /// `hello`: what the host can beside the protocol.
  public var capabilities: [String]?
  /// `hello`, answered: the protocol chosen.
  public var `protocol`: Int?
  /// `hello`, answered: the plugin.
  public var name: String?
  /// `hello`, answered: its version.
  public var version: String?
  /// `hello`, answered: what the child cannot do without.
  public var requires: [String]?
  /// `hello`, answered: which manifest it was made with.
  public var manifestSHA256: String?
  /// `manifest`, answered: its text.
  public var text: WireBody?
  /// `configure`, `open`: the stage type, and the stage's name.
  public var stage: String?
  /// `configure`: the settings.
  public var settings: JSONValue?
  /// `configured`: what is wrong with them.
  public var problems: [Problem]?
  /// `open`: the study.
  public var study: WireBody?
  /// `open`: how large a slot is.
  public var slotBytes: Int?
  /// `open`: how many seconds lie between signs of life at most.
  public var heartbeat: Double?
  /// `open`: a folder of the child's own.
  public var scratch: String?
  /// `open`: the secrets that settings name, in base64.
  public var secrets: [String: String]?
  /// `opened`, `result`, `progress`: how many deliveries the child takes now.
  public var credits: Int?
  /// `opened`: the destination's own id, for sinks.
  public var destination: String?
  /// `process`, `result`, `cancel`: which delivery.
  public var delivery: String?
  /// `process`, `result`, `cancel`: which attempt of it.
  public var attempt: Int?
  /// `process`: how many seconds are left for it.
  public var deadline: Double?
  /// `process`, `query`: the key of the effect.
  public var key: WireKey?
  /// `process`, `result`, `answer`: a record.
  public var record: WireRecord?
  /// `result`: how it ended.
  public var outcome: Outcome?
  /// `failed`, `result`: what went wrong.
  public var failure: WireFailure?
  /// `failed`, `result`: what was found in a picture, for a person to look at; `ask`: about what.
  public var finding: JSONValue?
  /// `drain`: for sinks, what stands and what was set aside.
  public var account: WireBody?
  /// `ask`: what for.
  public var what: String?
  /// `configure`: what the stage makes; `ask`: which schema.
  public var schema: SchemaID?
  /// `ask`: which identity.
  public var identity: RecordIdentity?
  /// `ask`: which content.
  public var sha256: ContentDigest?
  /// `answer`: a content.
  public var body: WireBody?
  /// `answer`: the time.
  public var seconds: Double?
  /// `answer`: whether the destination has a key.
  public var has: Bool?
  /// `answer`: the audit entry of an approval.
  public var entry: Int64?
  /// `tell`: how much a line matters.
  public var level: String?
  /// `tell`: the line.
  public var message: String?
  /// `tell`: its values.
  public var values: [String: String]?

  /// How a delivery ended.
  public enum Outcome: String, Sendable {
    /// With a result, if the stage makes one.
    case done
    /// With a failure.
    case failed
    /// Because it was asked to stop.
    case cancelled
  }

  /// Something wrong with a setting.
  public struct Problem: Sendable, Equatable {
    /// Which; empty when it is about all.
    public let setting: String
    /// What is wrong.
    public let what: String
    /// What to do.
    public let hint: String
    /// Makes a problem.
    public init(setting: String, what: String, hint: String) {
      (self.setting, self.what, self.hint) = (setting, what, hint)
    }
  }

  /// Makes a message without members.
  public init(_ type: String) { self.type = type }

  /// Makes a message and sets its members.
  public init(_ type: String, _ fill: (inout Message) -> Void) {
    self.type = type
    fill(&self)
  }
}
