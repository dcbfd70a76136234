import ImageCodecs

/// Something in a file that should not be in what leaves, or that keeps it from being checked.
public struct CheckFinding: Sendable, Equatable {
  /// What kind; open, so that new kinds break nobody.
  public struct Code: Hashable, Sendable {
    /// The stable name.
    public let name: String
    /// Makes a code.
    public init(_ name: String) { self.name = name }

    /// A photograph carries something besides its pixels.
    public static let carrier = Code("carrier")
    /// A text that was asked for is there.
    public static let text = Code("text")
    /// Text seems to be drawn into the pixels.
    public static let drawnText = Code("drawn_text")
    /// The file, or a part of it, is of a kind that is not understood, or is broken: it was searched for
    /// the texts and no more.
    public static let notUnderstood = Code("not_understood")
  }

  /// What kind.
  public let code: Code
  /// What and where, in words; never a byte of the file.
  public let what: String
  /// The rule of ``RemovalRule`` by which it would go, of a carrier.
  public let rule: String?

  /// Makes a finding.
  public init(_ code: Code, _ what: String, rule: String? = nil) {
    (self.code, self.what, self.rule) = (code, what, rule)
  }
}

/// Looks at one file as somebody would who wants to know whom it is of.
///
/// A photograph is held against the allow-list of ``PhotographScrubber`` and its pixels are searched for
/// drawn text; so are photographs inside another file, as a report and DICOM hold them. Every file, with
/// all that unpacks from it, is searched for texts. Who made the file does not matter.
public struct FileCheck: Sendable {
  private let search: TextSearch

  /// Makes a check.
  ///
  /// - Parameter texts: what must not be there, such as names and the file names of originals.
  public init(for texts: [ExpectedText]) { search = TextSearch(for: texts) }

  /// What is found in a file; empty when nothing is.
  ///
  /// - Parameters:
  ///   - bytes: the file.
  ///   - path: its name, which is searched as well.
  public func check(_ bytes: [UInt8], at path: String) -> [CheckFinding] {
    var findings = search.hits(in: Array(path.utf8)).map {
      CheckFinding(.text, "\($0.text.name), in the file's name or that of its folder")
    }
    var hits: Set<String> = []
    let isPicture = FileKind(of: bytes) == .photograph
    var layers = FileLayers()
    layers.visit(bytes) { layer in
      check(layer, &findings)
      // By its texts, not by its places: what is coded four ways is one finding.
      for hit in search.hits(in: layer.bytes, words: !isPicture)
      where hits.insert("\(hit.text.name) \(hit.form)").inserted {
        findings.append(
          CheckFinding(
            .text, "\(hit.text.name), as \(hit.form.rawValue), \(layer.place)at byte \(hit.offset)")
        )
      }
    }
    if layers.isCut {
      findings.append(
        CheckFinding(
          .notUnderstood, "more is packed into it than is unpacked (256 MiB, four levels deep)"))
    }
    return findings
  }

  /// Holds a layer against what photographs may carry, if it is one or holds some.
  private func check(_ layer: FileLayers.Layer, _ findings: inout [CheckFinding]) {
    switch FileKind(of: layer.bytes) {
    case .photograph: findings += photograph(layer.bytes, layer.place)
    case .dicom:
      for frame in EncapsulatedFrames.all(in: layer.bytes) {
        findings += photograph(frame.bytes, "\(layer.place)in the frame at byte \(frame.offset), ")
      }
      findings.append(
        CheckFinding(
          .notUnderstood,
          "\(layer.place)DICOM: its frames were checked, its attributes only searched for texts"))
    case .text, .database: break
    // What unpacks from a file may be of any kind.
    case .other(let name) where layer.place.isEmpty:
      findings.append(CheckFinding(.notUnderstood, "\(name): only searched for texts"))
    case .other: break
    }
  }

