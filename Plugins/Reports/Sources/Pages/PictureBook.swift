import ClinicalRecords
import FoundationEssentials
import ImageCodecs
import Imaging
import StageKit

/// How large pictures are in a page, so that a page stays usable however many it holds.
///
/// A picture of clipped scalp 1,000 pixels wide takes 80 to 115 KB as JPEG at quality 80 and a third
/// more as text in the page; 24 of them make 4 MB at most. Beyond 24 each gets so much narrower that
/// the page stays as large, down to 320 pixels. A study of 648 pictures and 154 subjects was
/// measured at 154 pages of 0.45 MB (the largest 0.95 MB), 70 MB in all.
package struct PictureLimits: Sendable {
  /// The widest picture in pixels.
  package let widest: Int

  /// Makes limits.
  package init(widest: Int) { self.widest = widest }

  /// The width of each of `count` pictures of one page.
  package func width(forPage count: Int) -> Int {
    guard count > 24 else { return widest }
    return max(min(320, widest), Int(Double(widest) * (24 / Double(count)).squareRoot()))
  }
}

/// Makes the pictures of a page: the original with its measurement drawn over it.
struct PictureBook {
  let records: ProjectedRecords<HairMeasurement>
  /// The widest picture in pixels.
  let width: Int

  /// A picture as a page shows it.
  struct Shown {
    /// A `data:` address.
    let source: String
    let width: Int
    let height: Int
    /// What its width is on the scalp, in µm.
    let micrometres: Double
    let date: CalendarDate?
  }

  /// The picture of a measurement, or why it cannot be shown.
  func picture(at index: Int) async throws -> Result<Shown, PictureMissing> {
    let (measurement, delivery) = try await records.record(at: index)
    guard let captured = try await delivery.ancestor(CapturedImage.self) else {
      return .failure(PictureMissing(reason: "the original is not in this data folder"))
    }
    do {
      let decoded = try ImageDecoder().decode(
        delivery.stage.bytes(of: captured.original), fileName: captured.fileName)
      let drawn = MeasurementOverlay().draw(
        measurement, on: decoded.eightBit().reduced(toWidth: width))
      let bytes = try JPEGEncoder(quality: 80, subsampling: .both, progressive: true).encode(drawn)
      return .success(
        Shown(
          source: "data:image/jpeg;base64,\(Data(bytes).base64EncodedString())",
          width: drawn.width, height: drawn.height,
          micrometres: Double(measurement.image.width) * measurement.scale.micrometresPerPixel,
          date: captured.date))
    } catch let error as ImageCodecError {
      return .failure(
        PictureMissing(reason: error.code.name.split(separator: "_").joined(separator: " ")))
    } catch let error as RecordError where error.code != .contentUnreadable {
      return .failure(PictureMissing(reason: error.hint))
    }
  }
}

/// Why a picture cannot be shown.
struct PictureMissing: Error {
  let reason: String
}

extension InterleavedImage<UInt8> {
  /// The picture at most `newWidth` wide, each pixel the mean of the area it covers.
  func reduced(toWidth newWidth: Int) -> InterleavedImage<UInt8> {
    guard newWidth < width else { return self }
    let newHeight = Swift.max(1, (height * newWidth + width / 2) / width)
    let planes = (0..<channels).map { channel in
      Plane<Float>(width: width, height: height) { target in
        samples.withUnsafeSamples { source in
          for index in target.indices { target[index] = Float(source[index * channels + channel]) }
        }
      }.resampled(toWidth: newWidth, height: newHeight)
    }
    return InterleavedImage(width: newWidth, height: newHeight, channels: channels) { target in
      for (channel, plane) in planes.enumerated() {
        plane.withUnsafeSamples { source in
          for index in source.indices {
            let value = source[index].rounded()
            target[index * channels + channel] = UInt8(Swift.min(Swift.max(value, 0), 255))
          }
        }
      }
    }
  }
}
