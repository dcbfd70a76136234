import ArgumentParser
import ClinicalRecords
import FoundationEssentials

/// `anagen measure`: pictures in, figures out, nothing kept.
struct MeasureCommand: AnagenCommand {
  static let configuration = CommandConfiguration(
    commandName: "measure",
    abstract: "Count and measure the hairs on pictures.",
    discussion: """
      Prints a summary of each picture and draws the hairs on a copy beside it, NAME.measured.png.

        anagen measure scalp.jpg --um-per-px 5
        anagen measure visit1/ visit2/*.png --um-per-px 5 --out drawn
        anagen measure scalp.jpg --um-per-px 5 --study study.yaml
        anagen measure DIR --um-per-px 5 --format json > hairs.jsonl

      The scale is what one pixel shows of the skin, in micrometres: photograph a ruler with the \
      same optics and divide.

      A folder stands for the pictures in it and below it. With json, each picture is one line of \
      schema anagen.hair-measurement/1.0, in the order of the arguments; pictures of one name \
      have as much of their folders with it as tells them apart. Without a study the \
      whole picture is measured, less what is masked; with one, its target area.

      A picture that cannot be measured gives an error and the others are measured all the same: \
      the exit status is then 1. When none could be measured it is 65, or 74 if none could be \
      read.
      """)

  @Argument(
    help: ArgumentHelp("Pictures (JPEG, PNG, TIFF), folders or patterns.", valueName: "file"))
  var files: [String]

  @Option(
    // Unconditional, so that a negative number is read, and answered, as a number.
    name: .customLong("um-per-px"), parsing: .unconditional,
    help: ArgumentHelp("The scale: micrometres of skin in one pixel.", valueName: "number"))
  var micrometresPerPixel: Double?

  @Option(help: ArgumentHelp("A study file: target area and cut-offs.", valueName: "file"))
  var study: String?

  @OptionGroup var output: FormatOption

  @Flag(inversion: .prefixedNo, help: "Draw the hairs on a copy of each picture.")
  var overlay = true

  @Option(
    help: ArgumentHelp(
      "Where the drawn copies go; beside each picture otherwise.", valueName: "folder"))
  var out: String?

  @Option(help: "How many pictures at once; as many as the machine has cores otherwise.")
  var jobs: Int?

  func validate() throws {
    // Whether a scale is given at all is asked later: the parser names a misspelt option only
    // after this, and a misspelt --um-per-px would be answered with what it is meant to be.
    if let scale = micrometresPerPixel, !(scale.isFinite && scale > 0) {
      throw ValidationError(
        "--um-per-px \(scale.isFinite ? JSONValue.number(scale).text : "\(scale)") is no scale; "
          + "it is positive: give the micrometres of skin in one pixel, such as 5")
    }
    if let jobs, !(1...256).contains(jobs) {
      throw ValidationError("--jobs \(jobs) is out of range; give 1 to 256")
    }
  }

  func run(in environment: CommandEnvironment) async throws -> ExitStatus {
    guard let micrometresPerPixel else {
      throw CommandFailure(
        .usage, "no scale",
        hint: "give --um-per-px NUMBER, the micrometres of skin in one pixel")
    }
    let terminal = environment.terminal
    let (paths, passedOver, failures) = try PictureSelection.pictures(for: files)
    if passedOver > 0 {
      terminal.talk(
        "passed over \(passedOver) drawing\(passedOver == 1 ? "" : "s") of anagen, "
          + "NAME\(PictureSelection.overlayMark).png")
    }
    let names = PictureSelection.names(of: paths)
    let measurement = try PictureMeasurement(
      micrometresPerPixel: micrometresPerPixel,
      study: try study.map { try StudyArgument.read($0, on: terminal) } ?? .open())
    let drawing = try overlay ? drawingPlaces(for: paths) : [:]
    let stop = StopRequest(Signals(on: terminal), terminal, noun: "pictures")
    let bar = ProgressBar(terminal, total: paths.count, noun: "pictures")
    var tally = Tally()
    for failure in failures {
      terminal.error(failure.what, hint: failure.hint)
      tally.add(.failure(failure))
    }
    let delivered = try await OrderedWork.run(
      paths, limit: jobs ?? ProcessInfo.processInfo.activeProcessorCount,
      mayBegin: { !stop.isRequested },
      work: { path in
        Attempt(path) {
          try measurement.measure(path, named: names[path] ?? path, drawnAt: drawing[path])
        }
      },
      deliver: { attempt in
        bar.clear()
        try show(attempt, on: terminal)
        tally.add(attempt.result)
        bar.update(done: tally.count - failures.count)
      })
    bar.clear()
    if delivered < paths.count {
      terminal.talk("stopped: \(delivered) of \(paths.count) pictures were measured")
      return .interrupted
    }
    if output.format == .text, tally.measured > 0 {
      terminal.talk("anagen is research software, not a medical device")
    }
    return tally.status
  }

  /// Where each picture's drawn copy goes; two pictures never share a place.
  private func drawingPlaces(for paths: [String]) throws -> [String: String] {
    if let out { try FileAccess.makeFolder(out) }
    var places: [String: String] = [:]
    var taken: [String: String] = [:]
    for path in paths {
      let place = PictureSelection.overlayPath(for: path, in: out)
      if let other = taken[place], other != path {
        throw CommandFailure(
          .usage, "\(other) and \(path) would both be drawn as \(place)",
          hint: "measure them apart, or give --no-overlay")
      }
      taken[place] = path
      places[path] = place
    }
    return places
  }

  private func show(_ attempt: Attempt, on terminal: Terminal) throws {
    switch attempt.result {
    case .failure(let failure):
      terminal.error(failure.what, hint: failure.hint)
    case .success(let picture):
      for note in picture.notes { terminal.warning("\(attempt.path): \(note)") }
      switch output.format {
      case .json:
        try terminal.result(bytes: CanonicalJSONEncoder().encode(picture.measurement) + [10])
      case .text:
        try terminal.result(MeasurementText.summary(of: picture, at: attempt.path))
      }
      if let undrawn = picture.undrawn { terminal.error(undrawn.what, hint: undrawn.hint) }
    }
  }
}

/// What came of one picture.
private struct Attempt: Sendable {
  let path: String
  let result: Result<MeasuredPicture, CommandFailure>

  init(_ path: String, _ measure: () throws -> MeasuredPicture) {
    self.path = path
    do {
      result = .success(try measure())
    } catch {
      result = .failure(
        CommandFailure(describing: error).map { $0.about(path) }
          ?? CommandFailure(
            .bug, "\(path): unexpected: \(error)",
            hint: "this is a bug of anagen; report it with the picture's size and format"))
    }
  }
}

/// How many pictures could be measured and were accepted, and why the others could not.
private struct Tally {
  private(set) var measured = 0
  private var rejected = 0
  private var undrawn = 0
  private var failures: [ExitStatus] = []

  var count: Int { measured + failures.count }

  mutating func add(_ result: Result<MeasuredPicture, CommandFailure>) {
    switch result {
    case .success(let picture):
      measured += 1
      if !picture.measurement.quality.accepted { rejected += 1 }
      if picture.undrawn != nil { undrawn += 1 }
    case .failure(let failure): failures.append(failure.status)
    }
  }

  var status: ExitStatus {
    if failures.isEmpty, undrawn > 0 { return .io }
    if failures.isEmpty { return rejected == 0 ? .done : .setAside }
    if failures.contains(.bug) { return .bug }
    if measured > 0 { return .setAside }
    return failures.allSatisfy { $0 == .io } ? .io : .badData
  }
}
