import Phantom
import Testing

@Suite struct RetakeTests {
  @Test func `a retake shows the same hairs elsewhere in the picture`() throws {
    let conditions = CaptureConditions()
    let scene = try ScalpScene(ScalpDescription(), patch: conditions.patch(reach: 1500), seed: 8)
    let again = conditions.retaken(2)
    let first = try scene.photographed(under: conditions).truth
    let second = try scene.photographed(under: again).truth
    let moved = Dictionary(uniqueKeysWithValues: second.hairs.map { ($0.id, $0) })
    let pairs = first.hairs.compactMap { old in moved[old.id].map { (old, $0) } }
    #expect(pairs.count >= first.hairs.count * 8 / 10)
    for (old, new) in pairs {
      #expect(old.diameterMicrometres == new.diameterMicrometres)
      #expect(old.lengthMicrometres == new.lengthMicrometres)
      #expect(old.root != new.root)
    }
    // The two views differ by shift and turn alone: distances between roots stay.
    for ((old, new), (other, moved)) in zip(pairs, pairs.dropFirst()) {
      let before = old.root - other.root
      let after = new.root - moved.root
      let lengths = [before, after].map { ($0.x * $0.x + $0.y * $0.y).squareRoot() }
      #expect(abs(lengths[0] - lengths[1]) < 0.05)
    }
  }

  @Test func `a retake stays within a quarter of a millimetre and four degrees`() {
    let conditions = CaptureConditions()
    for number in 1...200 {
      let again = conditions.retaken(number)
      #expect(again.shift.allSatisfy { abs($0) <= 250 })
      #expect(abs(again.rotation) <= 4)
      #expect(again.seed != conditions.seed)
      #expect(throws: Never.self) { try again.validate() }
    }
  }

  @Test func `the field of every retake lies on the patch grown for it`() throws {
    let conditions = TestScenes.small
    let scene = try ScalpScene(ScalpDescription(), patch: conditions.patch(reach: 0), seed: 8)
    for number in 1...20 { _ = try scene.photographed(under: conditions.retaken(number)) }
  }
}
