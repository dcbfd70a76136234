/// The parts of a JPEG file that shape its picture (ITU-T T.81), as the scrubber reads them.
struct JPEGPicture: Sendable {
  /// One channel of the frame header.
  struct Component: Sendable {
    let identifier: UInt8
    let horizontal: Int
    let vertical: Int
    let quantisation: Int
  }

  /// The frame header: SOF0 (baseline), SOF1 (extended sequential) or SOF2 (progressive).
  struct Frame: Sendable {
    let marker: UInt8
    let width: Int
    let height: Int
    let components: [Component]

    var isProgressive: Bool { marker == 0xC2 }
    var mostHorizontal: Int { components.map(\.horizontal).max() ?? 1 }
    var mostVertical: Int { components.map(\.vertical).max() ?? 1 }
  }

  /// A Huffman table as it stands in its segment: 16 counts, then the symbols.
  struct HuffmanDefinition: Sendable, Hashable {
    let isAC: Bool
    let slot: Int
    let body: [UInt8]
  }

  /// A quantisation table as it stands in its segment: 64 values of 8 or 16 bits.
  struct QuantisationDefinition: Sendable, Hashable {
    let slot: Int
    let isWide: Bool
    let body: [UInt8]
  }

  /// One scan: its header, the tables in force when it begins, and its entropy-coded data.
  struct Scan: Sendable {
    struct Part: Sendable {
      /// Index into the frame's components.
      let component: Int
      let dcSlot: Int
      let acSlot: Int
    }
    let parts: [Part]
    let spectralStart: Int
    let spectralEnd: Int
    let highBit: Int
    let lowBit: Int
    let restartInterval: Int
    let huffman: [HuffmanDefinition]
    let quantisation: [QuantisationDefinition]
    /// The data as it leaves: restart markers in place, padding of ones, no byte more.
    var data: [UInt8] = []
  }

  var frame: Frame
  var scans: [Scan] = []
  var hasJFIF = false
  var adobeTransform: Int?
  var orientation = 1
  var profile: ColourProfile?
}
