import Foundation
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// What a run cannot read or write it says, with the remedy; what it took before is not lost.
struct BadPlaceTests {
  @Test(
    .enabled(if: Machine.canMount, Machine.mountReason),
    // Less than the reserve of 24 MiB, with which a run does not start, and little more.
    arguments: [8, 192, 832] + [64, 192, 320, 448, 576, 704, 832].map { 24 * 1024 + $0 })
  func aFullDiskEndsTheRunAndLosesNothing(kilobytes: Int) throws {
    let material = try Material(good: 6)
    let disk = "\(material.path)/disk"
    material.data = "\(disk)/out"
    // The small disk lives as long as the command; what it holds is then copied out, as onto a
    // larger disk.
    let script = """
      mkdir -p \(disk)
      mount -t tmpfs -o size=\(kilobytes)k anagen-test \(disk)
      status=0
      "$@" || status=$?
      cp -a \(disk) \(material.path)/kept
      exit $status
      """
    let outcome = try material.run(through: Machine.mounting(script))
    #expect(outcome.status == 74, "\(outcome.status): \(outcome.talk)")
    let said = outcome.talk.split(separator: "\n").last.map(String.init) ?? ""
    #expect(said.hasPrefix("error: "), "\(outcome.talk)")
    #expect(said.contains("disk is full") || said.contains("No space left on device"), "\(said)")
    #expect(
      said.contains("free at least 24 MiB") || said.contains("free some space")
        || said.contains("make room"), "\(said)")
    try FileManager.default.removeItem(atPath: disk)
    try FileManager.default.moveItem(atPath: "\(material.path)/kept", toPath: disk)
    let again = try material.run()
    #expect(again.status == 0, "\(again.talk)")
    try material.expectEverythingAccountedFor(after: again)
  }

  @Test(
    .enabled(if: Machine.canMount, Machine.mountReason), arguments: ["out", "out/deeper/still"])
  func aReadOnlyFileSystemIsRefusedByName(_ folder: String) throws {
    let material = try Material(good: 1)
    try FileManager.default.createDirectory(
      atPath: "\(material.path)/out", withIntermediateDirectories: true)
    material.data = "\(material.path)/\(folder)"
    let script = """
      mount --bind \(material.path)/out \(material.path)/out
      mount -o remount,bind,ro \(material.path)/out
      exec "$@"
      """
    let outcome = try material.run(through: Machine.mounting(script))
    #expect(outcome.status == 74, "\(outcome.status): \(outcome.talk)")
    #expect(outcome.talk.hasPrefix("error: \(material.path)/out"), "\(outcome.talk)")
    #expect(
      outcome.talk.contains("Read-only file system; choose a folder that can be written"),
      "\(outcome.talk)")
    #expect(try FileManager.default.contentsOfDirectory(atPath: "\(material.path)/out").isEmpty)
  }

  @Test(
    "a data folder that cannot be written is read, and nothing of it is changed",
    .enabled(if: Machine.canMount, Machine.mountReason))
  func aReadOnlyDataFolderIsRead() throws {
    let material = try Material(good: 2)
    try material.add(Array("no picture".utf8), named: "bad.jpg", subject: "S9")
    try material.writeManifest()
    #expect(try material.run().status == 1)
    // A name that a URI would take otherwise.
    let backup = "\(material.path)/back up?#%41ü"
    try FileManager.default.moveItem(atPath: material.data, toPath: backup)
    material.data = backup
    let readOnly = Machine.mounting(
      "mount --bind '\(backup)' '\(backup)'; mount -o remount,bind,ro '\(backup)'; exec \"$@\"")
    let before = try FileManager.default.contentsOfDirectory(atPath: "\(backup)/private").sorted()
    let number = try #require(
      try material.command(["quarantine", "list", "--data", backup]).results.split(separator: "\n")
        .last?.split(separator: " ").first)
    for (command, status, words) in [
      (["status"], 1, "1 run, the last completed"), (["explain", "bad.jpg"], 0, "set aside"),
      (["audit", "verify"], 0, "each as it was written"), (["audit", "list"], 0, "audit.begin"),
      (["quarantine", "list"], 1, "unknown_format"),
      (["quarantine", "show", String(number)], 0, "unknown_format"),
    ] as [([String], Int32, String)] {
      let told = try AnagenProcess.run(
        command + ["--data", backup], through: readOnly, printingTo: material.path)
      #expect(told.status == status, "\(command): \(told.talk)")
      #expect(told.results.contains(words), "\(command): \(told.results)")
    }
    let decided = try AnagenProcess.run(
      ["quarantine", "release", String(number), "--data", backup], through: readOnly,
      printingTo: material.path)
    #expect(decided.status == 74, "\(decided.talk)")
    #expect(decided.talk.contains("Read-only file system"), "\(decided.talk)")
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: "\(backup)/private").sorted() == before)
  }

  @Test(
    "the log of a killed run is read with its index, and told without",
    .enabled(if: Machine.canMount, Machine.mountReason), arguments: [true, false])
  func aReadOnlyDataFolderOfAKilledRun(hasIndex: Bool) throws {
    let material = try Material(good: 3)
    let run = try AnagenProcess(material.runArguments(), printingTo: material.path)
    while run.isRunning, !FileManager.default.fileExists(atPath: "\(material.data)/pictures") {
      usleep(2000)
    }
    run.send(SIGKILL)
    _ = try run.wait()
    let ledger = "\(material.data)/private/ledger.sqlite"
    try #require(FileManager.default.fileExists(atPath: "\(ledger)-wal"))
    if !hasIndex { try FileManager.default.removeItem(atPath: "\(ledger)-shm") }
    let told = try AnagenProcess.run(
      ["status", "--data", material.data],
      through: Machine.mounting(
        "mount --bind \(material.data) \(material.data); "
          + "mount -o remount,bind,ro \(material.data); exec \"$@\""), printingTo: material.path)
    if hasIndex {
      #expect(told.results.contains("1 run, the last was killed"), "\(told.talk)")
    } else {
      #expect(told.status == 74, "\(told.talk)")
      #expect(told.talk.contains("copy the data folder to a place"), "\(told.talk)")
    }
  }

  @Test("a data folder in the folder of pictures is refused, and nothing is made there")
  func aDataFolderAmongThePicturesIsRefused() throws {
    let material = try Material(good: 1)
    let before = try FileManager.default.contentsOfDirectory(atPath: material.images).sorted()
    for folder in [material.images, "\(material.images)/out"] {
      material.data = folder
      let outcome = try material.run()
      #expect(outcome.status == 78, "\(outcome.talk)")
      #expect(outcome.talk.contains("the data folder lies in this folder"), "\(outcome.talk)")
      #expect(outcome.talk.contains("[data_folder_inside]"), "\(outcome.talk)")
    }
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: material.images).sorted() == before)
  }

  @Test(.enabled(if: Machine.heldToModes != nil, Machine.modesReason))
  func aFolderThatMayNotBeWrittenIsRefused() throws {
    let material = try Material(good: 1)
    try FileManager.default.createDirectory(
      atPath: material.data, withIntermediateDirectories: true,
      attributes: [.posixPermissions: 0o555])
    let outcome = try material.run(through: Machine.heldToModes ?? [])
    #expect(outcome.status == 74, "\(outcome.status): \(outcome.talk)")
    #expect(
      outcome.talk.contains("Permission denied; ask for the right to it, or choose another folder"),
      "\(outcome.talk)")
    #expect(try FileManager.default.contentsOfDirectory(atPath: material.data).isEmpty)
  }

  @Test(.enabled(if: Machine.heldToModes != nil, Machine.modesReason))
  func aPictureThatMayNotBeReadIsRefusedBeforeAnyIsTaken() throws {
    let material = try Material(good: 2)
    let file = "\(material.images)/\(material.rows[1].file)"
    try FileManager.default.setAttributes([.posixPermissions: 0], ofItemAtPath: file)
    let outcome = try material.run(through: Machine.heldToModes ?? [])
    #expect(outcome.status == 65, "\(outcome.status): \(outcome.talk)")
    #expect(
      outcome.talk.contains(
        "manifest.csv:3:1: error: the file cannot be read; allow reading it (chmod u+r)"),
      "\(outcome.talk)")
    let measured = try AnagenProcess.run(
      ["measure", file, "--um-per-px", "5"], through: Machine.heldToModes ?? [],
      printingTo: material.path)
    #expect(measured.status == 74)
    #expect(
      measured.talk.contains(
        "error: \(file): cannot be opened: Permission denied; ask for the right to it"),
      "\(measured.talk)")
    try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: file)
    try material.expectEverythingAccountedFor(after: material.run())
  }

  @Test func aRegistryBeforeTheDeidentificationIsShownWhereItStands() throws {
    let material = try Material(good: 1)
    let file = "\(material.path)/leak.yaml"
    try """
    anagen: 1
    name: leak
    vars:
      images: {type: path}
      data: {type: path}
    stages:
      images:
        use: image.files
        with: {folder: "${var:images}"}
      calibrate:
        use: calibration.apply
        from: images
      analyse:
        use: hair.analyse
        from: calibrate
      registry:
        use: registry.sqlite
        from: analyse
        accepts: pseudonymised
        with: {path: "${var:data}/registry.sqlite", pictures: "${var:data}/pictures"}
    """.write(toFile: file, atomically: false, encoding: .utf8)
    let variables = ["--var", "images=\(material.images)", "--var", "data=\(material.data)"]
    for command in ["validate", "run"] {
      let outcome = try material.command([command, file] + variables)
      #expect(outcome.status == 78)
      let lines = outcome.talk.split(separator: "\n").map(String.init)
      let index = lines.firstIndex { $0.hasPrefix("\(file):18:11: error: ") }
      #expect(index != nil, "\(outcome.talk)")
      guard let index else { continue }
      #expect(lines[index + 1].contains("from: analyse"))
      #expect(lines[index + 2].contains("^"))
      #expect(outcome.talk.contains("identified"), "\(outcome.talk)")
      #expect(outcome.talk.contains("put a de-identifying stage between"), "\(outcome.talk)")
    }
    #expect(!FileManager.default.fileExists(atPath: material.data))
  }
}
