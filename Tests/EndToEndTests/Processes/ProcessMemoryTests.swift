import Foundation
import ImageCodecs
import Imaging
import Testing

/// A run stays below the ceiling that its plan prints, and its program below what of it is not for
/// the stage's process, whatever that process does with its frames.
@Suite("memory of a run whose stage is slow, hangs or dies")
struct ProcessMemoryTests {
  /// Of 11 MiB each in one plane of numbers, as `calibration.apply` makes them.
  static let frames = 24

  @Test(arguments: ["slow", "hangs", "dies"])
  func `stays below its ceiling`(way: String) throws {
    let (material, plugin) = (try Material(), try PluginFolder("hostile"))
    let picture = try JPEGEncoder(quality: 90).encode(
      InterleavedImage<UInt8>(width: 1920, height: 1440, channels: 1) { samples in
        for index in samples.indices { samples[index] = UInt8(truncatingIfNeeded: index / 1920) }
      })
    for number in 0..<Self.frames {
      // A comment behind the first marker, so that no two are the same.
      try material.add(
        picture[..<2] + [0xFF, 0xFE, 0, 3, UInt8(number)] + picture[2...], named: "\(number).jpg")
    }
    try material.writeManifest()
    let arguments = try pipeline(way, plugin, material)
    let plan = try Plan(
      try AnagenProcess.run(["plan"] + arguments, printingTo: material.path))
    let run = try AnagenProcess(
      ["run"] + arguments, printingTo: material.path)
    var (program, stage) = (0, 0)
    while run.isRunning {
      program = max(program, peak(of: run.identifier))
      for child in children(of: run.identifier) { stage = max(stage, peak(of: child)) }
      Thread.sleep(forTimeInterval: 0.01)
    }
    let outcome = try run.wait()
    let aside = try material.setAside().map(\.failure.reason)
    #expect(aside == (way == "hangs" ? ["stage_hung"] : []), "\(outcome.talk)")
    #expect(try RunResult(outcome).balanced)
    #expect(try material.records().count == Self.frames - aside.count)
    #expect(program > 0 && stage > 0)
    let ceiling = plan.memory.ceilingBytes >> 10
    print(
      "\(way): the program took \(program >> 10) MiB, its stage \(stage >> 10) MiB, "
        + "of \(ceiling >> 10) MiB")
    // The slots are counted for both, since both have them mapped.
    #expect(program + stage <= ceiling)
    #expect(program <= ceiling - 128 << 10, "128 MiB of it are the stage's own")
  }

  private struct Plan: Decodable {
    struct Memory: Decodable { let ceilingBytes: Int }
    let memory: Memory
    init(_ outcome: AnagenProcess.Outcome) throws {
      self = try JSONDecoder().decode(Plan.self, from: Data(outcome.results.utf8))
    }
  }

  private func pipeline(
    _ way: String, _ plugin: PluginFolder, _ material: Material
  ) throws -> [String] {
    let file = "\(plugin.path)/pipeline.yaml"
    try """
    anagen: 1
    name: frames
    vars: {data: {type: path}, images: {type: path}}
    plugins: ['\(plugin.path)']
    defaults: {queue: {max_records: 64, max_bytes: 32MiB}}
    stages:
      images: {use: image.files, with: {folder: "${var:images}"}}
      calibrate: {use: calibration.apply, from: images}
      frames:
        use: hostile.frames
        from: calibrate
        with: {way: \(way)}
        retry: {attempts: \(way == "hangs" ? 1 : 5), initial: 1ms, max: 5ms}
        limits: {time: 60s, memory: 128MiB, record: 48MiB}
      list: {use: report.records, from: frames}

    """.write(toFile: file, atomically: true, encoding: .utf8)
    return [
      file, "--var", "images=\(material.images)", "--var", "data=\(material.data)", "--format",
      "json",
    ]
  }

  private func children(of process: Int32) -> [Int32] {
    (FileManager.default.subpaths(atPath: "/proc/\(process)/task") ?? [])
      .filter { $0.hasSuffix("/children") }.flatMap { path in
        text("/proc/\(process)/task/\(path)").split(separator: " ").compactMap { Int32($0) }
      }
  }

  /// The most memory that a process had, in KiB; 0 when it is gone.
  private func peak(of process: Int32) -> Int {
    text("/proc/\(process)/status").split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
      .flatMap { line in Int(line.filter(\.isNumber)) } ?? 0
  }

  private func text(_ path: String) -> String {
    String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
  }
}
