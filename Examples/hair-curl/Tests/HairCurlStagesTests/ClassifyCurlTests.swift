import ClinicalRecords
import Foundation
import HairCurlStages
import StageKit
import StageTesting
import Testing

@Suite struct ClassifyCurlTests {
  let host = TestHost()

  /// A hair along a line in mm, at 5 µm a pixel.
  func hair(_ id: Int, _ line: [SIMD2<Double>]) -> Hair {
    .sample(id, along: line.map { [$0.x * 200, $0.y * 200] })
  }

  func classified(
    _ hairs: [Hair], _ settings: CurlSettings = CurlSettings(), accepted: Bool = true
  ) async throws -> JSONValue {
    let stage = try await ClassifyCurl(settings: settings, context: host.context())
    let sample = HairMeasurement.sample(hairs: hairs)
    let measurement = HairMeasurement(
      image: sample.image, acquisition: sample.acquisition, scale: sample.scale,
      measuredArea: sample.measuredArea, cutOffs: sample.cutOffs, summary: sample.summary,
      hairs: sample.hairs,
      quality: MeasurementQuality(
        accepted: accepted, reasons: [], sharpness: 1, pointSpreadSigmaMicrometres: nil,
        glareShare: 0, exposure: "good"), provenance: sample.provenance)
    return try await stage.process(measurement, in: host.delivery(host.context())).value
  }

  func curvature(_ line: [SIMD2<Double>]) -> Double? {
    HairCurl(hair(0, line), micrometresPerPixel: 5, settings: CurlSettings())?.curvature
  }

  @Test(arguments: [1, 3, 10, 100.0])
  func `a hair along an arc has that arc's curvature`(radius: Double) throws {
    let measured = try #require(curvature(Curves.arc(radius: radius, length: 3.4, count: 700)))
    #expect(abs(measured * radius - 1) < 0.01)
  }

  @Test func `a wave counts as much as a curl of its radius`() throws {
    // A third of the windows lie over a change of side, where one circle sees less.
    let measured = try #require(curvature(Curves.wave(radius: 2, halves: 6)))
    #expect(measured * 2 > 0.8 && measured * 2 < 1.02)
  }

  @Test func `noise of a traced line is no curl`() throws {
    // A pixel's fifth, independent at each point of 5 µm, as tracing at most leaves it.
    var noise = Noise(1)
    var measured: [Double] = []
    for radius in [1e9, 10] {
      measured = try (0..<200).map { _ in
        let line = Curves.arc(radius: radius, length: 3, count: 600).map {
          $0 + 0.001 * SIMD2(noise.normal(), noise.normal())
        }
        return try #require(curvature(line))
      }
      let mean = measured.reduce(0, +) / 200
      #expect(abs(mean - 1 / radius) < 0.01, "\(mean) for \(1 / radius)")
    }
  }

  @Test func `classes, shares and quartiles of hairs that are known`() async throws {
    let radii = [100, 100, 10, 10, 10, 2, 2, 2, 2, 2.0]
    let value = try await classified(
      radii.enumerated().map { hair($0, Curves.arc(radius: $1, length: 2.5, count: 500)) }
        + [hair(10, Curves.arc(radius: 2, length: 0.9, count: 100))])
    let summary = try #require(value["summary"])
    #expect(summary["measuredCount"]?["value"]?.number == 10)
    #expect(summary["tooShortCount"]?["value"]?.number == 1)
    let shares = ["straight", "wavy", "curly"].map {
      summary["shares"]?[$0]?["value"]?.number ?? -1
    }
    #expect(shares == [0.2, 0.3, 0.5])
    // Wilson's interval of 2 in 10: 0.0567 to 0.5098 (Newcombe, Stat. Med. 17, 1998, has the formula).
    #expect(abs((summary["shares"]?["straight"]?["low"]?.number ?? 0) - 0.0567) < 1e-4)
    #expect(abs((summary["shares"]?["straight"]?["high"]?.number ?? 0) - 0.5098) < 1e-4)
    #expect(abs((summary["lowerQuartile"]?["value"]?.number ?? 0) - 0.1) < 0.002)
    #expect(abs((summary["upperQuartile"]?["value"]?.number ?? 0) - 0.5) < 0.005)
  }

  @Test func `what is not known is missing with its reason, never 0`() async throws {
    let none = try await classified([])
    #expect(none["summary"]?["medianCurvature"]?["missing"] == .string("no_hair_long_enough"))
    #expect(none["summary"]?["shares"]?["curly"]?["missing"] == .string("no_hair_long_enough"))
    let refused = try await classified(
      [hair(0, Curves.arc(radius: 2, length: 2, count: 400))], accepted: false)
    #expect(refused["summary"]?["medianCurvature"]?["missing"] == .string("picture_not_accepted"))
  }

  @Test func `cut-offs in the wrong order are told`() {
    var settings = CurlSettings()
    settings.curlyFrom = settings.wavyFrom
    #expect(settings.problems().map(\.key) == ["curly_from"])
  }

  @Test func `it is what every stage must be`() async throws {
    let measurement = HairMeasurement.sample(
      hairs: [hair(0, Curves.arc(radius: 2, length: 2, count: 400))])
    let problems = try await StageConformance.problems(
      of: ClassifyCurl.self, samples: [(measurement, nil)], host: host, context: host.context())
    #expect(problems == [])
  }
}

extension JSONValue {
  /// A number, whole or not.
  fileprivate var number: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }
}
