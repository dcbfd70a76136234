import Imaging
import Phantom
import Testing

@Suite struct BurnedInOverlayTests {
  private func pictures(
    _ overlay: BurnedInOverlay
  ) throws -> (plain: PhantomPicture, marked: PhantomPicture) {
    var conditions = CaptureConditions()
    conditions.width = 640
    conditions.height = 480
    let scene = try ScalpScene(ScalpDescription(), patch: conditions.patch(reach: 1500), seed: 5)
    let plain = try scene.photographed(under: conditions)
    conditions.overlay = overlay
    return (plain, try scene.photographed(under: conditions))
  }

  private func changed(_ first: PhantomPicture, _ second: PhantomPicture) -> [(x: Int, y: Int)] {
    (0..<first.image.height).flatMap { y in
      (0..<first.image.width).compactMap { x in
        (0..<3).contains {
          first.image.samples[3 * x + $0, y] != second.image.samples[3 * x + $0, y]
        }
          ? (x, y) : nil
      }
    }
  }

  @Test func `a strip and a bar change only the boxes that the truth names`() throws {
    var overlay = BurnedInOverlay()
    overlay.header = ["01-001", "2026/01/05 09:32:29", "not calibrated"]
    overlay.scaleBarMillimetres = 1
    let (plain, marked) = try pictures(overlay)
    #expect(marked.truth.overlayBoxes.count == 4)
    #expect(marked.truth.hairs == plain.truth.hairs)
    let pixels = changed(plain, marked)
    #expect(pixels.count > 1000)
    for pixel in pixels {
      let covered = marked.truth.overlayBoxes.contains {
        pixel.x >= $0[0] && pixel.y >= $0[1] && pixel.x <= $0[2] && pixel.y <= $0[3]
      }
      #expect(covered, "(\(pixel.x), \(pixel.y))")
    }
  }

  @Test func `the bar is as long as it says`() throws {
    var overlay = BurnedInOverlay()
    overlay.scaleBarMillimetres = 1
    let (plain, marked) = try pictures(overlay)
    let columns = Set(changed(plain, marked).map(\.x))
    let first = try #require(columns.min())
    let last = try #require(columns.max())
    #expect(last - first + 1 == 200)
  }

  @Test func `the circle has its radius`() throws {
    var overlay = BurnedInOverlay()
    overlay.circleMillimetres = 1
    let (plain, marked) = try pictures(overlay)
    let pixels = changed(plain, marked)
    #expect(!pixels.isEmpty)
    for pixel in pixels {
      let x = Double(pixel.x) - 320
      let y = Double(pixel.y) - 240
      #expect(abs((x * x + y * y).squareRoot() - 200) < 2)
    }
  }

  @Test func `no overlay leaves the picture alone`() throws {
    let (plain, marked) = try pictures(BurnedInOverlay())
    #expect(changed(plain, marked).isEmpty)
    #expect(marked.truth.overlayBoxes.isEmpty)
  }
}
