/// A camera as the kernel lists it; nothing of it is open.
public struct VideoDevice: Hashable, Sendable {
  /// Which device it is.
  public let identity: DeviceIdentity
  /// What the device calls itself.
  public let name: String
  /// The node that gives pictures, such as `/dev/video2`.
  public let node: String
  /// The event node of its button, such as `/dev/input/event5`; `nil` when it has none.
  public let buttonNode: String?
  /// The bus's speed in Mbit/s: 480 is USB 2.0 high speed; `nil` when the kernel does not tell.
  public let megabitsPerSecond: Int?
  /// What its descriptors tell.
  public let descriptors: VideoDescriptors

  /// Makes a description.
  public init(
    identity: DeviceIdentity, name: String, node: String, buttonNode: String?,
    megabitsPerSecond: Int?, descriptors: VideoDescriptors
  ) {
    self.identity = identity
    self.name = name
    self.node = node
    self.buttonNode = buttonNode
    self.megabitsPerSecond = megabitsPerSecond
    self.descriptors = descriptors
  }
}

/// Finds cameras in the kernel's tree of devices; opens none.
public struct DeviceTree: Sendable {
  private let system: String
  private let nodes: String

  /// Wraps the places of the tree and of the nodes; others than the kernel's serve tests.
  public init(system: String = "/sys", nodes: String = "/dev") {
    self.system = system
    self.nodes = nodes
  }

  /// The USB cameras that are plugged in, in the order of their identities.
  public func cameras() -> [VideoDevice] {
    let folder = "\(system)/class/video4linux"
    return SystemFile.names(in: folder).compactMap { name in
      // Of the nodes of one device the first gives pictures, the second their metadata.
      guard SystemFile.line("\(folder)/\(name)/index") == "0",
        let interface = SystemFile.resolved("\(folder)/\(name)/device")
      else { return nil }
      return camera(node: "\(nodes)/\(name)", interface: interface)
    }.sorted { ("\($0.identity)", $0.identity.port) < ("\($1.identity)", $1.identity.port) }
  }

  private func camera(node: String, interface: String) -> VideoDevice? {
    let device = SystemFile.folder(of: interface)
    guard let vendor = number("\(device)/idVendor"), let product = number("\(device)/idProduct")
    else { return nil }
    let maker = SystemFile.line("\(device)/manufacturer")
    let model = SystemFile.line("\(device)/product")
    let name = [maker, model].compactMap(\.self).joined(separator: " ")
    return VideoDevice(
      identity: DeviceIdentity(
        vendor: vendor, product: product, serial: SystemFile.line("\(device)/serial"),
        port: SystemFile.name(of: device)),
      name: name.isEmpty ? "camera without a name" : name, node: node,
      buttonNode: button(of: interface),
      megabitsPerSecond: SystemFile.line("\(device)/speed").flatMap { Int($0) },
      descriptors: VideoDescriptors(SystemFile.bytes("\(device)/descriptors") ?? []))
  }

  /// The event node below the camera's own interface.
  private func button(of interface: String) -> String? {
    let folder = "\(system)/class/input"
    let name = SystemFile.names(in: folder).first { name in
      name.hasPrefix("event")
        && SystemFile.resolved("\(folder)/\(name)")?.hasPrefix(interface + "/") == true
    }
    return name.map { "\(nodes)/input/\($0)" }
  }

  private func number(_ path: String) -> UInt16? {
    SystemFile.line(path).flatMap { UInt16($0, radix: 16) }
  }
}
