import Imaging
import Phantom

/// Scenes and measurements that several tests share.
enum TestScenes {
  /// Skin without any texture, flakes or debris.
  static var plainSkin: ScalpDescription {
    var description = ScalpDescription()
    description.texture = 0
    description.flakesPerSquareCentimetre = 0
    description.debrisPerSquareCentimetre = 0
    description.shaftHighlight = 0
    return description
  }

  /// Even light, next to no noise.
  static var evenLight: CaptureConditions {
    var conditions = CaptureConditions()
    conditions.vignette = 0
    conditions.tilt = 0
    conditions.fullWellElectrons = 1_000_000
    conditions.readNoiseElectrons = 0
    return conditions
  }

  /// A small picture, quick to render.
  static var small: CaptureConditions {
    var conditions = CaptureConditions()
    conditions.width = 320
    conditions.height = 240
    return conditions
  }

  /// Linear light of one channel (IEC 61966-2-1).
  static func linear(_ image: InterleavedImage<UInt8>, channel: Int) -> Plane<Float> {
    let table = (0...255).map { code -> Float in
      let encoded = Double(code) / 255
      guard encoded > 0.04045 else { return Float(encoded / 12.92) }
      // x^2.4 by Newton on y^5 = x^12, so that the test needs no C library.
      let base = (encoded + 0.055) / 1.055
      let target = (0..<12).reduce(1.0) { power, _ in power * base }
      var root = base * base
      for _ in 0..<60 { root = (4 * root + target / (root * root * root * root)) / 5 }
      return Float(root)
    }
    return Plane(width: image.width, height: image.height) { target in
      image.samples.withUnsafeSamples { samples in
        for index in target.indices { target[index] = table[Int(samples[3 * index + channel])] }
      }
    }
  }

  /// FNV-1a, 64 bits, over the samples.
  static func digest(_ image: InterleavedImage<UInt8>) -> String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    image.samples.withUnsafeSamples { samples in
      for sample in samples { hash = (hash ^ UInt64(sample)) &* 0x100_0000_01b3 }
    }
    return String(hash, radix: 16)
  }
}