  private func photograph(_ bytes: [UInt8], _ place: String) -> [CheckFinding] {
    let scrubbed: ScrubbedPhotograph
    do throws(PhotographRefusal) {
      scrubbed = try PhotographScrubber().scrub(bytes)
    } catch {
      return [CheckFinding(.notUnderstood, "\(place)\(error.code.name): \(error.subject)")]
    }
    var findings = scrubbed.report.entries.filter(FileCheck.canIdentify).map { entry in
      CheckFinding(
        .carrier, "\(place)\(entry.carrier), \(entry.byteCount) bytes", rule: entry.rule)
    }
    // A TIFF's fields name each byte that is read; the released one has a field more.
    if scrubbed.format == .tiff, findings.isEmpty, bytes != scrubbed.bytes,
      bytes.count >= scrubbed.bytes.count
    {
      findings.append(
        CheckFinding(
          .carrier, "\(place)tiff.layout, bytes that no field names",
          rule: RemovalRule.outsidePicture.rawValue))
    }
    do {
      let picture = try ImageDecoder().decode(scrubbed.bytes)
      findings += BurnedInText().find(in: picture.eightBit()).map { line in
        CheckFinding(
          .drawnText,
          "\(place)what looks like drawn text, \(line.width) x \(line.height) pixels at "
            + "(\(line.x), \(line.y))")
      }
    } catch let error as ImageCodecError {
      findings.append(CheckFinding(.notUnderstood, "\(place)\(error.code.name): \(error.subject)"))
    } catch {
      findings.append(CheckFinding(.notUnderstood, "\(place)its pixels cannot be decoded"))
    }
    return findings
  }
}

extension FileCheck {
  /// Whether what the scrubber takes out or writes anew could tell of somebody.
  ///
  /// What every camera and program writes, and has no room for a word, is none: a density, a plain JFIF or
  /// Adobe header (18 bytes at most), the order of parts, the bits that fill up a byte.
  private static func canIdentify(_ entry: RemovalReport.Entry) -> Bool {
    switch (entry.action, RemovalRule(rawValue: entry.rule)) {
    case (.kept, _): false
    case (.removed, _): !entry.carrier.hasSuffix(".density")
    case (.normalised, .canonicalHeader): entry.byteCount > 18 * entry.count
    case (.normalised, .canonicalColour): entry.carrier.hasSuffix(".icc")
    case (.normalised, _): entry.carrier != "jpeg.padding"
    }
  }
}

/// What a file is, by its bytes.
private enum FileKind: Equatable {
  case photograph
  case dicom
  /// UTF-8 without control characters.
  case text
  /// SQLite, whose texts stand in it as they are.
  case database
  case other(String)

  init(of bytes: [UInt8]) {
    do throws(PhotographRefusal) {
      _ = try PhotographFormat(of: bytes)
      self = .photograph
    } catch {
      if bytes.isEmpty {
        self = .text
      } else if bytes.holds("DICM".utf8, at: 128) {
        self = .dicom
      } else if bytes.starts(with: "SQLite format 3\0".utf8) {
        self = .database
      } else if FileKind.isText(bytes) {
        self = .text
      } else {
        self = .other(error.subject)
      }
    }
  }

  private static func isText(_ bytes: [UInt8]) -> Bool {
    let allowed: Set<UInt8> = [9, 10, 12, 13]
    return bytes.allSatisfy { $0 >= 32 || allowed.contains($0) }
      && String(validating: bytes, as: UTF8.self) != nil
  }
}

/// The JPEG frames of DICOM's encapsulated pixel data (PS3.5, A.4), found by their item headers.
private enum EncapsulatedFrames {
  static func all(in bytes: [UInt8]) -> [(offset: Int, bytes: [UInt8])] {
    var frames: [(offset: Int, bytes: [UInt8])] = []
    var index = 0
    while index + 10 < bytes.count {
      guard bytes[index] == 0xFE, bytes.holds([0xFE, 0xFF, 0x00, 0xE0], at: index),
        bytes.holds([0xFF, 0xD8, 0xFF], at: index + 8),
        let size = bytes.number32(at: index + 4, .little), size <= bytes.count - index - 8
      else {
        index += 1
        continue
      }
      var frame = Array(bytes[index + 8..<index + 8 + size])
      // An item has an even length; one byte behind the end of the picture is no carrier.
      if frame.last == 0, frame.dropLast().suffix(2).elementsEqual([0xFF, 0xD9]) {
        frame.removeLast()
      }
      frames.append((index + 8, frame))
      index += 8 + size
    }
    return frames
  }
}
