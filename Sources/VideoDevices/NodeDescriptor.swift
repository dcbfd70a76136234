import Glibc

/// An open device node; closed when it is let go.
struct NodeDescriptor: ~Copyable {
  let number: Int32

  /// Opens a node so that no call on it waits.
  ///
  /// - Throws: ``CameraError`` `noPermission`, `busy`, `unplugged` or `io`.
  init(_ path: String, flags: Int32 = O_RDWR) throws(CameraError) {
    let opened = open(path, flags | O_NONBLOCK | O_CLOEXEC)
    guard opened >= 0 else { throw NodeDescriptor.failure(toOpen: path, errno) }
    number = opened
  }

  deinit { close(number) }

  /// Makes a request of the kernel; an interrupted one is made again.
  ///
  /// - Returns: the system's error number; `nil` when it was done.
  borrowing func request<Argument>(_ code: UInt, _ argument: inout Argument) -> Int32? {
    NodeDescriptor.request(number, code, &argument)
  }

  /// The same on a descriptor that somebody else holds open.
  static func request<Argument>(
    _ descriptor: Int32, _ code: UInt, _ argument: inout Argument
  ) -> Int32? {
    while true {
      let result = withUnsafeMutablePointer(to: &argument) {
        ioctl(descriptor, code, UnsafeMutableRawPointer($0))
      }
      if result >= 0 { return nil }
      if errno != EINTR { return errno }
    }
  }

  private static func failure(toOpen path: String, _ number: Int32) -> CameraError {
    switch number {
    case EACCES, EPERM:
      NodePermission.refusal(of: path, number)
    case EBUSY:
      CameraError(
        .busy, subject: "\(path) is in use", hint: "close the program that uses it", errno: number)
    case ENOENT, ENODEV, ENXIO:
      CameraError(
        .unplugged, subject: "\(path) is gone", hint: "plug the device in", errno: number)
    default:
      CameraError(
        .io, subject: "\(path) cannot be opened: \(String(cString: strerror(number)))",
        hint: "unplug the device and plug it in again", errno: number)
    }
  }
}

/// Why a node may not be opened, and by whom it may.
enum NodePermission {
  /// Names the node's group, and whether this process is in it.
  static func refusal(of path: String, _ number: Int32) -> CameraError {
    var status = stat()
    guard stat(path, &status) == 0 else {
      return CameraError(
        .noPermission, subject: "\(path) may not be opened", hint: "install the udev rules",
        errno: number)
    }
    let group = groupName(status.st_gid)
    let mayGroup = status.st_mode & 0o060 == 0o060
    let hint: String
    if !mayGroup {
      hint = "its group '\(group)' may not use it; install the udev rules ('make install')"
    } else if isMember(of: status.st_gid) {
      hint = "the group may use it, and yet it was refused; look for a sandbox around the program"
    } else {
      hint =
        "this user is not in its group '\(group)'; add it ('usermod -aG \(group) USER') and log in "
        + "again"
    }
    return CameraError(
      .noPermission, subject: "\(path) may not be opened by this user", hint: hint, errno: number)
  }

  private static func groupName(_ group: gid_t) -> String {
    guard let entry = getgrgid(group), let name = entry.pointee.gr_name else { return "\(group)" }
    return String(cString: name)
  }

  private static func isMember(of group: gid_t) -> Bool {
    if getegid() == group { return true }
    var groups = [gid_t](repeating: 0, count: 1024)
    let count = getgroups(Int32(groups.count), &groups)
    return count > 0 && groups.prefix(Int(count)).contains(group)
  }
}
