/// What to do about a bus that has no room for a format: the largest of the device's own that starts.
package enum BandwidthRemedy {
  // Starting a camera takes up to half a second; a person waits for the answer.
  private static let mostTried = 12

  /// Formats of the same layout that need less, the best first: a lower rate of the same size before
  /// a smaller size, since the size decides what can be measured.
  package static func candidates(
    _ offered: [FrameFormat], below wanted: FrameFormat
  ) -> [FrameFormat] {
    let pixels = { (format: FrameFormat) in format.width * format.height }
    let most = pixels(wanted)
    let less = offered.filter { format in
      format.layout == wanted.layout
        && (pixels(format) < most && format.framesPerSecond <= wanted.framesPerSecond
          || pixels(format) == most && format.framesPerSecond < wanted.framesPerSecond)
    }
    return Array(
      less.sorted {
        (pixels($0), $0.framesPerSecond) > (pixels($1), $1.framesPerSecond)
      }.prefix(mostTried))
  }

  /// An error that says which format would fit.
  package static func error(
    _ error: CameraError, _ device: String, _ wanted: FrameFormat, fitting: FrameFormat?
  ) -> CameraError {
    CameraError(
      error.code, subject: "\(device): the bus has no room for \(wanted)",
      hint: fitting.map { "\($0) would fit; or plug it into a port of another bus" }
        ?? "no smaller format of its own fits; plug it into a port of another bus, without a hub "
        + "that it shares",
      errno: error.errno)
  }
}
