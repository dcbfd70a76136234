import ClinicalRecords
import Foundation
import Testing

@Suite("reading JSON")
struct JSONReaderTests {
  private func read(_ text: String) throws -> JSONValue { try JSONValue(parsing: Array(text.utf8)) }

  @Test func `an object keeps the order of its keys, and reads back as it is written`() throws {
    let value = try read(
      #" { "z" : [ 1 , -2.5 , 1e3, true,false , null ] , "a":{}, "é":"\"\\\/\b\f\n\r\t\u00e9\ud801\udc37" } "#
    )
    #expect(
      value
        == .object([
          .init(
            "z",
            .array([
              .integer(1), .number(-2.5), .integer(1000), .boolean(true), .boolean(false), .null,
            ])), .init("a", .object([])),
          .init("é", .string("\"\\/\u{8}\u{c}\n\r\té\u{10437}")),
        ]))
    #expect(try JSONValue(parsing: value.serialised()) == value)
  }

  @Test(arguments: [
    "0", "-0", "-0.0", "1.0", "1.5", "1E2", "1e+2", "100e-2", "0.1", "9007199254740993",
    "9223372036854775807", "-9223372036854775808", "9223372036854775808", "1e15", "1e16", "1e19",
    "999999999999999999", "9999999999999999999", "1e300", "5e-324",
    "123456789012345678901234567890",
  ])
  func `a number is the one that Foundation reads`(text: String) throws {
    func read<Number: Decodable>(_ type: Number.Type) -> [Number?] {
      let whole = { try RecordDecoder().decode(type, from: Array(text.utf8)) }
      let peer = { try JSONDecoder().decode(type, from: Data(text.utf8)) }
      return [whole, peer].map { read in do { return try read() } catch { return nil } }
    }
    let numbers = read(Double.self)
    #expect(numbers[0] != nil && numbers[0] == numbers[1])
    #expect(read(Int64.self)[0] == read(Int64.self)[1])
    #expect(read(UInt8.self)[0] == read(UInt8.self)[1])
  }

  private struct Sample: Codable, Equatable {
    struct Part: Codable, Equatable { let text: String }
    let count: Int
    let depth: Double?
    let names: [String: [Part]]
    let flag: Bool
    let later: Part?
  }

  @Test func `a value is decoded as it was encoded, whatever else stands there`() throws {
    let sample = Sample(
      count: 3, depth: 2, names: ["b": [], "a": [.init(text: "é"), .init(text: "")]], flag: true,
      later: nil)
    #expect(
      try RecordDecoder().decode(Sample.self, from: CanonicalJSONEncoder().encode(sample))
        == sample)
    let text = #"{"new":[1],"later":null,"flag":false,"names":{},"count":1.0}"#
    #expect(
      try RecordDecoder().decode(Sample.self, from: Array(text.utf8))
        == Sample(count: 1, depth: nil, names: [:], flag: false, later: nil))
  }

  @Test func `an object of many keys is decoded in a time that grows with it`() throws {
    let many = Dictionary(uniqueKeysWithValues: (0..<100_000).map { ("k\($0)", $0) })
    #expect(
      try RecordDecoder().decode([String: Int].self, from: CanonicalJSONEncoder().encode(many))
        == many)
  }

  @Test(arguments: [
    (#"{"count":1,"names":{},"flag":1}"#, "flag"),
    (#"{"count":1.5,"names":{},"flag":true}"#, "count"),
    (#"{"count":1,"names":{"a":[{"text":null}]},"flag":true}"#, "names.a.0.text"),
    (#"{"count":1,"names":{}}"#, "flag"), (#"{"count":1,"names":[],"flag":true}"#, "names"),
  ])
  func `an error says where`(text: String, place: String) {
    do {
      _ = try RecordDecoder().decode(Sample.self, from: Array(text.utf8))
      Issue.record("it is no sample")
    } catch let error as DecodingError {
      let path: [any CodingKey] =
        switch error {
        case .typeMismatch(_, let found), .valueNotFound(_, let found), .dataCorrupted(let found):
          found.codingPath
        case .keyNotFound(let key, let found): found.codingPath + [key]
        @unknown default: []
        }
      #expect(path.map(\.stringValue).joined(separator: ".") == place)
    } catch { Issue.record("\(error)") }
  }

  @Test(arguments: [
    "", " ", "{", "}", "[", "[1,]", "[1 2]", "[,1]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}",
    "{1:1}", "01", "-", "1.", ".5", "+1", "1e", "1e+", "1e999", "0x1", "nul", "True", "NaN",
    "Infinity", "\"", "\"\\\"", "\"\\x\"", "\"\\u12g4\"", "\"\\u12\"", "\"\\ud800\"",
    "\"\\ud800\\n\"", "\"\\udc00\"", "\"\\ud800\\u0041\"", "\"\n\"", "'a'", "1 2", "{} {}",
    #"{"a":1,"a":1}"#, #"{"a":1,"\u0061":2}"#, "\u{feff}{}",
  ])
  func `what is no document is refused`(text: String) {
    #expect(throws: DecodingError.self) { try read(text) }
  }

  @Test(arguments: [
    [0x22, 0xff, 0x22], [0x22, 0xc0, 0x80, 0x22], [0x22, 0xed, 0xa0, 0x80, 0x22],
  ])
  func `a text that is no UTF-8 is refused`(bytes: [UInt8]) {
    #expect(throws: DecodingError.self) { try JSONValue(parsing: bytes) }
  }

  @Test func `512 levels are read and one more is refused`() throws {
    func nested(_ levels: Int) -> String {
      String(repeating: "[", count: levels) + String(repeating: "]", count: levels)
    }
    #expect(try read(nested(512)).depth == 512)
    #expect(throws: DecodingError.self) { try read(nested(513)) }
    #expect(throws: DecodingError.self) { try read(String(repeating: "[", count: 100_000)) }
  }

  @Test func `every cut of a document is refused, and nothing of it is told`() throws {
    let text = #"{"name":"Maria","a":[1.5,true,null,"\u00e9"],"o":{"k":-1e-2}}"#
    for count in 0..<text.utf8.count {
      do {
        _ = try JSONValue(parsing: Array(text.utf8.prefix(count)))
        Issue.record("\(count) bytes are no document")
      } catch { #expect(!"\(error)".contains("Maria")) }
    }
  }
}
