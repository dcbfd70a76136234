import ClinicalRecords
import PipelineFiles

/// Files that a test holds in memory.
struct TestFiles: InputFiles {
  var files: [String: String] = [:]
  var folders: Set<String> = []

  func kind(of path: String) -> InputFileKind? {
    if files[path] != nil { return .file }
    return folders.contains(path) ? .folder : nil
  }

  func read(_ path: String, limit: Int) throws(InputFileError) -> [UInt8] {
    guard let text = files[path] else {
      throw InputFileError(.unreadable, subject: path, errno: 2, hint: "a test's file")
    }
    return Array(text.utf8.prefix(limit))
  }

  /// A number that depends on the text, wide enough for a test.
  func digest(of path: String) throws(InputFileError) -> ContentDigest {
    var state: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in try read(path, limit: .max) { state = (state ^ UInt64(byte)) &* 0x100_0000_01B3 }
    let digits = String(state, radix: 16)
    let text = String(repeating: "0", count: 64 - digits.count) + digits
    guard let digest = ContentDigest(hexadecimal: text) else {
      preconditionFailure("64 hexadecimal digits")
    }
    return digest
  }
}

/// What the tests of pipelines are read in: `/clinic`, 8 GiB, a few files.
enum TestClinic {
  static let surroundings = PlanSurroundings(
    workingDirectory: "/clinic", environment: ["CLINIC": "north"], memoryBytes: 8 << 30,
    files: TestFiles(
      files: [
        "/clinic/study.yaml": "anagen_study: 1\nstudy: {id: S1}\n",
        "/clinic/broken.yaml": "anagen_study: 1\nstudy: {id: S1, statsu: draft}\n",
        "/clinic/profiles/scope.yaml": "um_per_px: 5\n",
        "/clinic/fixtures/name/record.json": "{}", "/clinic/fixtures/name/manifest.csv": "file\n",
      ],
      folders: ["/clinic/images", "/clinic/fixtures/name", "/clinic/fixtures/empty"]))

  static let reader = PipelineReader(
    catalogue: TestStages.catalogue, surroundings: surroundings)

  static let anyDigest: ContentDigest = {
    guard let digest = ContentDigest(hexadecimal: String(repeating: "0", count: 64)) else {
      preconditionFailure("64 hexadecimal digits")
    }
    return digest
  }()

  static func read(
    _ text: String, _ variables: [String: String] = [:]
  ) -> PipelineReader.Reading {
    reader.read(text: Array(text.utf8), fileName: "pipeline.yaml", variables: variables)
  }

  /// A whole pipeline of every kind of stage, without fault.
  static let good = """
    anagen: 1
    name: station
    vars:
      data: {type: path, default: out}
      study: {type: file, default: study.yaml}
      images: {type: path, default: images}
    study: "${var:study}"
    defaults:
      queue: {max_records: 8, max_bytes: 128MiB}
      retry: {attempts: 5, initial: 500ms, max: 30s}
    memory: 2GiB
    durability: full
    stages:
      camera:
        use: test.folder
        with: {path: "${var:images}"}
      calibrate:
        use: test.calibrate
        from: camera
        with: {profile: profiles/scope.yaml, max_age: 48h}
      analyse:
        use: test.measure
        from: calibrate
        concurrency: 2
        with: {channels: [luma, green], sensitivity: 0.7}
        limits: {time: 60s}
      report:
        use: test.report
        from: analyse
      rows:
        use: test.release
        from: analyse
        declassify: pseudonymised
        with: {profile: trial, key: "${secret:pseudonym-key}"}
      public:
        use: test.recode
        from: rows
        declassify: deidentified
        queue: {max_records: 1000, max_bytes: 1MiB}
      registry:
        use: test.registry
        from: [rows, public]
        accepts: pseudonymised
        retry: {attempts: 3}
        with: {path: "${var:data}/registry.sqlite"}
      table:
        use: test.table
        from: public
        accepts: deidentified
        with: {path: rows.csv}
    tests:
      - name: nothing leaves
        feed: {stage: rows, record: fixtures/name}
        expect: [{stage: registry, records: 0}]

    """
}
