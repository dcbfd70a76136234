package import Imaging

/// Finds what a device has drawn over the skin: letters, scale bars, circles, bars along the border.
///
/// Overlays are the straightest and strongest lines of a picture, so they go before any line is
/// looked for. Four kinds, each by a property that skin and hair do not have:
/// - *border bars*: rows or columns from the border on that are all of one light;
/// - *coloured ink*: drawing and letters in pure red, blue or cyan;
/// - *rulers*: exactly horizontal or vertical dark lines up to three pixels thick, 140 or longer;
/// - *letters*: many white-to-grey transitions within three pixels, side by side in a strip.
package struct OverlayMask: Sendable {
  /// 255 where the picture is covered, 0 elsewhere; of the picture's size.
  package let covered: Plane<UInt8>
  /// The covered share of the picture.
  package let share: Float

  /// Examines a picture at its own resolution.
  package init(of light: LinearLight, pool: FramePool? = nil) {
    var mask = Plane<UInt8>(width: light.width, height: light.height, pool: pool) {
      $0.update(repeating: 0)
    }
    let channels = ChannelPlanes(light)
    channels.withPointers { picture in
      mask.withUnsafeMutableSamples { samples in
        guard let base = samples.baseAddress else { return }
        let painter = MaskPainter(base: base, width: picture.width, height: picture.height)
        BorderBars.paint(picture, painter)
        if channels.isColour { PureInk.paint(picture, painter) }
        RulerLines.paint(picture, painter)
        Letters.paint(picture, painter)
      }
    }
    covered = mask
    share = mask.withUnsafeSamples { samples in
      var count = 0
      for sample in samples where sample != 0 { count &+= 1 }
      return Float(count) / Float(samples.count)
    }
  }
}

/// The three planes of a picture; a grey one thrice.
private struct ChannelPlanes {
  let red: Plane<Float>
  let green: Plane<Float>
  let blue: Plane<Float>
  let isColour: Bool

  init(_ light: LinearLight) {
    switch light {
    case .grey(let plane):
      (red, green, blue, isColour) = (plane, plane, plane, false)
    case .colour(let first, let second, let third):
      (red, green, blue, isColour) = (first, second, third, true)
    }
  }

  func withPointers(_ body: (PicturePointers) -> Void) {
    red.withUnsafeSamples { reds in
      green.withUnsafeSamples { greens in
        blue.withUnsafeSamples { blues in
          guard let first = reds.baseAddress, let second = greens.baseAddress,
            let third = blues.baseAddress
          else { return }
          body(
            PicturePointers(
              red: first, green: second, blue: third, width: red.width, height: red.height))
        }
      }
    }
  }
}

private struct PicturePointers {
  let red: UnsafePointer<Float>
  let green: UnsafePointer<Float>
  let blue: UnsafePointer<Float>
  let width: Int
  let height: Int
}

private struct MaskPainter {
  let base: UnsafeMutablePointer<UInt8>
  let width: Int
  let height: Int

  /// Covers the rectangle with both corners, cut to the picture.
  func cover(left: Int, top: Int, right: Int, bottom: Int) {
    let first = max(0, left)
    let last = min(width - 1, right)
    guard first <= last else { return }
    var y = max(0, top)
    while y <= min(height - 1, bottom) {
      (base + y * width + first).update(repeating: 255, count: last - first + 1)
      y += 1
    }
  }
}

/// Uniform rows and columns at the border.
private enum BorderBars {
  /// A bar joins the picture over this many pixels of ringing.
  static let fringe = 4
  /// The fewest rows or columns: a single clipped row is a decoder's, not a bar.
  static let thinnest = 3

