import CLibUDev
import Glibc

/// Tells that video or input devices came or went, once udev has set their names and permissions.
struct ArrivalMonitor: ~Copyable {
  private let context: OpaquePointer
  private let monitor: OpaquePointer
  /// Readable when something came or went.
  let descriptor: Int32

  /// Starts to listen.
  ///
  /// - Throws: ``CameraError`` `io` when the system gives no monitor.
  init() throws(CameraError) {
    guard let context = udev_new() else { throw ArrivalMonitor.failure }
    guard let monitor = udev_monitor_new_from_netlink(context, "udev") else {
      udev_unref(context)
      throw ArrivalMonitor.failure
    }
    udev_monitor_filter_add_match_subsystem_devtype(monitor, "video4linux", nil)
    guard udev_monitor_enable_receiving(monitor) >= 0 else {
      udev_monitor_unref(monitor)
      udev_unref(context)
      throw ArrivalMonitor.failure
    }
    self.context = context
    self.monitor = monitor
    descriptor = udev_monitor_get_fd(monitor)
  }

  deinit {
    udev_monitor_unref(monitor)
    udev_unref(context)
  }

  /// Takes every message that waits; whether any told of an arrival.
  borrowing func takeArrivals() -> Bool {
    var hasArrived = false
    while let device = udev_monitor_receive_device(monitor) {
      if let action = udev_device_get_action(device), strcmp(action, "remove") != 0 {
        hasArrived = true
      }
      udev_device_unref(device)
    }
    return hasArrived
  }

  private static var failure: CameraError {
    CameraError(
      .io, subject: "arrivals of devices cannot be watched",
      hint: "see whether udev works on this machine ('udevadm monitor')")
  }
}
