/// Which device it is, wherever it is plugged in: vendor, product and serial number.
///
/// Never the number of its node, which changes from plug to plug. A device without a serial number
/// is told by its port, which is weak: another of the same kind at that port is taken for it.
public struct DeviceIdentity: Hashable, Sendable, CustomStringConvertible {
  /// The USB vendor.
  public let vendor: UInt16
  /// The vendor's product.
  public let product: UInt16
  /// The serial number that the device states; `nil` when it states none.
  public let serial: String?
  /// The bus and the chain of hub ports, as the kernel writes it: `1-1.4`.
  public let port: String

  /// Makes an identity.
  public init(vendor: UInt16, product: UInt16, serial: String?, port: String) {
    self.vendor = vendor
    self.product = product
    self.serial = serial
    self.port = port
  }

  /// Whether only the port tells it from another of its kind.
  public var isWeak: Bool { serial == nil }

  /// `usb:a168:0840`.
  public var model: String { "usb:\(hexadecimal(vendor)):\(hexadecimal(product))" }

  /// The text that selects this device: `usb:a168:0840:TRX-7`, or `usb:a168:0840@1-1.4`.
  public var description: String { serial.map { "\(model):\($0)" } ?? "\(model)@\(port)" }

  /// Whether `other` is the same device, plugged in again.
  public func isSameDevice(as other: DeviceIdentity) -> Bool {
    vendor == other.vendor && product == other.product && serial == other.serial
      && (serial != nil || port == other.port)
  }
}

/// What a pipeline file says of the device it means.
///
/// `usb:VENDOR:PRODUCT` with hexadecimal numbers, then `:SERIAL`, then `@PORT`, each if need be.
public struct DeviceSelector: Hashable, Sendable, CustomStringConvertible {
  /// The USB vendor.
  public let vendor: UInt16
  /// The vendor's product.
  public let product: UInt16
  /// The serial number, when one is asked for.
  public let serial: String?
  /// The port, when one is asked for.
  public let port: String?

  /// Reads a selector's text; `nil` when it is none.
  public init?(_ text: String) {
    var rest = text[...]
    guard rest.hasPrefix("usb:") else { return nil }
    rest = rest.dropFirst(4)
    var port: String?
    if let at = rest.lastIndex(of: "@") {
      port = String(rest[rest.index(after: at)...])
      rest = rest[..<at]
    }
    let parts = rest.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count >= 2, parts[0].count == 4, parts[1].count == 4,
      let vendor = UInt16(parts[0], radix: 16), let product = UInt16(parts[1], radix: 16),
      parts.count == 2 || !parts[2].isEmpty, port != ""
    else { return nil }
    self.vendor = vendor
    self.product = product
    serial = parts.count == 3 ? String(parts[2]) : nil
    self.port = port
  }

  /// The text.
  public var description: String {
    "usb:\(hexadecimal(vendor)):\(hexadecimal(product))" + (serial.map { ":\($0)" } ?? "")
      + (port.map { "@\($0)" } ?? "")
  }

  /// Whether a device is one that the selector means.
  public func matches(_ identity: DeviceIdentity) -> Bool {
    vendor == identity.vendor && product == identity.product
      && (serial == nil || serial == identity.serial) && (port == nil || port == identity.port)
  }

  /// The one device that is meant.
  ///
  /// - Throws: ``CameraError`` `notFound` with what there is instead, `ambiguous` with a selector
  ///   for each that could be meant.
  public func select(from devices: [VideoDevice]) throws(CameraError) -> VideoDevice {
    let meant = devices.filter { matches($0.identity) }
    guard let first = meant.first else {
      let others = devices.map { "\($0.identity)" }.joined(separator: ", ")
      throw CameraError(
        .notFound, subject: "\(self) is not plugged in",
        hint: others.isEmpty
          ? "plug it in; no camera is seen now" : "plug it in, or name one of: \(others)")
    }
    guard meant.count == 1 else {
      // Two that state one serial number are told apart by their ports alone.
      let serials = Set(meant.map(\.identity.serial))
      let names = meant.map { device -> String in
        let identity = device.identity
        return serials.count == meant.count || identity.isWeak
          ? "\(identity)" : "\(identity)@\(identity.port)"
      }
      throw CameraError(
        .ambiguous, subject: "\(self) means \(meant.count) devices that are plugged in",
        hint: "name one of: \(names.joined(separator: ", "))")
    }
    return first
  }
}

private func hexadecimal(_ number: UInt16) -> String {
  let digits = String(number, radix: 16)
  return String(repeating: "0", count: 4 - digits.count) + digits
}
