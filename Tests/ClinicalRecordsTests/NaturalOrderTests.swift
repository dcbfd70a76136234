import ClinicalRecords
import Testing

@Suite struct NaturalOrderTests {
  @Test("subjects stand in the order in which people count")
  func order() {
    let ordered = ["", "01-001", "01-002", "1-10", "P", "P01", "P1", "P1b", "P2", "P10", "Pa"]
    #expect(ordered.reversed().sorted(by: NaturalOrder.precedes) == ordered)
    for (index, text) in ordered.enumerated() {
      for other in ordered[index...] { #expect(!NaturalOrder.precedes(other, text)) }
    }
  }
}
