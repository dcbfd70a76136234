import Glibc
import Imaging

/// The work of a session's thread: waits for whatever comes first, and sees to it.
final class CameraLoop {
  private let request: CameraRequest
  private let tree: DeviceTree
  private let clock: () -> Double
  private let bell: Int32
  private let handle: (CameraEvent) -> Void
  private let monitor: ArrivalMonitor
  /// Frames that had to be copied; a few of the largest.
  private let pool = FramePool(byteLimit: 64 << 20)

  private var watchdog = CameraWatchdog()
  private var lock: ControlLock
  private var camera: OpenCamera?
  /// The one device that this session is bound to, once it was open.
  private var bound: DeviceIdentity?
  /// Why it was unavailable when that was last told; each reason is told once.
  private var told: CameraError.Code?
  private(set) var tally = CameraTally()

  init(
    _ request: CameraRequest, _ tree: DeviceTree, _ clock: @escaping () -> Double, bell: Int32,
    _ handle: @escaping (CameraEvent) -> Void
  ) throws(CameraError) {
    self.request = request
    self.tree = tree
    self.clock = clock
    self.bell = bell
    self.handle = handle
    monitor = try ArrivalMonitor()
    lock = ControlLock(request.controls)
  }

  /// Waits for one thing to happen, or for the watchdog, and sees to it.
  func turn() throws(CameraError) {
    let now = clock()
    switch watchdog.action(at: now, interval: interval) {
    case .wait: break
    case .open: try open(at: now)
    case .restart: stalled(at: now)
    }
    wait()
  }

  /// Closes the camera, with its automatic controls on for the next program.
  func finish() {
    guard let camera else { return }
    var controls = NodeControls(camera.node)
    do throws(CameraError) {
      try lock.release(&controls)
    } catch {
      handle(.unavailable(error))
    }
    camera.close()
    self.camera = nil
  }

  private var interval: Double { camera?.sequence.interval ?? 0 }

  // MARK: Waiting

  private func wait() {
    let left = watchdog.deadline(interval: interval) - clock()
    let video = camera?.node.descriptor.number ?? -1
    let button = camera?.buttonDescriptor ?? -1
    var polled = [
      pollfd(fd: video, events: Int16(POLLIN | POLLPRI), revents: 0),
      pollfd(fd: button, events: Int16(POLLIN), revents: 0),
      pollfd(fd: monitor.descriptor, events: Int16(POLLIN), revents: 0),
      pollfd(fd: bell, events: Int16(POLLIN), revents: 0),
    ]
    let milliseconds = Int32(max(0, min(60_000, (left * 1000).rounded(.up))))
    guard poll(&polled, 4, milliseconds) > 0 else { return }
    // Presses first: a press is a moment between frames.
    if polled[1].revents != 0 { takePresses() }
    if polled[0].revents & Int16(POLLPRI) != 0 { takeChanges() }
    if polled[0].revents != 0 {
      takeFrames(isHungUp: polled[0].revents & Int16(POLLHUP | POLLERR) != 0)
    }
    if polled[2].revents != 0, monitor.takeArrivals() { watchdog.arrival(at: clock()) }
    if polled[3].revents != 0 {
      var count: UInt64 = 0
      _ = read(bell, &count, 8)
    }
  }

  private func takePresses() {
    guard let camera else { return }
    for time in camera.presses() { handle(.pressed(time)) }
  }

  private func takeChanges() {
    while let (name, value) = camera?.nextChange() {
      let wasHeld = lock.changed(name, to: value)
      handle(.changed(name, value: value, wasHeld: wasHeld))
    }
  }

  private func takeFrames(isHungUp: Bool) {
    guard let camera else { return }
    while true {
      switch camera.node.dequeue() {
      case .filled(let filled):
        let now = clock()
        watchdog.frame(at: now)
        take(filled, of: camera, at: now)
      case .none:
        if isHungUp { lose(ENODEV) }
        return
      case .gone(let number):
        lose(number)
        return
      }
    }
  }

  // MARK: One frame

