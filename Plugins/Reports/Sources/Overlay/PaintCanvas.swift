import Imaging

/// A place on a canvas in pixels; the origin is the centre of the top-left pixel.
struct PaintPoint {
  var x: Double
  var y: Double
}

/// A picture in colour that lines and dots are painted on, anti-aliased.
///
/// Coverage falls from 1 to 0 over one pixel at a shape's border. A line's segments are gathered
/// before they are blended, so that a translucent line has no darker joints.
struct PaintCanvas {
  private(set) var image: InterleavedImage<UInt8>

  /// Copies a picture; grey becomes colour.
  init(_ picture: InterleavedImage<UInt8>) {
    if picture.channels == 3 {
      image = picture
      return
    }
    image = InterleavedImage(width: picture.width, height: picture.height, channels: 3) { target in
      picture.samples.withUnsafeSamples { source in
        for index in source.indices {
          for channel in 0..<3 { target[index * 3 + channel] = source[index] }
        }
      }
    }
  }

  /// A point moved inside the picture by a margin.
  func inside(_ point: PaintPoint, margin: Double) -> PaintPoint {
    PaintPoint(
      x: min(max(point.x, margin), Double(image.width - 1) - margin),
      y: min(max(point.y, margin), Double(image.height - 1) - margin))
  }

  /// Paints a line through points with round ends and joints.
  mutating func stroke(
    _ points: [PaintPoint], width: Double, _ colour: MeasurementOverlay.Colour, opacity: Double
  ) {
    guard points.count > 1 else { return }
    let half = width / 2
    guard let box = box(around: points, margin: half + 1) else { return }
    var coverage = [Float](repeating: 0, count: box.width * box.height)
    for (start, end) in zip(points, points.dropFirst()) {
      guard let part = self.box(around: [start, end], margin: half + 1) else { continue }
      for y in part.top..<(part.top + part.height) {
        for x in part.left..<(part.left + part.width) {
          let distance = PaintCanvas.distance(from: Double(x), Double(y), start, end)
          let cover = Float(min(max(half + 0.5 - distance, 0), 1))
          let index = (y - box.top) * box.width + (x - box.left)
          coverage[index] = max(coverage[index], cover)
        }
      }
    }
    blend(coverage, in: box, colour, opacity: Float(opacity))
  }

  /// Paints a filled circle.
  mutating func dot(
    _ centre: PaintPoint, radius: Double, _ colour: MeasurementOverlay.Colour, opacity: Double
  ) {
    guard let box = box(around: [centre], margin: radius + 1) else { return }
    var coverage = [Float](repeating: 0, count: box.width * box.height)
    for row in 0..<box.height {
      for column in 0..<box.width {
        let across = Double(box.left + column) - centre.x
        let down = Double(box.top + row) - centre.y
        let distance = (across * across + down * down).squareRoot()
        coverage[row * box.width + column] = Float(min(max(radius + 0.5 - distance, 0), 1))
      }
    }
    blend(coverage, in: box, colour, opacity: Float(opacity))
  }

  /// Paints a filled rectangle of whole pixels; what lies outside the picture is left out.
  mutating func fill(
    left: Int, top: Int, width: Int, height: Int, _ colour: MeasurementOverlay.Colour,
    opacity: Double
  ) {
    let box = Box(
      left: max(left, 0), top: max(top, 0),
      width: min(left + width, image.width) - max(left, 0),
      height: min(top + height, image.height) - max(top, 0))
    guard box.width > 0, box.height > 0 else { return }
    blend(
      [Float](repeating: 1, count: box.width * box.height), in: box, colour,
      opacity: Float(opacity))
  }

  private struct Box {
    let left: Int
    let top: Int
    let width: Int
    let height: Int
  }

  private func box(around points: [PaintPoint], margin: Double) -> Box? {
    let limit = 1e6
    let xs = points.map { min(max($0.x, -limit), limit) }
    let ys = points.map { min(max($0.y, -limit), limit) }
    guard let minX = xs.min(), let maxX = xs.max(), let minY = ys.min(), let maxY = ys.max() else {
      return nil
    }
    let left = max(Int((minX - margin).rounded(.down)), 0)
    let top = max(Int((minY - margin).rounded(.down)), 0)
    let right = min(Int((maxX + margin).rounded(.up)), image.width - 1)
    let bottom = min(Int((maxY + margin).rounded(.up)), image.height - 1)
    guard left <= right, top <= bottom else { return nil }
    return Box(left: left, top: top, width: right - left + 1, height: bottom - top + 1)
  }

  private mutating func blend(
    _ coverage: [Float], in box: Box, _ colour: MeasurementOverlay.Colour, opacity: Float
  ) {
    let rowLength = image.width * 3
    let paint = [Float(colour.red), Float(colour.green), Float(colour.blue)]
    image.samples.withUnsafeMutableSamples { samples in
      for row in 0..<box.height {
        for column in 0..<box.width {
          let share = coverage[row * box.width + column] * opacity
          guard share > 0 else { continue }
          let index = (box.top + row) * rowLength + (box.left + column) * 3
          for channel in 0..<3 {
            let old = Float(samples[index + channel])
            samples[index + channel] = UInt8((old + (paint[channel] - old) * share).rounded())
          }
        }
      }
    }
  }

  private static func distance(
    from x: Double, _ y: Double, _ start: PaintPoint, _ end: PaintPoint
  ) -> Double {
    let across = end.x - start.x
    let down = end.y - start.y
    let square = across * across + down * down
    let along =
      square > 0
      ? min(max(((x - start.x) * across + (y - start.y) * down) / square, 0), 1) : 0
    let restX = x - start.x - along * across
    let restY = y - start.y - along * down
    return (restX * restX + restY * restY).squareRoot()
  }
}
