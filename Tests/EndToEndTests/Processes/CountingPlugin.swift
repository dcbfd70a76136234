import Crypto
import Foundation
import Testing

/// A plugin in C with a transform and a sink, and the server to which the sink sends.
final class CountingPlugin {
  let path: String
  private let port: Int
  private let server = Process()

  init() throws {
    path = FileManager.default.temporaryDirectory
      .appending(path: "anagen-counting-\(UUID().uuidString)").path()
    try FileManager.default.createDirectory(
      atPath: "\(path)/plugin", withIntermediateDirectories: true)
    let source = "\(AnagenProcess.root)Tests/EndToEndTests/Plugins/counting"
    let compiled = try Machine.run(
      [
        "sh", "-c", #"exec "$(command -v cc || command -v clang)" "$@""#, "sh", "-O2", "-Wall",
        "-Wextra", "-Werror", "-Wno-format-nonliteral", "-o", "plugin/stage", "\(source)/stage.c",
      ], in: path)
    try #require(compiled.status == 0, "\(compiled.text)")
    let manifest = try Data(contentsOf: URL(filePath: "\(source)/plugin.yaml"))
    try manifest.write(to: URL(filePath: "\(path)/plugin/plugin.yaml"))
    try SHA256.hash(data: manifest).map { String(format: "%02x", $0) }.joined()
      .write(toFile: "\(path)/plugin/digest", atomically: false, encoding: .utf8)
    server.executableURL = URL(filePath: "/usr/bin/env")
    server.arguments = ["python3", "\(source)/server.py", "\(path)/port", "\(path)/keys"]
    try server.run()
    while !FileManager.default.fileExists(atPath: "\(path)/port") {
      try #require(server.isRunning, "the server did not start")
      Thread.sleep(forTimeInterval: 0.01)
    }
    port = try #require(
      Int(try String(contentsOfFile: "\(path)/port", encoding: .utf8)))
  }

  deinit {
    // Not SIGTERM, which a thread of the tests' pool holds back from what it starts.
    kill(server.processIdentifier, SIGKILL)
    server.waitUntilExit()
    do { try FileManager.default.removeItem(atPath: path) } catch {
      print("the folder \(path) could not be removed: \(error)")
    }
  }

  /// Each key that the server was sent, as often as it was.
  func keys() throws -> [Substring] {
    try String(contentsOfFile: "\(path)/keys", encoding: .utf8).split(separator: "\n")
  }

  /// How many keys it was sent.
  func taken() throws -> Int {
    // 64 digits and the line's end.
    (try FileManager.default.attributesOfItem(atPath: "\(path)/keys")[.size] as? Int ?? 0) / 65
  }

  /// A run in which the transform names each photograph and the sink sends each name's key.
  func arguments(for material: Material) throws -> [String] {
    let file = "\(path)/pipeline.yaml"
    try """
    anagen: 1
    name: counting
    durability: none                # A process is killed, no power is cut.
    vars: {data: {type: path}, images: {type: path}}
    plugins: [plugin]
    defaults: {queue: {max_records: 256, max_bytes: 16MiB}}
    stages:
      images: {use: image.files, with: {folder: "${var:images}"}}
      name: {use: counting.name, from: images, concurrency: 4}
      send:
        use: counting.send
        from: name
        accepts: identified
        concurrency: 4
        with: {port: \(port)}
        needs: {network: true}
      list: {use: report.records, from: name}

    """.write(toFile: file, atomically: true, encoding: .utf8)
    return [
      "run", file, "--var", "images=\(material.images)", "--var", "data=\(material.data)",
      "--format", "json",
    ]
  }
}

extension Material {
  /// A folder of `count` pictures of one pixel, each of a subject of its own.
  convenience init(pixels count: Int) throws {
    try self.init()
    let pixel = try Photographs.onePixel()
    for number in 1...count {
      // Behind the signature (8 bytes) and IHDR (25).
      let title = PNGFile.chunk("tEXt", Array("Title\0\(number)".utf8))
      try Data(pixel[..<33] + title + pixel[33...])
        .write(to: URL(filePath: "\(images)/\(number).png"))
    }
    try writeManifest(
      [Material.header] + (1...count).map { "\($0).png,S\($0),V1,2024-03-25,vertex,5" })
  }
}