  private func take(_ filled: CameraNode.Filled, of camera: OpenCamera, at now: Double) {
    let lost = camera.sequence.note(
      number: filled.number, timestamp: filled.timestamp, arrival: now,
      isFlagged: filled.isFlagged)
    tally.lost = tally.lost + lost
    let bytes = UnsafeRawBufferPointer(
      rebasing: camera.buffers.bytes(of: filled.index).prefix(filled.byteCount))
    let damage = filled.isFlagged ? .flagged : FrameDamage.find(in: bytes, of: camera.format)
    if let damage {
      tally.damaged[damage, default: 0] += 1
      requeue(filled, camera)
      return handle(.damaged(damage))
    }
    guard camera.settling.isDone else {
      requeue(filled, camera)
      return settle(camera, at: now)
    }
    tally.frames += 1
    let lent: FrameBytes
    if camera.buffers.mayLend() {
      lent = FrameBytes(camera.buffers, index: filled.index, count: filled.byteCount)
    } else {
      lent = FrameBytes(copying: bytes, into: pool)
      tally.copied += 1
      requeue(filled, camera)
    }
    handle(
      .frame(
        CameraFrame(
          bytes: lent, format: camera.format, number: filled.number, timestamp: filled.timestamp,
          dequeued: now, lostBefore: lost, lost: tally.lost, controls: lock.values,
          brokenLocks: lock.broken, identity: camera.device.identity)))
  }

  private func requeue(_ filled: CameraNode.Filled, _ camera: OpenCamera) {
    if let number = camera.buffers.requeue(filled.index) { lose(number) }
  }

  /// One more frame that does not count; the last of them holds the controls.
  private func settle(_ camera: OpenCamera, at now: Double) {
    var controls = NodeControls(camera.node)
    camera.settling.frame(at: now) {
      let ruled = Set(AutomaticControl.all.flatMap(\.ruled))
      return Dictionary(
        uniqueKeysWithValues: controls.controls().filter { ruled.contains($0.name) }
          .compactMap { control in control.current.map { (control.name, $0) } })
    }
    guard camera.settling.isDone, lock.held.isEmpty else { return }
    do throws(CameraError) {
      try lock.lock(&controls)
      handle(.locked(lock.held))
    } catch {
      unavailable(error)
      close()
    }
  }

  // MARK: Opening and closing

  private func open(at now: Double) throws(CameraError) {
    do throws(CameraError) {
      let device = try find()
      let opened = try OpenCamera(device, request, &lock, now: now)
      camera = opened
      bound = device.identity
      told = nil
      tally.openings += 1
      watchdog.opened(at: clock())
      handle(.opened(device.identity, opened.format))
    } catch {
      watchdog.closed(at: now)
      // What no plugging mends ends the session, unless it ran before: then it waits for a person.
      let isFinal: [CameraError.Code] = [.ambiguous, .noSuchFormat, .control, .bandwidth]
      if bound == nil, isFinal.contains(error.code) { throw error }
      unavailable(error)
    }
  }

  private func find() throws(CameraError) -> VideoDevice {
    let devices = tree.cameras()
    guard let bound else { return try request.device.select(from: devices) }
    let same = devices.filter { $0.identity.isSameDevice(as: bound) }
    if let device = same.first(where: { $0.identity.port == bound.port }) { return device }
    if same.count == 1 { return same[0] }
    guard same.isEmpty else { return try request.device.select(from: devices) }
    throw CameraError(.unplugged, subject: "\(bound) is gone", hint: "plug it in again")
  }

  private func stalled(at now: Double) {
    tally.stalls += 1
    let name = bound.map { "\($0)" } ?? "the camera"
    unavailable(
      CameraError(
        .stalled, subject: "\(name) sends nothing",
        hint: "it is started again; if that does not help, unplug it and plug it in"))
    close()
    // Tried at once: the device is still there.
    watchdog.arrival(at: now)
  }

  private func lose(_ number: Int32) {
    guard camera != nil else { return }
    let name = bound.map { "\($0)" } ?? "the camera"
    unavailable(
      CameraError(.unplugged, subject: "\(name) is gone", hint: "plug it in again", errno: number))
    close()
  }

  private func close() {
    camera?.close()
    camera = nil
    watchdog.closed(at: clock())
  }

  private func unavailable(_ error: CameraError) {
    guard told != error.code else { return }
    told = error.code
    handle(.unavailable(error))
  }
}

extension OpenCamera {
  /// The descriptor to wait on for presses.
  var buttonDescriptor: Int32? { button?.descriptor.number }

  /// The times of presses that wait.
  func presses() -> [Double] { button?.presses() ?? [] }
}
