import Logging
import PipelineFiles

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

// The only file that writes to the terminal. Its rules:
// - results go to stdout, everything else to stderr;
// - `error: what; what to do`, lower case, no full stop;
// - with `--log-format json`, and where a run has no terminal, every line of stderr is one object
//   (`LogLine`);
// - colour and progress only where stderr is a terminal, never with NO_COLOR or TERM=dumb;
// - a reader that has gone (`anagen ... | head`) ends the command quietly with 0.

/// Where a command's results and talk go.
struct Terminal: Sendable {
  /// stdout was closed by who reads it.
  struct ReaderGone: Error {}

  /// Whether stderr is a terminal that can redraw a line.
  let isInteractive: Bool
  /// Whether stdout is a terminal on which a result can be drawn anew.
  let canRedrawResults: Bool
  private let isColoured: Bool
  /// Whether every line of stderr is a JSON object.
  let speaksJSON: Bool

  init(environment: [String: String], arguments: [String]) {
    isInteractive = isatty(STDERR_FILENO) == 1 && environment["TERM"] != "dumb"
    speaksJSON = LogOptions.speaksJSON(arguments, isTerminal: isInteractive)
    canRedrawResults = isatty(STDOUT_FILENO) == 1 && environment["TERM"] != "dumb"
    // https://no-color.org: present and not empty.
    isColoured = isInteractive && (environment["NO_COLOR"] ?? "").isEmpty
  }

  /// Writes a result and a line feed to stdout.
  ///
  /// - Throws: ``ReaderGone``, or ``CommandFailure`` when stdout cannot be written.
  func result(_ text: String) throws {
    try result(bytes: Array((text + "\n").utf8))
  }

  /// Writes bytes to stdout.
  func result(bytes: [UInt8]) throws {
    guard let code = write(bytes, to: STDOUT_FILENO) else { return }
    if code == EPIPE { throw ReaderGone() }
    throw CommandFailure(
      .io, "stdout cannot be written: \(String(cString: strerror(code)))",
      hint: "make room or choose another place for the output")
  }

  /// Says something to the person.
  func talk(_ text: String) { say(.notice, text) { text } }

  /// Writes a log line.
  func log(_ line: LogLine) { self.line(speaksJSON ? line.json : line.text) }

  /// Says what failed and what to do.
  func error(_ what: String, hint: String) {
    say(.error, what, hint.isEmpty ? [:] : ["hint": hint]) {
      "\(coloured("error:", "1;31")) \(what)" + (hint.isEmpty ? "" : "; \(hint)")
    }
  }

  /// Says what somebody should look at.
  func warning(_ what: String) {
    say(.warning, what) { "\(coloured("warning:", "1;33")) \(what)" }
  }

  /// Shows what is wrong with a file, each problem at its place.
  func show(_ diagnostics: [Diagnostic]) {
    guard !diagnostics.isEmpty else { return }
    let isError = diagnostics.contains { $0.severity == .error }
    let text = Diagnostics.text(diagnostics)
    say(isError ? .error : .warning, text) { text }
  }

  /// Shows one of the problems that a command cannot go on for.
  func problem(_ text: String) { say(.error, text) { text } }

  /// Says how the command line is wrong, in the parser's words.
  func usageError(_ text: String) {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
      .filter { !$0.hasPrefix("Usage: ") }.joined(separator: "\n")
    let body = lines.hasPrefix("Error: ") ? lines.dropFirst("Error: ".count) : lines[...]
    let words = "\(body.prefix(1).lowercased())\(body.dropFirst())"
    say(.error, words) { "\(coloured("error:", "1;31")) \(words)" }
  }

  /// Redraws the last line of an interactive terminal; an empty text clears it.
  func redraw(_ text: String) {
    guard isInteractive, !speaksJSON else { return }
    _ = write(Array("\r\u{1B}[K\(text)".utf8), to: STDERR_FILENO)
  }

  /// How many characters a line of the terminal holds.
  var width: Int { Terminal.size(STDERR_FILENO).columns }

  /// Columns and lines of the terminal that results go to.
  var resultSize: (columns: Int, lines: Int) { Terminal.size(STDOUT_FILENO) }

  private static func size(_ descriptor: Int32) -> (columns: Int, lines: Int) {
    var size = winsize()
    guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
      return (80, 24)
    }
    return (Int(size.ws_col), Int(size.ws_row))
  }

  private func say(
    _ level: Logger.Level, _ what: String, _ metadata: [String: String] = [:],
    text: () -> String
  ) {
    line(speaksJSON ? LogLine(level, what, metadata).json : text())
  }

  private func line(_ text: String) {
    let clear = isInteractive && !speaksJSON ? "\r\u{1B}[K" : ""
    // A talk that nobody can hear is no reason to stop the work.
    _ = write(Array("\(clear)\(text)\n".utf8), to: STDERR_FILENO)
  }

  private func coloured(_ text: String, _ code: String) -> String {
    isColoured ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
  }

  /// Writes all bytes; the error number when that fails.
  private func write(_ bytes: [UInt8], to descriptor: Int32) -> Int32? {
    bytes.withUnsafeBytes { buffer in
      var start = 0
      while start < buffer.count {
        let rest = UnsafeRawBufferPointer(rebasing: buffer[start...])
        #if canImport(Glibc)
          let written = Glibc.write(descriptor, rest.baseAddress, rest.count)
        #else
          let written = Musl.write(descriptor, rest.baseAddress, rest.count)
        #endif
        if written < 0 {
          if errno == EINTR { continue }
          return errno
        }
        start += written
      }
      return nil
    }
  }
}

/// A result on a terminal that is drawn over its last state.
struct RedrawnResult {
  private let terminal: Terminal
  private var drawn = 0

  init(_ terminal: Terminal) { self.terminal = terminal }

  /// Draws lines, cut to what the terminal shows at once.
  mutating func draw(_ text: String) throws {
    let (columns, rows) = terminal.resultSize
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
      .prefix(max(1, rows - 1)).map { $0.prefix(columns) }
    let back = drawn > 0 ? "\u{1B}[\(drawn)A\r" : ""
    let body = lines.map { "\($0)\u{1B}[K\n" }.joined()
    try terminal.result(bytes: Array("\(back)\(body)\u{1B}[J".utf8))
    drawn = lines.count
  }
}
