import ClinicalRecords
import Testing

@Suite struct CanonicalJSONTests {
  // A dictionary's own order differs from process to process: two digests of one study made
  // finished work be done again.
  @Test func dictionariesAreWrittenInTheOrderOfTheirKeys() throws {
    let letters = (0..<26).map { String(UnicodeScalar(UInt8(97 + $0))) }
    let sites = Dictionary(uniqueKeysWithValues: letters.shuffled().map { ($0, $0.uppercased()) })
    let expected =
      "{" + letters.map { "\"\($0)\":\"\($0.uppercased())\"" }.joined(separator: ",") + "}"
    #expect(String(decoding: try CanonicalJSONEncoder().encode(sites), as: UTF8.self) == expected)
    var study = Study.open(id: "S")
    study.sites = sites
    let text = String(decoding: try CanonicalJSONEncoder().encode(study), as: UTF8.self)
    #expect(text.contains("\"sites\":" + expected))
  }

  @Test func keysOfATypeKeepTheirOrderAndAbsentOnesAreLeftOut() throws {
    struct Sample: Encodable {
      let zebra: Int
      let apple: String?
      let middle: [Double]
    }
    let sample = Sample(zebra: 1, apple: nil, middle: [1, 0.5, 1e-9, -0.0])
    #expect(
      String(decoding: try CanonicalJSONEncoder().encode(sample), as: UTF8.self)
        == #"{"zebra":1,"middle":[1,0.5,1e-09,0]}"#)
  }

  @Test(arguments: [Double.nan, .infinity, -.infinity])
  func numbersThatJSONCannotCarryAreRefused(number: Double) {
    let error = #expect(throws: RecordError.self) {
      try CanonicalJSONEncoder().encode(["depth": number])
    }
    #expect(error?.code == .notFinite)
    #expect(error?.subject == "depth")
  }
}
