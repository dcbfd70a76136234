import Foundation
import Testing
import VideoDevices

@Suite("cameras in the kernel's tree") struct DeviceTreeTests {
  /// A tree with one USB camera of two nodes and a button, and a test driver's node.
  private func tree() throws -> String {
    let root = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
    let device = "\(root)/devices/usb1/1-1.4"
    let interface = "\(device)/1-1.4:1.0"
    func write(_ text: String, _ path: String) throws {
      let folder = (path as NSString).deletingLastPathComponent
      try FileManager.default.createDirectory(
        atPath: folder, withIntermediateDirectories: true)
      try text.write(toFile: path, atomically: false, encoding: .utf8)
    }
    func link(_ path: String, to target: String) throws {
      let folder = (path as NSString).deletingLastPathComponent
      try FileManager.default.createDirectory(
        atPath: folder, withIntermediateDirectories: true)
      try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: target)
    }
    for (name, value) in [
      ("idVendor", "a168"), ("idProduct", "0840"), ("serial", "TRX-7"), ("speed", "480"),
      ("manufacturer", "AnMo"), ("product", "Scope"),
    ] {
      try write("\(value)\n", "\(device)/\(name)")
    }
    for (index, name) in ["video3", "video4"].enumerated() {
      try write("\(index)\n", "\(interface)/video4linux/\(name)/index")
      try link("\(interface)/video4linux/\(name)/device", to: interface)
      try link("\(root)/class/video4linux/\(name)", to: "\(interface)/video4linux/\(name)")
    }
    try write("", "\(interface)/input/input9/event6/dev")
    try link("\(root)/class/input/event6", to: "\(interface)/input/input9/event6")
    try write("0\n", "\(root)/devices/platform/vivid.0/video4linux/video0/index")
    try link(
      "\(root)/devices/platform/vivid.0/video4linux/video0/device",
      to: "\(root)/devices/platform/vivid.0")
    try link(
      "\(root)/class/video4linux/video0",
      to: "\(root)/devices/platform/vivid.0/video4linux/video0")
    return root
  }

  @Test func `are those of USB, by the node that gives pictures, with their button`() throws {
    let root = try tree()
    let cameras = DeviceTree(system: root, nodes: "/nodes").cameras()
    let camera = try #require(cameras.first)
    #expect(cameras.count == 1)
    #expect("\(camera.identity)" == "usb:a168:0840:TRX-7")
    #expect(camera.identity.port == "1-1.4")
    #expect(camera.node == "/nodes/video3")
    #expect(camera.buttonNode == "/nodes/input/event6")
    #expect(camera.name == "AnMo Scope")
    #expect(camera.megabitsPerSecond == 480)
    try FileManager.default.removeItem(atPath: root)
  }

  @Test func `are none where there is no tree`() {
    #expect(DeviceTree(system: "/nonexistent").cameras() == [])
  }

  @Test func `what a machine lacks for them is told with its remedy`() {
    let checks = MachineCheck.all(root: "/nonexistent")
    #expect(checks.map(\.name) == ["driver", "udev", "rules"])
    #expect(checks.allSatisfy { !$0.isGood && $0.hint != nil })
  }
}
