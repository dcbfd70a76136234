import Foundation
import Testing
import VideoDevices

extension HardwareTests {
  @Suite("who may use a dermatoscope") struct PermissionTests {
    init() throws {
      // The rules are read when they are new, and hold for what is plugged in from then on.
      let rules = "/etc/udev/rules.d/\(MachineCheck.rules)"
      if access(rules, F_OK) != 0 {
        try FileManager.default.copyItem(atPath: "udev/\(MachineCheck.rules)", toPath: rules)
        try #require(RunningProgram.run("udevadm", "control", "--reload") == 0)
      }
    }

    @Test func `its nodes belong to a group, and to nobody else`() throws {
      let camera = try SimulatedCamera("--bulk", "--serial", "TRX-7")
      try #require(RunningProgram.run("udevadm", "settle") == 0)
      let device = try #require(DeviceTree().cameras().first)
      for node in [device.node, try #require(device.buttonNode)] {
        var status = stat()
        try #require(stat(node, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o660, "\(node)")
        #expect(getgrgid(status.st_gid).map { String(cString: $0.pointee.gr_name) } == "video")
      }
      let link = try FileManager.default.destinationOfSymbolicLink(
        atPath: "/dev/dermatoscope-TRX-7")
      #expect("/dev/\(link)" == device.node)
      withExtendedLifetime(camera) {}
    }

    @Test func `a user in the group captures, one outside is told which is missing`() throws {
      let camera = try SimulatedCamera("--bulk", "--serial", "TRX-7")
      try #require(RunningProgram.run("udevadm", "settle") == 0)
      let program = ".build/release/anagen"
      let file = "/tmp/permission-\(UUID().uuidString).jpg"
      let group = try #require(getgrnam("video")).pointee.gr_gid
      func capture(_ groups: String...) throws -> Int32 {
        try RunningProgram.run(
          "setpriv",
          arguments: ["--reuid=65534", "--regid=65534"] + groups
            + [program, "capture", file])
      }
      #expect(try capture("--clear-groups") == 69)
      #expect(try capture("--groups=\(group)") == 0)
      let bytes = try Data(contentsOf: URL(filePath: file))
      #expect(bytes.prefix(2) == Data([0xFF, 0xD8]))
      let told = try RunningProgram.output(
        "setpriv",
        arguments: ["--reuid=65534", "--regid=65534", "--clear-groups", program, "devices"])
      #expect(told.contains("this user is not in its group 'video'"))
      withExtendedLifetime(camera) {}
    }
  }
}