  static func paint(_ picture: PicturePointers, _ painter: MaskPainter) {
    let width = picture.width
    let height = picture.height
    guard width > 32, height > 32 else { return }
    func rowIsFlat(_ y: Int) -> Bool {
      isFlat(picture.green, from: y * width, step: 1, count: width)
        && isFlat(picture.blue, from: y * width, step: 1, count: width)
    }
    func columnIsFlat(_ x: Int) -> Bool {
      isFlat(picture.green, from: x, step: width, count: height)
        && isFlat(picture.blue, from: x, step: width, count: height)
    }
    let top = (0..<height / 2).prefix { rowIsFlat($0) }.count
    let bottom = (0..<height / 2).prefix { rowIsFlat(height - 1 - $0) }.count
    let left = (0..<width / 2).prefix { columnIsFlat($0) }.count
    let right = (0..<width / 2).prefix { columnIsFlat(width - 1 - $0) }.count
    // A wholly flat picture has no bar.
    guard top + bottom < height - 1, left + right < width - 1 else { return }
    if top >= thinnest {
      painter.cover(left: 0, top: 0, right: width - 1, bottom: top - 1 + fringe)
    }
    if bottom >= thinnest {
      painter.cover(left: 0, top: height - bottom - fringe, right: width - 1, bottom: height - 1)
    }
    if left >= thinnest {
      painter.cover(left: 0, top: 0, right: left - 1 + fringe, bottom: height - 1)
    }
    if right >= thinnest {
      painter.cover(left: width - right - fringe, top: 0, right: width - 1, bottom: height - 1)
    }
  }

  /// Whether 98 % of the samples are one level of the picture's 8 bits apart at most.
  ///
  /// One level of sRGB is 1 % of the linear light and, near black, 0.0003 of full scale.
  private static func isFlat(
    _ samples: UnsafePointer<Float>, from start: Int, step: Int, count: Int
  ) -> Bool {
    let level = samples[start + count / 4 * step]
    var apart = 0
    let most = count / 50
    let tolerance = 0.002 + 0.011 * level
    for index in 0..<count {
      if abs(samples[start + index * step] - level) > tolerance {
        apart += 1
        if apart > most { return false }
      }
    }
    return true
  }
}

/// Drawing in a pure colour, such as a circle that marks the region of interest and its legend.
private enum PureInk {
  static let margin = 4

  static func paint(_ picture: PicturePointers, _ painter: MaskPainter) {
    let width = picture.width
    for y in 0..<picture.height {
      let start = y * width
      var x = 0
      while x < width {
        let red = picture.red[start + x]
        let blue = picture.blue[start + x]
        // Skin and hair hold red, green and blue within a factor of four of each other where they
        // are bright; sRGB 150 of one with under 90 of the others is no tissue (fdu-dev).
        if red > 0.305 ? blue < 0.102 : blue > 0.305 && red < 0.102 {
          let green = picture.green[start + x]
          let isInk = red > 0.305 ? green < 0.102 : green < 0.05 || (green > 0.4 && red < 0.05)
          if isInk {
            painter.cover(left: x - margin, top: y - margin, right: x + margin, bottom: y + margin)
          }
        }
        x += 1
      }
    }
  }
}

/// Exactly horizontal or vertical dark lines.
private enum RulerLines {
  /// A shaft of 0.7 mm at 5 µm a pixel that keeps to one row of pixels is not seen in practice.
  static let shortest = 140
  /// Drawn lines are as sharp as pixels; optics spread the thinnest shaft over more than this.
  static let reach = 2
  static let margin = 7

  static func paint(_ picture: PicturePointers, _ painter: MaskPainter) {
    let width = picture.width
    let height = picture.height
    guard width > shortest, height > 2 * reach else { return }
    for y in reach..<(height - reach) {
      markRuns(
        picture.green + y * width, offset: reach * width, step: 1, count: width
      ) { from, to in
        painter.cover(left: from - margin, top: y - margin, right: to + margin, bottom: y + margin)
      }
    }
    markColumns(picture, painter)
  }

