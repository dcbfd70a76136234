import Foundation
import GRDB
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A capture station without hardware: a synthetic camera that is told what it shows.
final class Station {
  /// What `anagen assign --format json` says.
  struct Receipt: Decodable {
    struct Picture: Decodable {
      let sha256: String
      let bytes: Int
      let wasThere: Bool
    }
    let acquisition: String?
    let attempt: Int?
    let picture: Picture?
  }

  let place: TemporaryPlace
  /// The data folder's parent, empty before a run.
  let disk: String
  var data: String { "\(disk)/out" }
  private let pipeline: String
  private(set) var process: AnagenProcess?

  /// - Parameter camera: more settings of the camera.
  init(camera: String = "", study: String = "study: {id: open}") throws {
    place = try TemporaryPlace()
    disk = "\(place.path)/disk"
    pipeline = "\(place.path)/station.yaml"
    try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: true)
    try "anagen_study: 1\n\(study)\n".write(
      toFile: "\(place.path)/study.yaml", atomically: true, encoding: .utf8)
    try """
    anagen: 1
    name: station
    vars: {data: {type: path}}
    study: study.yaml
    stages:
      camera:
        use: dermatoscope.capture
        with: {device: synthetic, size: 640x480, trigger: command\(camera)}
      acquisitions:
        use: deidentify.acquisitions
        from: camera
        declassify: pseudonymised
        with: {profile: trial, key: "${secret:pseudonym-key}"}
      tables:
        use: registry.csv
        from: acquisitions
        accepts: pseudonymised
        with: {path: "${var:data}/tables"}
    """.write(toFile: pipeline, atomically: true, encoding: .utf8)
  }

  deinit { process?.send(SIGKILL) }

  /// Starts the run, and waits until it can be told something or has ended.
  func start(_ variables: [String: String] = [:]) throws {
    let process = try AnagenProcess(
      ["run", pipeline, "--var", "data=\(data)", "--format", "json"], printingTo: place.path,
      variables: variables)
    self.process = process
    let start = ContinuousClock.now
    while process.isRunning, .now - start < .seconds(120) {
      if try command(["--nobody"]).status == 0 { return }
      usleep(20_000)
    }
  }

  /// Has it drain.
  func stop() throws -> AnagenProcess.Outcome {
    process?.send(SIGTERM)
    return try #require(try process?.wait())
  }

  /// `anagen assign` on its data folder.
  func assign(_ more: [String]) throws -> AnagenProcess {
    try AnagenProcess(
      ["assign", "--data", data, "--format", "json"] + more, printingTo: place.path)
  }

  /// The same to its end.
  func command(_ more: [String]) throws -> AnagenProcess.Outcome { try assign(more).wait() }

  static func receipt(_ outcome: AnagenProcess.Outcome) throws -> Receipt {
    try JSONDecoder().decode(Receipt.self, from: Data(outcome.results.utf8))
  }

  /// Each capture that stands: its acquisition, and the SHA-256 of its picture.
  func captures() throws -> [String: String] {
    let ledger = try DatabaseQueue(path: "\(data)/private/ledger.sqlite")
    return try ledger.read { db in
      let rows = try Row.fetchAll(
        db,
        sql: """
          SELECT identity, json_extract(CAST(payload AS TEXT), '$.original.sha256') AS sha256
          FROM record WHERE schema LIKE 'anagen.captured-image/%' AND superseded_by IS NULL
          """)
      return Dictionary(
        uniqueKeysWithValues: rows.map { row in
          let identity: String = row["identity"]
          return (String(identity.split(separator: ":")[1]), row["sha256"])
        })
    }
  }
}

extension Station {
  /// The words for one acquisition of subject 01-001.
  static func words(visit: String = "BL", region: String = "VX") -> [String] {
    ["--subject", "01-001", "--visit", visit, "--region", region]
  }
}
