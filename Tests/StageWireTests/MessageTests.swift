import ClinicalRecords
import StageWire
import Testing

@Suite("messages of the stage protocol as JSON")
struct MessageTests {
  private func read(_ text: String) throws -> Message { try Message(header: Array(text.utf8)) }

  private var whole: Message {
    let body = WireBody(.slot, offset: 64, bytes: 12)
    let digest = ContentDigest(bytes: [UInt8](repeating: 7, count: 32))
    let content = StoredContent(bytes: [1], sha256: digest, mediaType: "image/jpeg")
    return Message("result") {
      $0.protocols = [1, 2]
      $0.capabilities = []
      $0.protocol = 1
      $0.settings = .object([.init("depth", .number(0.5)), .init("none", .null)])
      $0.problems = [.init(setting: "depth", what: "too deep", hint: "less")]
      $0.study = body
      $0.heartbeat = 2.5
      $0.secrets = ["b": "YQ==", "a": "Yg=="]
      $0.credits = 1
      $0.delivery = "d1"
      $0.deadline = 3
      $0.key = WireKey(token: "00", version: 2)
      $0.record = WireRecord(
        schema: SchemaID("example.curl", 1, 0), identity: RecordIdentity("x:study/7"),
        label: .pseudonymised, payload: WireBody(.tail, offset: 0, bytes: 2),
        contents: [WireContent(content), WireContent(content, body: body)],
        frames: [.init(name: "rgb", type: .u8, shape: [2, 2, 3], body: body)])
      $0.outcome = .failed
      $0.failure = WireFailure(
        failureClass: "record", code: "no_image", subject: "a \"quoted\" line\n", hint: "é")
      $0.sha256 = digest
      $0.has = false
      $0.entry = .max
    }
  }

  @Test func `a message reads back as it was written`() throws {
    #expect(try Message(header: whole.header) == whole)
  }

  @Test func `its header is what other languages read`() throws {
    let message = Message("process") {
      $0.delivery = "d1"
      $0.attempt = 2
      $0.deadline = 1.5
      $0.record = WireRecord(
        schema: SchemaID("example.curl", 1, 0), payload: WireBody(.tail, offset: 0, bytes: 2))
    }
    #expect(
      String(decoding: message.header, as: UTF8.self)
        == #"{"type":"process","delivery":"d1","attempt":2,"deadline":1.5,"record":"#
        + #"{"schema":"example.curl/1.0","payload":{"in":"tail","offset":0,"bytes":2}}}"#)
  }

  // 1.5
  @Test func `members come in any order, and those that nobody knows are ignored`() throws {
    let message = try read(
      #"{"later":{"x":[1]},"credits":1,"has":null,"record":{"frames":null,"new":1,"payload":"#
        + #"{"bytes":2,"offset":0,"in":"tail","of":"me"},"schema":"a.b/1.0"},"type":"result"}"#)
    #expect(
      message
        == Message("result") {
          $0.credits = 1
          $0.record = WireRecord(
            schema: SchemaID("a.b", 1, 0), payload: WireBody(.tail, offset: 0, bytes: 2))
        })
  }

  @Test func `whole numbers may be written as other languages do`() throws {
    #expect(try read(#"{"type":"x","attempt":2.0,"heartbeat":5}"#).attempt == 2)
    #expect(try read(#"{"type":"x","attempt":2.0,"heartbeat":5}"#).heartbeat == 5)
  }

  @Test(arguments: [
    "[]", "1", "{}", #"{"type":1}"#, #"{"type":null}"#, #"{"type":"x","type":"y"}"#,
    #"{"type":"x","credits":"1"}"#, #"{"type":"x","credits":1.5}"#,
    #"{"type":"x","credits":99999999999999999999}"#, #"{"type":"x","has":1}"#,
    #"{"type":"x","protocols":[1,"2"]}"#, #"{"type":"x","secrets":{"a":1}}"#,
    #"{"type":"x","outcome":"well"}"#, #"{"type":"x","schema":"a"}"#,
    #"{"type":"x","sha256":"00"}"#, #"{"type":"x","body":{"in":"tail","offset":0}}"#,
    #"{"type":"x","body":{"in":"air","offset":0,"bytes":1}}"#, #"{"type":"x","record":[]}"#,
    #"{"type":"x","record":{"schema":"a.b/1.0"}}"#,
    #"{"type":"x","failure":{"class":"record","code":"c","subject":"s"}}"#,
  ])
  func `a header that is no message is refused`(text: String) {
    do {
      _ = try read(text)
      Issue.record("\(text) is no message")
    } catch { #expect((error as? WireError)?.code == .malformed) }
  }

  @Test func `what is wrong is told by the member's name and not by its value`() {
    do {
      _ = try read(#"{"type":"result","credits":"Maria"}"#)
      Issue.record("it is no message")
    } catch {
      #expect("\(error)" == "a header whose 'credits' is not what the protocol says")
    }
  }
}
