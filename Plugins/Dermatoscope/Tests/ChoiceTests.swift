import Dermatoscope
import Imaging
import Testing

@Suite("the best frame around a press") struct ChoiceTests {
  /// Strokes whose edges take `blur` pixels, moved by some pixels.
  static func score(blur: Double, shift: Int = 0, light: Double = 1) -> FrameScore {
    let plane = Plane<UInt8>(width: 320, height: 240) { target in
      for row in 0..<240 {
        for column in 0..<320 {
          let distance = Double(abs((column + shift + row / 3) % 40 - 20))
          let shade = max(0, min(1, (distance - 3) / blur + 0.5))
          target[row * 320 + column] = UInt8(max(0, min(255, light * (50 + 120 * shade))))
        }
      }
    }
    return FrameScore(plane)
  }

  private func best(_ scores: [FrameScore?]) -> Int? {
    var choice = FrameChoice(
      press: 10, ring: scores.indices.map { ($0, 9.9 + Double($0) * 0.03) })
    choice.score { scores[$0] }
    return choice.ranked().first.map { choice.candidates[$0].frame }
  }

  @Test func `is the sharpest of those that are still`() {
    #expect(best([8, 6, 4, 6, 9].map { Self.score(blur: $0) }) == 2)
  }

  @Test func `is as sharp in weak light as in strong`() {
    let strong = Self.score(blur: 2).sharpness
    let weak = Self.score(blur: 2, light: 0.6).sharpness
    #expect(abs(weak - strong) < 0.03 * strong)
  }

  @Test func `is none in which the probe moved, however sharp`() {
    let moving = [
      Self.score(blur: 3), Self.score(blur: 1, shift: 12), Self.score(blur: 1, shift: 24),
      Self.score(blur: 3, shift: 24), Self.score(blur: 3, shift: 24),
    ]
    #expect([0, 3, 4].contains(best(moving)))
  }

  @Test func `is none that is over-exposed while there is another`() {
    let scores = [Self.score(blur: 3), Self.score(blur: 1, light: 1.6), Self.score(blur: 3)]
    #expect([0, 2].contains(best(scores)))
    #expect(best([Self.score(blur: 1, light: 1.6)]) == 0)
  }

  @Test func `is none that cannot be decoded`() {
    #expect(best([nil, Self.score(blur: 4), nil]) == 1)
    #expect(best([nil, nil]) == nil)
  }

  @Test func `comes from half a second before to 0.3 s after`() {
    var choice = FrameChoice(press: 10, ring: [(0, 9.4), (1, 9.5), (2, 10)])
    #expect(choice.candidates.map(\.frame) == [1, 2])
    let taken = [10.2, 10.3, 10.31].map { choice.takes($0) }
    #expect(taken == [true, true, false])
    choice.add(3, at: 10.2)
    #expect(choice.candidates.map(\.frame) == [1, 2, 3])
  }
}
