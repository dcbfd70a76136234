import ClinicalRecords
import Dermatoscope
import Foundation
import ImageCodecs
import Imaging
import StageKit
import StageTesting
import Synchronization
import Testing
import VideoDevices

/// A folder of JPEGs for the simulator: strokes on grained skin, each picture softer or sharper.
struct StrokePictures {
  let folder: String
  let pictures: [[UInt8]]

  /// Writes one picture for each blur, in pixels of an edge.
  init(blurs: [Double], width: Int, height: Int) throws {
    folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    var pictures: [[UInt8]] = []
    for (number, blur) in blurs.enumerated() {
      var grain = SeededGenerator(seed: 7)
      let image = InterleavedImage<UInt8>(width: width, height: height, channels: 3) { target in
        for row in 0..<height {
          for column in 0..<width {
            let distance = Double(abs((column + row / 4) % 40 - 20))
            let shade = max(0, min(1, (distance - 2.5) / blur + 0.5))
            let noise = Double(grain.next() % 9)
            for channel in 0..<3 {
              let light = 50 + noise + (140 - 20 * Double(channel)) * shade
              target[(row * width + column) * 3 + channel] = UInt8(light)
            }
          }
        }
      }
      let bytes = try JPEGEncoder(quality: 90, subsampling: .horizontal).encode(image)
      try Data(bytes).write(to: URL(filePath: "\(folder)/\(100 + number).jpg"))
      pictures.append(bytes)
    }
    self.pictures = pictures
  }

  /// A frame as the simulator sends it, without the comment that it put in.
  static func withoutMark(_ frame: [UInt8]) -> [UInt8] {
    let comment = 2 + Int(frame[4]) << 8 + Int(frame[5])
    return Array(frame[..<2] + frame[(2 + comment)...])
  }
}

extension HardwareTests {
  @Suite("a press") struct PressTests {
    private static func settings() -> CaptureSettings {
      var settings = CaptureSettings()
      settings.device = "usb:1209:0001"
      settings.subject = "01-001"
      settings.visit = "BL"
      settings.region = "VX"
      return settings
    }

    /// Runs the stage, presses when it is ready, and gives what was accepted.
    private func captures(
      of camera: SimulatedCamera, count: Int, then: (SimulatedCamera) throws -> Void = { _ in }
    ) async throws -> (images: [CapturedImage], seconds: [Double]) {
      let host = TestHost()
      let stage = try await DermatoscopeCapture(settings: Self.settings(), context: host.context())
      let accepted = Mutex<[(CapturedImage, Double)]>([])
      let output = SourceOutput<CapturedImage> { record, _ in
        guard let image = record as? CapturedImage else { return }
        accepted.withLock { $0.append((image, CameraSession.monotonicSeconds())) }
      }
      let task = Task { try await stage.run(into: output) }
      let isReady = try await seconds {
        host.log.contains { $0.message == "the camera's controls are held" }
      }
      try #require(isReady != nil, "\(host.log.map(\.message))")
      try await Task.sleep(for: .seconds(1))
      var times: [Double] = []
      for number in 1...count {
        let pressed = CameraSession.monotonicSeconds()
        try camera.tell("click")
        try then(camera)
        let came = try await seconds { accepted.withLock { $0.count } >= number }
        try #require(came != nil, "\(host.log.map(\.message))")
        times.append(accepted.withLock { $0[number - 1].1 } - pressed)
      }
      task.cancel()
      _ = await task.result
      return (accepted.withLock { $0.map(\.0) }, times)
    }

    @Test func `gives the sharpest frame around it, byte for byte as the camera has it`()
      async throws
    {
      let blurs = [9.0, 8, 7, 6, 1, 5, 6, 7, 8, 9]
      let strokes = try StrokePictures(blurs: blurs, width: 1280, height: 720)
      let camera = try SimulatedCamera("--bulk", "--frames", strokes.folder, "--serial", "TRX-7")
      let (images, times) = try await captures(of: camera, count: 5)
      #expect(images.map(\.acquisition.attempt) == [1, 2, 3, 4, 5])
      for image in images {
        let bytes = StrokePictures.withoutMark(try image.original.bytes())
        #expect(strokes.pictures.firstIndex(of: bytes) == 4)
        #expect(image.device?.serial == "TRX-7")
        #expect(image.device?.controls["auto_exposure"] == "1")
      }
      let all = times.map { "\(Int($0 * 1000))" }.joined(separator: ", ")
      print("press to accepted picture: \(all) ms")
    }

    @Test func `is answered from before it when the camera is pulled out at once`() async throws {
      let strokes = try StrokePictures(blurs: [2, 3, 4], width: 1280, height: 720)
      let camera = try SimulatedCamera("--bulk", "--frames", strokes.folder)
      let (images, _) = try await captures(of: camera, count: 1) { camera in
        // The button's word is under way when the cable goes.
        usleep(50_000)
        try camera.tell("unplug")
      }
      #expect(images.count == 1)
    }

    @Test func `never gives a frame whose bytes were changed, and every other one decodes`()
      async throws
    {
      let strokes = try StrokePictures(blurs: [2, 3, 4, 5], width: 640, height: 480)
      let camera = try SimulatedCamera("--bulk", "--fps", "20", "--frames", strokes.folder)
      let good = Mutex(0)
      let bad = Mutex(0)
      let session = try CameraSession(
        CameraRequest(
          device: try #require(DeviceSelector("usb:1209:0001")),
          format: FrameFormat(layout: .mjpeg, width: 640, height: 480, framesPerSecond: 30),
          controls: ControlPlan(locks: false)))
      let task = Task {
        try await session.run { event in
          guard case .frame(let frame) = event else { return }
          do {
            _ = try frame.bytes.withUnsafeBytes {
              try ImageDecoder().decodeLuma(ofJPEG: $0, denominator: 2)
            }
            good.withLock { $0 += 1 }
          } catch {
            bad.withLock { $0 += 1 }
          }
        }
      }
      _ = try await seconds { good.withLock { $0 } >= 20 }
      try camera.tell("corrupt 100")
      let all = try await seconds(atMost: 60) { bad.withLock { $0 } >= 100 }
      _ = try await seconds { good.withLock { $0 } >= 40 }
      session.stop()
      _ = await task.result
      #expect(all != nil)
      #expect(try camera.counts()["corrupt"] == 100)
      #expect(bad.withLock { $0 } == 100)
    }
  }
}
