import Glibc

/// What a camera offers and what is wrong with it, asked of the device itself; nothing is changed.
public struct CameraInspection: Sendable {
  /// The device.
  public let device: VideoDevice
  /// What it can be set to.
  public let formats: [FrameFormat]
  /// Its controls with their values.
  public let controls: [CameraControl]
  /// Programs that have it open, other than this one.
  public let users: [NodeUser]
  /// Why it cannot be used; `nil` when it can.
  public let problem: CameraError?

  /// Opens a device, asks, and closes it again.
  public init(of device: VideoDevice) {
    self.device = device
    var formats: [FrameFormat] = []
    var controls: [CameraControl] = []
    var problem: CameraError?
    do throws(CameraError) {
      let node = try CameraNode(device.node)
      formats = node.formats()
      controls = NodeControls(node).controls()
      if formats.isEmpty {
        problem = CameraError(
          .noSuchFormat, subject: "\(device.identity) gives no format that is known here",
          hint:
            "it gives \(PixelLayout.allCases.map(\.rawValue).joined(separator: ", ")) or nothing")
      }
    } catch {
      problem = error
    }
    if problem == nil, let button = device.buttonNode, access(button, R_OK) != 0 {
      problem = NodePermission.refusal(of: button, errno)
    }
    // USB 1.1 carries a picture of 640x480 in a second.
    if problem == nil, let speed = device.megabitsPerSecond, speed < 480 {
      problem = CameraError(
        .bandwidth, subject: "\(device.identity) runs at \(speed) Mbit/s",
        hint: "plug it into a port of USB 2.0 or later, without an old hub between")
    }
    self.formats = formats
    self.controls = controls
    self.problem = problem
    users = NodeUser.all(of: device.node)
  }

  /// Each layout and size once, with its best rate.
  public var formatText: String { CameraNode.text(formats) }
}

/// A program that has a node open.
public struct NodeUser: Hashable, Sendable, CustomStringConvertible {
  /// Its process.
  public let process: Int32
  /// Its name.
  public let name: String

  /// `obs (process 4711)`.
  public var description: String { "\(name) (process \(process))" }

  /// The programs that have a node open, as far as this user may see; without this one.
  public static func all(of node: String) -> [NodeUser] {
    SystemFile.names(in: "/proc").compactMap { Int32($0) }.filter { $0 != getpid() }.sorted()
      .compactMap { process in
        let folder = "/proc/\(process)/fd"
        let isOpen = SystemFile.names(in: folder).contains {
          SystemFile.resolved("\(folder)/\($0)") == node
        }
        guard isOpen else { return nil }
        return NodeUser(
          process: process, name: SystemFile.line("/proc/\(process)/comm") ?? "a program")
      }
  }
}
