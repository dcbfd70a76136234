import Foundation
import Testing

extension HardwareTests {
  /// The kernel's own answer is put in by a shim: the virtual controller never gives it.
  @Suite("a camera that gets no bandwidth") struct BandwidthTests {
    @Test func `says which format would fit`() throws {
      let camera = try SimulatedCamera("--bulk", "--serial", "TRX-7")
      let shim = "/tmp/bandwidth-\(UUID().uuidString).so"
      let source = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "bandwidth.c").path()
      try #require(
        RunningProgram.run("cc", "-shared", "-fPIC", "-o", shim, source, "-ldl") == 0)
      func capture(pixels: Int, size: String) throws -> (told: String, status: Int32) {
        let file = "/tmp/bandwidth-\(UUID().uuidString).jpg"
        let script =
          "LD_PRELOAD=\(shim) BUS_PIXELS=\(pixels) .build/release/anagen capture \(file) "
          + "--size \(size) 2>&1; echo status $?"
        let told = try RunningProgram.output("sh", arguments: ["-c", script])
        let status = told.split(separator: "\n").last?.split(separator: " ").last
        return (told, Int32(status ?? "") ?? -1)
      }
      let refused = try capture(pixels: 640 * 480, size: "1280x720")
      #expect(refused.status == 69)
      #expect(
        refused.told.contains("the bus has no room for mjpeg 1280x720 at 30/s"), "\(refused.told)")
      #expect(refused.told.contains("mjpeg 640x480 at 30/s would fit"), "\(refused.told)")
      // And it is so.
      let taken = try capture(pixels: 640 * 480, size: "640x480")
      #expect(taken.status == 0, "\(taken.told)")
      let none = try capture(pixels: 100, size: "1280x720")
      #expect(none.told.contains("no smaller format of its own fits"), "\(none.told)")
      withExtendedLifetime(camera) {}
    }
  }
}
