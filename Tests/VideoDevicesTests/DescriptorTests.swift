import Testing
import VideoDevices

@Suite("descriptors of video devices") struct DescriptorTests {
  /// A control interface with an extension unit, a streaming one with a button and bulk transfers.
  private static let device: [UInt8] =
    [18, 1, 0, 2, 0xef, 2, 1, 64, 0x68, 0xa1, 0x40, 0x08, 0, 1, 1, 2, 3, 1]
    + [9, 2, 0, 1, 2, 1, 0, 0x80, 250] + [9, 4, 0, 0, 1, 0x0e, 1, 0, 0]
    + [27, 0x24, 0x06, 4] + (0..<16).map { UInt8($0) } + [4, 1, 2, 2, 0x0f, 0, 0]
    + [9, 4, 1, 0, 1, 0x0e, 2, 0, 0] + [15, 0x24, 0x01, 2, 0, 0, 0x81, 0, 4, 2, 1, 0, 1, 0, 0]
    + [7, 5, 0x81, 2, 0, 2, 0]

  @Test func `tell of button, stills, transfers and vendor's units`() {
    let read = VideoDescriptors(Self.device)
    #expect(read.hasButton)
    #expect(read.stillMethod == 2)
    #expect(read.isBulk)
    #expect(read.extensionUnits.map(\.unit) == [4])
    #expect(read.extensionUnits.first?.code == "000102030405060708090a0b0c0d0e0f")
  }

  @Test func `that are cut or changed anywhere are read as far as they go`() {
    for length in 0...Self.device.count {
      _ = VideoDescriptors(Array(Self.device[..<length]))
    }
    for index in Self.device.indices {
      for value in [UInt8(0), 1, 2, 0x24, 0xFF] {
        var changed = Self.device
        changed[index] = value
        _ = VideoDescriptors(changed)
      }
    }
  }
}
