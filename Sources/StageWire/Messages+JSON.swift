import ClinicalRecords

// Written by hand, since each message of a record passes here twice: what the compiler makes for
// Foundation's coders took some 50 us of each.

extension Message {
  /// Reads a header; members that the protocol does not know are ignored, and `null` is absent.
  ///
  /// - Throws: ``WireError`` for what is no message; it names a member, and no value.
  public init(header: [UInt8]) throws {
    let document: JSONValue
    do { document = try JSONValue(parsing: header) } catch {
      throw WireError(.malformed, "a header that is no JSON")
    }
    guard case .object(let members) = document, case .string(let type) = document["type"] else {
      throw WireError(.malformed, "a header that is no object with a 'type'")
    }
    self.init(type)
    for member in members where member.value != .null {
      do { try set(member.key, to: member.value) } catch {
        throw WireError(.malformed, "a header whose '\(member.key)' is not what the protocol says")
      }
    }
  }

  private mutating func set(_ name: String, to value: JSONValue) throws {
    switch name {
    case "protocols": try value.put(into: &protocols)
    case "host": try value.put(into: &host)
    case "capabilities": try value.put(into: &capabilities)
    case "protocol": try value.put(into: &`protocol`)
    case "name": try value.put(into: &self.name)
    case "version": try value.put(into: &version)
    case "requires": try value.put(into: &requires)
    case "manifestSHA256": try value.put(into: &manifestSHA256)
    case "text": try value.put(into: &text)
    case "stage": try value.put(into: &stage)
    case "settings": try value.put(into: &settings)
    case "problems": try value.put(into: &problems)
    case "study": try value.put(into: &study)
    case "slotBytes": try value.put(into: &slotBytes)
    case "heartbeat": try value.put(into: &heartbeat)
    case "scratch": try value.put(into: &scratch)
    case "secrets": try value.put(into: &secrets)
    case "destination": try value.put(into: &destination)
    case "delivery": try value.put(into: &delivery)
    case "attempt": try value.put(into: &attempt)
    case "deadline": try value.put(into: &deadline)
    case "key": try value.put(into: &key)
    case "record": try value.put(into: &record)
    case "outcome": try value.put(into: &outcome)
    case "failure": try value.put(into: &failure)
    case "finding": try value.put(into: &finding)
    case "account": try value.put(into: &account)
    case "what": try value.put(into: &what)
    case "schema": try value.put(into: &schema)
    case "identity": try value.put(into: &identity)
    case "sha256": try value.put(into: &sha256)
    case "body": try value.put(into: &body)
    case "seconds": try value.put(into: &seconds)
    case "has": try value.put(into: &has)
    case "entry": try value.put(into: &entry)
    case "level": try value.put(into: &level)
    case "message": try value.put(into: &message)
    case "values": try value.put(into: &values)
    case "credits": try value.put(into: &credits)
    default: break
    }
  }

  /// The message as JSON.
  public var header: [UInt8] {
    var json: [UInt8] = []
    json.reserveCapacity(512)
    json.object {
      $0.member("type", type)
      $0.member("protocols", protocols)
      $0.member("host", host)
      $0.member("capabilities", capabilities)
      $0.member("protocol", `protocol`)
      $0.member("name", name)
      $0.member("version", version)
      $0.member("requires", requires)
      $0.member("manifestSHA256", manifestSHA256)
      $0.member("text", text)
      $0.member("stage", stage)
      $0.member("settings", settings)
      $0.member("problems", problems)
      $0.member("study", study)
      $0.member("slotBytes", slotBytes)
      $0.member("heartbeat", heartbeat)
      $0.member("scratch", scratch)
      $0.member("secrets", secrets)
      $0.member("destination", destination)
      $0.member("delivery", delivery)
      $0.member("attempt", attempt)
      $0.member("deadline", deadline)
      $0.member("key", key)
      $0.member("record", record)
      $0.member("outcome", outcome)
      $0.member("failure", failure)
      $0.member("finding", finding)
      $0.member("account", account)
      $0.member("what", what)
      $0.member("schema", schema)
      $0.member("identity", identity)
      $0.member("sha256", sha256)
      $0.member("body", body)
      $0.member("seconds", seconds)
      $0.member("has", has)
      $0.member("entry", entry)
      $0.member("level", level)
      $0.member("message", message)
      $0.member("values", values)
      $0.member("credits", credits)
    }
    return json
  }
}

extension WireBody: WireValue {
  init(wire: JSONValue) throws {
    self.init(
      try wire.needed("in"), offset: try wire.needed("offset"), bytes: try wire.needed("bytes"))
  }
  func write(to json: inout [UInt8]) {
    json.object {
      $0.member("in", place)
      $0.member("offset", offset)
      $0.member("bytes", bytes)
    }
  }
}

extension WireContent: WireValue {
  init(wire: JSONValue) throws {
    sha256 = try wire.needed("sha256")
    byteCount = try wire.needed("byteCount")
    mediaType = try wire.needed("mediaType")
    body = try wire.optional("body")
  }
  func write(to json: inout [UInt8]) {
    json.object {
      $0.member("sha256", sha256)
      $0.member("byteCount", byteCount)
      $0.member("mediaType", mediaType)
      $0.member("body", body)
    }
  }
}

extension WireRecord.Frame: WireValue {
  init(wire: JSONValue) throws {
    self.init(
      name: try wire.needed("name"), type: try wire.needed("type"),
      shape: try wire.needed("shape"), body: try wire.needed("body"))
  }
  func write(to json: inout [UInt8]) {
    json.object {
      $0.member("name", name)
      $0.member("type", type)
      $0.member("shape", shape)
      $0.member("body", body)
    }
  }
}

extension WireRecord: WireValue {
  init(wire: JSONValue) throws {
    self.init(
      schema: try wire.needed("schema"), identity: try wire.optional("identity"),
      label: try wire.optional("label"), payload: try wire.needed("payload"),
      contents: try wire.optional("contents"), frames: try wire.optional("frames"))
  }
  func write(to json: inout [UInt8]) {
    json.object {
      $0.member("schema", schema)
      $0.member("identity", identity)
      $0.member("label", label)
      $0.member("payload", payload)
      $0.member("contents", contents)
      $0.member("frames", frames)
    }
  }
}

extension WireKey: WireValue {
  init(wire: JSONValue) throws {
    self.init(token: try wire.needed("token"), version: try wire.needed("version"))
  }
  func write(to json: inout [UInt8]) {
    json.object {
      $0.member("token", token)
      $0.member("version", version)
    }
  }
}

extension WireFailure: WireValue {
  init(wire: JSONValue) throws {
    self.init(
      failureClass: try wire.needed("class"), code: try wire.needed("code"),
      subject: try wire.needed("subject"), hint: try wire.needed("hint"))
  }
  func write(to json: inout [UInt8]) {
    json.object {
      $0.member("class", failureClass)
      $0.member("code", code)
      $0.member("subject", subject)
      $0.member("hint", hint)
    }
  }
}

extension Message.Problem: WireValue {
  init(wire: JSONValue) throws {
    self.init(
      setting: try wire.needed("setting"), what: try wire.needed("what"),
      hint: try wire.needed("hint"))
  }
  func write(to json: inout [UInt8]) {
    json.object {
      $0.member("setting", setting)
      $0.member("what", what)
      $0.member("hint", hint)
    }
  }
}
