import Imaging
import StageKit

/// Turns light into the bytes of a camera: lamp, exposure, shot noise, sRGB, 8 bits.
struct Sensor {
  private let conditions: CaptureConditions
  private let gain: SIMD3<Double>
  private let tilt: SIMD2<Double>
  private let codes: [UInt8]

  /// - Parameter skin: what the skin sends back on average, for the exposure.
  init(_ conditions: CaptureConditions, skin: LinearColour) {
    self.conditions = conditions
    // Auto exposure lifts dark skin by half of the way, so that tone still shows; fair skin ends at
    // a green of about 0.4, a stop below white.
    let exposure = conditions.exposure * 0.62 / skin.green.squareRoot()
    gain = SIMD3(exposure * (1 + conditions.warmth), exposure, exposure * (1 - conditions.warmth))
    var generator = SeededGenerator(seed: conditions.seed, "lamp")
    tilt = PortableMath.direction(generator.unit() * PortableMath.twoPi) * conditions.tilt
    codes = Sensor.encoding
  }

  /// The sRGB code of linear light in steps of 1/16383 (IEC 61966-2-1).
  static let encoding: [UInt8] = (0..<16_384).map { step in
    let linear = Double(step) / 16_383
    let encoded =
      linear <= 0.0031308
      ? 12.92 * linear : 1.055 * PortableMath.pow(linear, 1 / 2.4) - 0.055
    return UInt8((encoded * 255).rounded())
  }

  /// Exposes a canvas.
  func expose(_ canvas: LinearCanvas) -> InterleavedImage<UInt8> {
    InterleavedImage(width: canvas.width, height: canvas.height, channels: 3) { bytes in
      guard let bytes = bytes.baseAddress else { return }
      canvas.red.withUnsafeSamples { red in
        canvas.green.withUnsafeSamples { green in
          canvas.blue.withUnsafeSamples { blue in
            for y in 0..<canvas.height {
              let start = y * canvas.width
              exposeRow(
                y, canvas.width, UnsafeBufferPointer(rebasing: red[start..<start + canvas.width]),
                UnsafeBufferPointer(rebasing: green[start..<start + canvas.width]),
                UnsafeBufferPointer(rebasing: blue[start..<start + canvas.width]),
                bytes + 3 * start)
            }
          }
        }
      }
    }
  }

  private func exposeRow(
    _ y: Int, _ width: Int, _ red: UnsafeBufferPointer<Float>, _ green: UnsafeBufferPointer<Float>,
    _ blue: UnsafeBufferPointer<Float>, _ bytes: UnsafeMutablePointer<UInt8>
  ) {
    var generator = SeededGenerator(seed: conditions.seed, "noise", y)
    let perElectron = Float(1 / conditions.fullWellElectrons)
    let dark = Float(conditions.readNoiseElectrons / conditions.fullWellElectrons)
    let halfWidth = Float(conditions.width) / 2
    let halfHeight = Float(conditions.height) / 2
    let down = (Float(y) + 0.5) / halfHeight - 1
    let tilt = SIMD2(Float(self.tilt.x), Float(self.tilt.y))
    let fall = Float(conditions.vignette) / 2
    let gain = SIMD3(Float(self.gain.x), Float(self.gain.y), Float(self.gain.z))
    codes.withUnsafeBufferPointer { codes in
      var x = 0
      while x < width {
        let right = (Float(x) + 0.5) / halfWidth - 1
        let lamp =
          (1 - fall * (right * right + down * down)) * (1 + tilt.x * right + tilt.y * down)
        let light = SIMD3(red[x], green[x], blue[x]) * gain * lamp
        let bits = generator.next()
        let more = generator.next()
        let third = generator.next()
        bytes[3 * x] = code(light.x, bits, perElectron, dark, codes)
        bytes[3 * x + 1] = code(light.y, more, perElectron, dark, codes)
        bytes[3 * x + 2] = code(light.z, third, perElectron, dark, codes)
        x &+= 1
      }
    }
  }

  @inline(__always)
  private func code(
    _ light: Float, _ bits: UInt64, _ perElectron: Float, _ dark: Float,
    _ codes: UnsafeBufferPointer<UInt8>
  ) -> UInt8 {
    // Four uniform draws of 16 bits: their sum has variance 1/3, so √3 scales it to 1; near enough
    // to normal for hundreds of electrons.
    let sum =
      Float(bits & 0xFFFF) + Float((bits >> 16) & 0xFFFF) + Float((bits >> 32) & 0xFFFF)
      + Float(bits >> 48)
    let deviate = (sum * (1 / 65_536) - 1.999_969_5) * 1.732_050_8
    let signal = max(light, 0)
    let noise = (signal * perElectron + dark * dark).squareRoot()
    let seen = min(max(signal + noise * deviate, 0), 1)
    return codes[Int(seen * 16_383 + 0.5)]
  }
}
