import ClinicalRecords

// The control protocol, version 1: one JSON object a line each way, over a Unix socket.
//
//   {"anagen":1,"verb":"hello","with":{}}
//   {"anagen":1,"answer":{"process":4711,"verbs":["hello"]}}
//   {"anagen":1,"error":{"code":"unknown_verb","what":"…","hint":"…"}}
//
// What changes anything is announced by a line of its own before the answer; a client that has
// gone without it knows that nothing was changed.
//
//   {"anagen":1,"begun":true}

/// The bounds of the control protocol.
enum ControlLimits {
  /// The protocol's version.
  static let version = 1
  /// A request names records by number, 8 bytes each: 64 KiB are some 6,000 of them.
  static let requestBytes = 64 << 10
  /// An answer of 1000 stages with 2 KiB of figures each, and as much again.
  static let answerBytes = 4 << 20
  /// How long a client waits for the end of what was begun: a purge with contents reads every
  /// record, a million of them in some 20 s.
  static let afterBegun = Duration.seconds(60)
}

/// Why something asked of a run was not done; travels over the control socket as it is.
public struct ControlError: Error, Sendable, Codable, Equatable, CustomStringConvertible {
  /// What kind of failure; open, so that new kinds break nobody.
  public struct Code: Hashable, Sendable, Codable {
    /// The stable name.
    public let name: String
    /// Makes a code.
    public init(_ name: String) { self.name = name }
    /// Reads a name.
    public init(from decoder: any Decoder) throws {
      name = try decoder.singleValueContainer().decode(String.self)
    }
    /// Writes the name.
    public func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      try container.encode(name)
    }
    /// No run is alive on the data folder: the caller may take its lock.
    public static let noRun = Code("no_run")
    /// The run belongs to another user.
    public static let notOwner = Code("not_owner")
    /// The request or answer is not of this protocol.
    public static let badMessage = Code("bad_message")
    /// The other side speaks another version.
    public static let version = Code("version")
    /// The run knows no such verb.
    public static let unknownVerb = Code("unknown_verb")
    /// The run did not answer in time, and did nothing of what was asked.
    public static let noAnswer = Code("no_answer")
    /// The run began what was asked and did not say how it ended.
    public static let begun = Code("begun")
    /// Nobody waited for it any more, so it was not done.
    public static let notAwaited = Code("not_awaited")
    /// No stage of the run takes such an order, or more than one does.
    public static let noStage = Code("no_stage")
    /// The socket cannot be used.
    public static let io = Code("io")
    /// What was asked for failed.
    public static let failed = Code("failed")
  }

  /// What kind of failure.
  public let code: Code
  /// What failed.
  public let what: String
  /// What to do.
  public let hint: String

  /// Makes an error.
  public init(_ code: Code, what: String, hint: String) {
    self.code = code
    self.what = what
    self.hint = hint
  }

  /// What failed and what to do, on one line.
  public var description: String { "\(what); \(hint)" }
}

/// Arguments or an answer without members.
public struct ControlNothing: Sendable, Codable, Equatable {
  /// Makes one.
  public init() {}
}

/// Lines of the control protocol to and from values; pure.
enum ControlCoding {
  private struct Head: Decodable {
    let anagen: Int
    let verb: String
  }
  private struct Body<Arguments: Decodable>: Decodable {
    let with: Arguments
  }
  private struct AnswerHead: Decodable {
    let anagen: Int
    let error: ControlError?
  }
  private struct AnswerBody<Answer: Decodable>: Decodable {
    let answer: Answer
  }

  /// A request's line, without the line feed.
  static func request(_ verb: String, with arguments: some Encodable) throws -> [UInt8] {
    JSONValue.object([
      .init("anagen", .integer(Int64(ControlLimits.version))), .init("verb", .string(verb)),
      .init("with", try CanonicalJSONEncoder().document(arguments)),
    ]).serialised()
  }

  /// The line that announces a change, without the line feed.
  static let begun = JSONValue.object([
    .init("anagen", .integer(Int64(ControlLimits.version))), .init("begun", .boolean(true)),
  ]).serialised()

  /// An answer's line, without the line feed.
  static func answer(_ answer: some Encodable) throws -> [UInt8] {
    try line("answer", answer)
  }

  /// A failure's line, without the line feed.
  static func failure(_ error: ControlError) -> [UInt8] {
    do {
      return try line("error", error)
    } catch {
      preconditionFailure("three texts can always be encoded: \(error)")
    }
  }

  /// The verb of a request.
  ///
  /// - Throws: ``ControlError``: `badMessage` or `version`.
  static func verb(of line: [UInt8]) throws(ControlError) -> String {
    let head: Head
    do {
      head = try RecordDecoder().decode(Head.self, from: line)
    } catch {
      throw ControlError(
        .badMessage, what: "the request is not an object with the keys anagen and verb",
        hint: #"send {"anagen":1,"verb":"hello","with":{}} and a line feed"#)
    }
    try check(head.anagen)
    return head.verb
  }

  /// The arguments of a request.
  static func arguments<Arguments: Decodable>(
    _ type: Arguments.Type, of line: [UInt8], verb: String
  ) throws(ControlError) -> Arguments {
    do {
      return try RecordDecoder().decode(Body<Arguments>.self, from: line).with
    } catch {
      // The decoder's own words may quote what was sent.
      throw ControlError(
        .badMessage, what: "the verb '\(verb)' cannot read its arguments",
        hint: "use the version of anagen that the run was started with")
    }
  }

  /// What a line answers.
  static func value<Answer: Decodable>(_ type: Answer.Type, of line: [UInt8]) throws -> Answer {
    let head: AnswerHead
    do {
      head = try RecordDecoder().decode(AnswerHead.self, from: line)
      if head.error == nil, head.anagen == ControlLimits.version {
        return try RecordDecoder().decode(AnswerBody<Answer>.self, from: line).answer
      }
    } catch {
      throw ControlError(
        .badMessage, what: "the run's answer cannot be read",
        hint: "use the version of anagen that the run was started with")
    }
    if let error = head.error { throw error }
    try check(head.anagen)
    preconditionFailure("an answer of this version is a value or an error")
  }

  private static func check(_ version: Int) throws(ControlError) {
    guard version == ControlLimits.version else {
      throw ControlError(
        .version, what: "version \(version) of the control protocol is not spoken here",
        hint: "use the version of anagen that the run was started with")
    }
  }

  private static func line(_ key: String, _ value: some Encodable) throws -> [UInt8] {
    JSONValue.object([
      .init("anagen", .integer(Int64(ControlLimits.version))),
      .init(key, try CanonicalJSONEncoder().document(value)),
    ]).serialised()
  }
}
