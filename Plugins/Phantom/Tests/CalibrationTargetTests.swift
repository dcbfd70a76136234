import Imaging
import Phantom
import Testing

@Suite struct CalibrationTargetTests {
  @Test func `dots lie at their pitch and darkest at the centres that are told`() throws {
    var conditions = TestScenes.evenLight
    conditions.width = 640
    conditions.height = 480
    conditions.rotation = 3
    let (picture, dots) = try CalibrationTarget.dotGrid().photographed(under: conditions)
    #expect(dots.count > 20)
    for (first, second) in zip(dots, dots.dropFirst()) {
      let away = second - first
      let distance = (away.x * away.x + away.y * away.y).squareRoot()
      if distance < 150 { #expect(abs(distance - 100) < 1e-6) }
    }
    for dot in dots {
      let (x, y) = (Int(dot.x.rounded()), Int(dot.y.rounded()))
      #expect(picture.image.samples[3 * x + 1, y] < 80)
    }
  }

  @Test func `an even plate shows the fall of light alone`() throws {
    var conditions = TestScenes.evenLight
    conditions.width = 320
    conditions.height = 240
    conditions.vignette = 0.3
    let picture = try CalibrationTarget.flatField.photographed(under: conditions).picture
    let light = TestScenes.linear(picture.image, channel: 1)
    let corner = (light[0, 0] + light[319, 0] + light[0, 239] + light[319, 239]) / 4
    #expect(abs(corner / light[160, 120] - 0.7) < 0.02)
  }

  @Test func `dots that the pixels cannot hold are refused`() {
    #expect(throws: PhantomError.self) {
      _ = try CalibrationTarget.dotGrid(pitch: 10, dotDiameter: 5)
        .photographed(under: TestScenes.small)
    }
  }
}
