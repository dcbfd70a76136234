import Glibc

/// A complete USB dermatoscope in user space, for tests.
///
/// It speaks USB/IP to the kernel's `vhci_hcd`, so that usbcore, uvcvideo, evdev, udev and all above
/// see what they would see of hardware.
@main
struct Simulator {
  private let options: Options
  private let descriptors: Descriptors
  private var controls = Controls()
  private var stream: Stream
  private var host = HostConnection()
  private var wanted: [Int: [HostConnection.Request]] = [:]
  private var interrupts: [[UInt8]] = []
  private var alternateSetting = 0
  private var nextPacketAt = 0.0
  private var replugAt: Double?
  private var line = ""

  static func main() {
    signal(SIGPIPE, SIG_IGN)
    var simulator = Simulator(Options(CommandLine.arguments.dropFirst()))
    simulator.run()
  }

  static func stop(_ message: String) -> Never {
    let text = "dermatoscope-simulator: \(message)\n"
    write(STDERR_FILENO, text, text.utf8.count)
    exit(69)
  }

  private init(_ options: Options) {
    self.options = options
    descriptors = Descriptors(options)
    stream = Stream(options)
  }

  private mutating func run() {
    let control = options.control.map { open($0, O_RDWR | O_NONBLOCK) } ?? -1
    plug()
    while true {
      let time = now()
      if let due = replugAt, time >= due { plug() }
      if host.isPlugged { pump(time) }
      var polled = [
        pollfd(fd: host.descriptor, events: Int16(POLLIN), revents: 0),
        pollfd(fd: control, events: Int16(POLLIN), revents: 0),
      ]
      guard poll(&polled, 2, wait) >= 0 || errno == EINTR else { Simulator.stop("no poll") }
      if polled[0].revents != 0, host.isPlugged { receive() }
      if polled[1].revents != 0 { readCommands(control) }
    }
  }

  /// Milliseconds until something is to be sent.
  private var wait: Int32 {
    var due = now() + 0.5
    if stream.isOn, !(wanted[1] ?? []).isEmpty {
      let frame = stream.isBetweenFrames ? max(stream.nextFrameAt, stream.frozenUntil) : 0
      due = min(due, options.transfer == .bulk ? frame : nextPacketAt)
    }
    if let replugAt { due = min(due, replugAt) }
    return Int32(max(0, ((due - now()) * 1000).rounded(.up)))
  }

  // MARK: Cable

  private mutating func plug() {
    replugAt = nil
    guard !host.isPlugged else { return }
    host.plug(port: options.port)
    wanted = [:]
    interrupts = []
    stream.set(on: false)
  }

  private mutating func unplug() {
    host.unplug()
    stream.set(on: false)
  }

  // MARK: Data to the host

  private mutating func pump(_ time: Double) {
    while !interrupts.isEmpty, let request = wanted[3]?.first {
      wanted[3]?.removeFirst()
      let status = interrupts.removeFirst()
      host.reply(request, status: 0, byteCount: status.count, data: status)
    }
    guard stream.isOn else { return }
    while let request = wanted[1]?.first {
      var data: [UInt8] = []
      if options.transfer == .bulk {
        let limit = min(request.byteCount, Descriptors.bulkPayload)
        let count = stream.appendPayload(limit: limit, at: time, to: &data)
        if count == 0 { return }
        wanted[1]?.removeFirst()
        host.reply(request, status: 0, byteCount: count, data: data)
      } else {
        guard time >= nextPacketAt else { return }
        nextPacketAt = max(nextPacketAt + Double(request.packets.count) * 125e-6, time - 0.02)
        wanted[1]?.removeFirst()
        var packets: [(offset: Int, byteCount: Int, actual: Int)] = []
        var offset = 0
        for limit in request.packets {
          let actual = stream.appendPayload(limit: limit, at: time, to: &data)
          packets.append((offset, limit, actual))
          offset += limit
        }
        host.reply(request, status: 0, byteCount: data.count, data: data, packets: packets)
      }
    }
  }

  // MARK: Requests of the host