  /// Walks rows, as the memory lies, and keeps a run for every column.
  private static func markColumns(_ picture: PicturePointers, _ painter: MaskPainter) {
    let width = picture.width
    var starts = [Int](repeating: -1, count: width)
    var misses = [Int](repeating: 0, count: width)
    for y in 0...picture.height {
      var x = reach
      while x < width - reach {
        var isDark = false
        if y < picture.height {
          let centre = picture.green + y * width + x
          isDark = centre[0] < 0.5 * min(centre[-reach], centre[reach])
        }
        if isDark {
          if starts[x] < 0 { starts[x] = y }
          misses[x] = 0
        } else if starts[x] >= 0 {
          misses[x] += 1
          if misses[x] > 2 || y == picture.height {
            let end = y - misses[x]
            if end - starts[x] >= shortest {
              painter.cover(
                left: x - margin, top: starts[x] - margin, right: x + margin, bottom: end + margin)
            }
            starts[x] = -1
            misses[x] = 0
          }
        }
        x += 1
      }
    }
  }

  private static func markRuns(
    _ line: UnsafePointer<Float>, offset: Int, step: Int, count: Int, _ found: (Int, Int) -> Void
  ) {
    var start = -1
    var misses = 0
    for x in 0...count {
      let isDark = x < count && line[x] < 0.5 * min(line[x - offset], line[x + offset])
      if isDark {
        if start < 0 { start = x }
        misses = 0
      } else if start >= 0 {
        misses += 1
        if misses > 2 || x == count {
          let end = x - misses
          if end - start >= shortest { found(start, end) }
          start = -1
          misses = 0
        }
      }
    }
  }
}

/// Strips of white letters on a grey ground.
private enum Letters {
  static let tile = 16
  /// Transitions that make a tile a letter's: an upright stroke alone has more.
  static let fewestTransitions = 8
  /// Tiles side by side that make a strip: two are a glint on a hair.
  static let fewestTiles = 3
  static let margin = 14

  static func paint(_ picture: PicturePointers, _ painter: MaskPainter) {
    let columns = (picture.width + tile - 1) / tile
    let rows = (picture.height + tile - 1) / tile
    var counts = [Int](repeating: 0, count: columns * rows)
    let width = picture.width
    guard width > 8 else { return }
    for y in 0..<picture.height {
      let green = picture.green + y * width
      let blue = picture.blue + y * width
      var x = 3
      while x < width - 3 {
        if green[x] >= 0.78, blue[x] >= 0.78,
          isGrey(picture, y * width + x - 3) || isGrey(picture, y * width + x + 3)
        {
          counts[y / tile * columns + x / tile] += 1
        }
        x += 1
      }
    }
    for row in 0..<rows {
      var column = 0
      while column < columns {
        guard counts[row * columns + column] >= fewestTransitions else {
          column += 1
          continue
        }
        var last = column
        var tiles = 1
        // Letters may stand up to three tiles apart, as between two fields of a header.
        var next = column + 1
        while next < columns && next - last <= 4 {
          if counts[row * columns + next] >= fewestTransitions {
            last = next
            tiles += 1
          }
          next += 1
        }
        if tiles >= fewestTiles { cover(column, last, row: row, picture, painter) }
        column = last + 1
      }
    }
  }

  /// A dark neutral grey, as of the boxes that letters stand in: hair is darker, skin is coloured.
  @inline(__always)
  private static func isGrey(_ picture: PicturePointers, _ index: Int) -> Bool {
    let red = picture.red[index]
    let green = picture.green[index]
    let blue = picture.blue[index]
    let high = max(red, green, blue)
    let low = min(red, green, blue)
    return high <= 0.2 && low >= 0.03 && high - low <= 0.05
  }

  private static func cover(
    _ first: Int, _ last: Int, row: Int, _ picture: PicturePointers, _ painter: MaskPainter
  ) {
    var left = first * tile - margin
    var right = (last + 1) * tile + margin
    var top = row * tile - margin
    var bottom = (row + 1) * tile + margin
    // Headers are printed to the border.
    if left < 6 * tile { left = 0 }
    if top < 2 * tile { top = 0 }
    if right > picture.width - 2 * tile { right = picture.width }
    if bottom > picture.height - 2 * tile { bottom = picture.height }
    painter.cover(left: left, top: top, right: right, bottom: bottom)
  }
}
