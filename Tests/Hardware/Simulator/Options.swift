import Glibc

/// What the simulator is told on its command line.
struct Options {
  /// How the streaming endpoint carries pictures.
  enum Transfer { case isochronous, bulk }

  var transfer = Transfer.isochronous
  /// USB vendor and product; 1209:0001 is the test id of pid.codes.
  var vendor = 0x1209
  var product = 0x0001
  /// The serial number; empty for a device without one.
  var serial = "SIM0001"
  /// The port of the virtual host controller.
  var port = 0
  /// The most frames a second.
  var framesPerSecond = 30.0
  /// Whether payloads carry the device's clock.
  var sendsClock = false
  /// A folder of JPEGs that are sent in the order of their names, over and over.
  var frames: String?
  /// A FIFO from which one command a line is read.
  var control: String?

  static let usage = """
    usage: dermatoscope-simulator [--bulk] [--clock] [--serial TEXT] [--vendor HEX] [--product HEX]
      [--port N] [--fps N] [--frames FOLDER] [--control FIFO]
    A USB dermatoscope behind the kernel's virtual host controller (vhci_hcd).
    Commands, one a line: press, release, click, unplug, replug, bounce MS, error N, cut N, drop N,
      corrupt N, endless N, freeze MS, stall N, magnify N, count, quit
    """

  init(_ arguments: some Sequence<String>) {
    var rest = Array(arguments)
    func value(of name: String) -> String {
      guard !rest.isEmpty else { Simulator.stop("\(name) needs a value\n\(Options.usage)") }
      return rest.removeFirst()
    }
    func number(of name: String, radix: Int = 10) -> Int {
      guard let number = Int(value(of: name), radix: radix) else {
        Simulator.stop("\(name) takes a number")
      }
      return number
    }
    while !rest.isEmpty {
      let name = rest.removeFirst()
      switch name {
      case "--bulk": transfer = .bulk
      case "--clock": sendsClock = true
      case "--serial": serial = value(of: name)
      case "--vendor": vendor = number(of: name, radix: 16)
      case "--product": product = number(of: name, radix: 16)
      case "--port": port = number(of: name)
      case "--fps": framesPerSecond = Double(number(of: name))
      case "--frames": frames = value(of: name)
      case "--control": control = value(of: name)
      default: Simulator.stop("\(name) is unknown\n\(Options.usage)")
      }
    }
  }
}

/// Little-endian bytes of a number, as USB has them.
func littleEndian(_ value: Int, _ count: Int) -> [UInt8] {
  (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
}

/// The number of little-endian bytes.
func number(_ bytes: some BidirectionalCollection<UInt8>) -> Int {
  bytes.reversed().reduce(0) { $0 << 8 | Int($1) }
}

/// Seconds of the monotonic clock.
func now() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}
