/// One thing that a machine must have for capture, and whether it has.
public struct MachineCheck: Sendable, Hashable {
  /// What it is about, a word or two.
  public let name: String
  /// What was found.
  public let what: String
  /// What to do; `nil` when all is well.
  public let hint: String?

  /// Whether all is well.
  public var isGood: Bool { hint == nil }

  private init(_ name: String, _ what: String, hint: String? = nil) {
    self.name = name
    self.what = what
    self.hint = hint
  }

  /// The name of the rules that `make install` puts beside the system's.
  public static let rules = "70-dermatoscope.rules"

  /// Everything that must be in place before a camera is looked at.
  ///
  /// - Parameter root: the root of the file system; another than `/` serves tests.
  public static func all(root: String = "") -> [MachineCheck] {
    [driver(root), udev(root), rules(root)] + withoutDriver(root)
  }

  private static func driver(_ root: String) -> MachineCheck {
    SystemFile.resolved("\(root)/sys/module/uvcvideo") != nil
      ? MachineCheck("driver", "the kernel's driver of USB cameras is loaded")
      : MachineCheck(
        "driver", "the kernel's driver of USB cameras is not loaded",
        hint: "plug the camera in; if that does not load it, run 'modprobe uvcvideo' as root")
  }

  private static func udev(_ root: String) -> MachineCheck {
    SystemFile.resolved("\(root)/run/udev/control") != nil
      ? MachineCheck("udev", "udev works")
      : MachineCheck(
        "udev", "udev does not work here, so nothing tells of a camera that is plugged in",
        hint: "start systemd-udevd, or let the container have /run/udev")
  }

  private static func rules(_ root: String) -> MachineCheck {
    let folders = ["/etc/udev/rules.d", "/usr/local/lib/udev/rules.d", "/usr/lib/udev/rules.d"]
    let found = folders.first { SystemFile.resolved("\(root)\($0)/\(rules)") != nil }
    return found.map { MachineCheck("rules", "the rules for dermatoscopes are in \($0)") }
      ?? MachineCheck(
        "rules", "the rules for dermatoscopes are not installed",
        hint: "run 'make install' as root, then plug the camera in anew")
  }

  /// Interfaces of the video class that no driver has taken.
  private static func withoutDriver(_ root: String) -> [MachineCheck] {
    let folder = "\(root)/sys/bus/usb/devices"
    return SystemFile.names(in: folder).filter { name in
      SystemFile.line("\(folder)/\(name)/bInterfaceClass") == "0e"
        && SystemFile.line("\(folder)/\(name)/bInterfaceSubClass") == "01"
        && SystemFile.resolved("\(folder)/\(name)/driver") == nil
    }.map { name in
      MachineCheck(
        "port \(name.prefix { $0 != ":" })", "a camera is plugged in that no driver has taken",
        hint: "see the kernel's log ('dmesg'), and end a program that uses it through libusb")
    }
  }
}