  private mutating func receive() {
    switch host.receive() {
    case .gone: unplug()
    case .cancel(let sequence, let victim): cancel(sequence, victim)
    case .wanted(let request, let endpoint): wanted[endpoint, default: []].append(request)
    case .refused(let request): host.reply(request, status: -32, byteCount: 0)
    case .control(let request, let setup, let data, let isIn):
      guard let answer = answer(setup, data) else {
        host.reply(request, status: -32, byteCount: 0)
        return
      }
      let given = isIn ? Array(answer.prefix(request.byteCount)) : []
      host.reply(
        request, status: 0, byteCount: isIn ? given.count : request.byteCount, data: given)
    }
  }

  private mutating func cancel(_ sequence: UInt32, _ victim: UInt32) {
    for (endpoint, requests) in wanted {
      guard let index = requests.firstIndex(where: { $0.sequence == victim }) else { continue }
      wanted[endpoint]?.remove(at: index)
      return host.replyToCancel(sequence, status: -104)
    }
    host.replyToCancel(sequence, status: 0)
  }

  /// Answers a request on endpoint 0; `nil` stalls it.
  private mutating func answer(_ setup: [UInt8], _ data: [UInt8]) -> [UInt8]? {
    let value = number(setup[2..<4])
    let index = number(setup[4..<6])
    switch (setup[0], setup[1]) {
    case (0x80, 6): return descriptor(value)
    case (0x80, 0), (0x81, 0), (0x82, 0): return [0, 0]
    case (0x80, 8): return [1]
    case (0x00, 9): return []
    case (0x01, 11):
      if index == 1 {
        alternateSetting = value
        if options.transfer == .isochronous {
          nextPacketAt = now()
          stream.set(on: value != 0)
        }
      }
      return []
    case (0x81, 10): return [UInt8(alternateSetting)]
    case (0x02, 1):
      if options.transfer == .bulk, index == 0x81 { stream.set(on: false) }
      return []
    case (0x21, _), (0xa1, _):
      if stream.take("stall") { return nil }
      return index & 0xff == 1
        ? stream.answer(setup[1], value >> 8, data)
        : controls.answer(setup[1], (index >> 8) << 8 | value >> 8, data)
    default: return nil
    }
  }

  private func descriptor(_ value: Int) -> [UInt8]? {
    switch value >> 8 {
    case 1: return descriptors.device
    case 2: return descriptors.configuration
    case 6: return descriptors.qualifier
    case 3:
      let index = value & 0xff
      if index == 0 { return [4, 3, 0x09, 0x04] }
      guard index < descriptors.strings.count else { return nil }
      let text = descriptors.strings[index].utf16.flatMap { littleEndian(Int($0), 2) }
      return [UInt8(text.count + 2), 3] + text
    default: return nil
    }
  }

  // MARK: Commands

  private mutating func readCommands(_ control: Int32) {
    var bytes = [UInt8](repeating: 0, count: 512)
    let count = read(control, &bytes, bytes.count)
    if count > 0 { line += String(decoding: bytes[0..<count], as: UTF8.self) }
    while let end = line.firstIndex(of: "\n") {
      let command = line[..<end]
      line = String(line[line.index(after: end)...])
      carryOut(command)
    }
  }

  private mutating func carryOut(_ command: Substring) {
    let words = command.split(separator: " ")
    guard let verb = words.first.map(String.init) else { return }
    let amount = words.count > 1 ? Int(words[1]) ?? 1 : 1
    let pressed: [UInt8] = [2, 1, 0, 1]
    let released: [UInt8] = [2, 1, 0, 0]
    switch verb {
    case "press": interrupts.append(pressed)
    case "release": interrupts.append(released)
    case "click": interrupts += [pressed, released]
    case "unplug": unplug()
    case "replug": plug()
    case "bounce":
      unplug()
      replugAt = now() + Double(amount) / 1000
    case "error", "cut", "drop", "corrupt", "endless", "stall":
      stream.pending[verb, default: 0] += amount
    case "freeze": stream.frozenUntil = now() + Double(amount) / 1000
    case "magnify":
      controls.setMagnification(amount)
      interrupts.append([1, 3, 0, 3, 0] + littleEndian(amount, 2))
    case "count":
      let counts = stream.counts.sorted { $0.key < $1.key }.map { "\($0)=\($1)" }
      let text = counts.joined(separator: " ") + "\n"
      write(STDOUT_FILENO, text, text.utf8.count)
    case "quit":
      unplug()
      exit(0)
    default: Simulator.stop("the command \(verb) is unknown")
    }
  }
}
