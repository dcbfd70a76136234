import ClinicalRecords
import Imaging
import Reports
import Testing

@Suite struct MeasurementOverlayTests {
  private let picture = InterleavedImage<UInt8>(
    channels: 1, samples: Plane(width: 200, height: 160, repeating: 128))

  @Test("a hair has its class's colour along its line, and its root a white dot")
  func colours() {
    let drawn = MeasurementOverlay().draw(measurement(2, key: nil), on: picture)
    #expect(drawn.channels == 3 && drawn.width == 200 && drawn.height == 160)
    // Hair 0 is vellus in row 10, hair 1 terminal in row 14.
    #expect(colour(drawn, 65, 10) == MeasurementOverlay.colour(of: .vellus))
    #expect(colour(drawn, 65, 14) == MeasurementOverlay.colour(of: .terminal))
    #expect(colour(drawn, 40, 14) == MeasurementOverlay.Colour(255, 255, 255))
    #expect(colour(drawn, 120, 60) == MeasurementOverlay.Colour(128, 128, 128))
  }

  @Test("on a picture of another size the hair is where it is on the skin")
  func scaled() {
    let threefold = InterleavedImage<UInt8>(
      channels: 1, samples: Plane(width: 600, height: 480, repeating: 128))
    let drawn = MeasurementOverlay().draw(measurement(2, key: nil), on: threefold)
    // The centre of row 14 is that of row 43 of the larger picture.
    #expect(colour(drawn, 195, 43) == MeasurementOverlay.colour(of: .terminal))
    #expect(colour(drawn, 195, 14) == MeasurementOverlay.Colour(128, 128, 128))
  }

  @Test("the scale bar is as long as it says")
  func scaleBar() {
    // A quarter of 10 mm is 2.5 mm: the bar is 2 mm, 40 pixels.
    let drawn = MeasurementOverlay().draw(measurement(0, key: nil), on: picture)
    let longest = (0..<160).map { y in
      var run = 0
      var best = 0
      for x in 0..<60 {
        run = colour(drawn, x, y) == MeasurementOverlay.Colour(255, 255, 255) ? run + 1 : 0
        best = max(best, run)
      }
      return best
    }.max()
    #expect(longest == 40)
  }

  @Test("classes are told apart by brightness too")
  func greyPrint() {
    let brightness = Hair.Class.allCases.map { name -> Double in
      let colour = MeasurementOverlay.colour(of: name)
      return 0.299 * Double(colour.red) + 0.587 * Double(colour.green) + 0.114 * Double(colour.blue)
    }.sorted()
    #expect(zip(brightness, brightness.dropFirst()).allSatisfy { $1 - $0 >= 8 })
  }

  @Test("coordinates far outside the picture, or none at all, harm nothing")
  func outside() {
    let hair = Hair(
      id: 0, centreline: [[-1e12, 4], [1e12, 9], [.nan, 3], [7]], root: [], tip: [],
      rootCertainty: 1, diameter: nil, length: 1, class: .unresolved, follicularUnit: nil,
      counted: true, confidence: 1, flags: [])
    let base = measurement(0, key: nil)
    let hostile = HairMeasurement(
      image: base.image, acquisition: nil, scale: base.scale, measuredArea: base.measuredArea,
      cutOffs: CutOffs(), summary: base.summary, hairs: [hair], quality: base.quality,
      provenance: base.provenance)
    #expect(MeasurementOverlay().draw(hostile, on: picture).width == 200)
  }

  @Test("the picture that was given stays as it was")
  func copy() {
    let colourPicture = InterleavedImage<UInt8>(
      channels: 3, samples: Plane(width: 600, height: 160, repeating: 90))
    _ = MeasurementOverlay().draw(measurement(9, key: nil), on: colourPicture)
    let unchanged = colourPicture.samples.withUnsafeSamples { $0.allSatisfy { $0 == 90 } }
    #expect(unchanged)
  }

  private func colour(
    _ image: InterleavedImage<UInt8>, _ x: Int, _ y: Int
  ) -> MeasurementOverlay.Colour {
    MeasurementOverlay.Colour(
      image.samples[x * 3, y], image.samples[x * 3 + 1, y], image.samples[x * 3 + 2, y])
  }
}
