#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

import StageKit

/// A folder of pictures on disk: the one place of this plugin that touches files.
struct PictureFolder: Sendable {
  /// The folder without links and dots.
  let path: String
  /// The largest file that is read, in bytes.
  let byteLimit: Int

  /// Opens a folder.
  ///
  /// - Throws: ``StageError`` of class `fatal` when it is not there or not readable.
  init(path: String, byteLimit: Int) throws {
    guard let resolved = PictureFolder.resolved(path) else {
      throw StageError(
        .fatal, "folder_missing", subject: "the folder of pictures cannot be opened",
        hint: "check the setting 'folder' and its rights", errno: errno)
    }
    self.path = resolved
    self.byteLimit = byteLimit
    guard access(resolved, R_OK | X_OK) == 0, PictureFolder.kind(resolved) == S_IFDIR else {
      throw StageError(
        .fatal, "folder_unreadable", subject: "the folder of pictures cannot be read",
        hint: "check the setting 'folder' and its rights", errno: errno)
    }
  }

  /// Whether the folder holds a file of this name.
  func has(_ file: String) -> Bool { access("\(path)/\(file)", F_OK) == 0 }

  /// What stands in the way of reading a picture, checked without reading it.
  ///
  /// - Returns: the file without links, by which it is told from others.
  /// - Throws: ``RefusedValue``.
  func check(_ file: String) throws(RefusedValue) -> String {
    guard !file.isEmpty else {
      throw RefusedValue("the file's name is missing", hint: "write its path below the folder")
    }
    guard !file.hasPrefix("/"), !file.split(separator: "/").contains("..") else {
      throw RefusedValue("the path leaves the folder", hint: "write a path below the folder")
    }
    guard let resolved = PictureFolder.resolved("\(path)/\(file)") else {
      throw missing(file, errno)
    }
    guard resolved.hasPrefix(path == "/" ? "/" : path + "/") else {
      throw RefusedValue("the path leaves the folder by a link", hint: "copy the picture here")
    }
    guard PictureFolder.kind(resolved) == S_IFREG else {
      throw RefusedValue("the path is not a file", hint: "name the picture itself")
    }
    guard access(resolved, R_OK) == 0 else {
      throw RefusedValue("the file cannot be read", hint: "allow reading it (chmod u+r)")
    }
    guard PictureFolder.size(resolved) <= byteLimit else {
      throw RefusedValue(
        "the file is above \(byteLimit >> 20) MiB", hint: "raise max_file_mib, or compress it")
    }
    return resolved
  }

  private func missing(_ file: String, _ error: Int32) -> RefusedValue {
    if error == EACCES {
      return RefusedValue("the file cannot be reached", hint: "check the rights of its folder")
    }
    if file.contains("\\") {
      return RefusedValue("there is no such file", hint: "write '/' between folders, not '\\'")
    }
    let folder = file.lastIndex(of: "/").map { file[..<$0] } ?? ""
    let name = file.split(separator: "/").last?.lowercased()
    if names(in: String(folder)).contains(where: { $0.lowercased() == name }) {
      return RefusedValue(
        "there is no such file, but one in other case", hint: "write its name letter for letter")
    }
    return RefusedValue("there is no such file", hint: "copy it here, or remove the row")
  }

  /// Reads a file that was checked.
  ///
  /// - Throws: ``StageError`` of class `fatal` with the system's error number.
  func read(_ file: String) throws -> [UInt8] {
    let failure = { (number: Int32) in
      StageError(
        .fatal, "file_unreadable", subject: "a listed file can no longer be read",
        hint: "check the disk and run again: what is done is not done twice", errno: number)
    }
    let descriptor = open("\(path)/\(file)", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure(errno) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw failure(errno) }
    guard Int(status.st_size) <= byteLimit else { throw failure(EFBIG) }
    let wanted = Int(status.st_size)
    var error: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: wanted) { buffer, count in
      while count < wanted, let start = buffer.baseAddress {
        let taken = readSome(descriptor, start + count, wanted - count)
        if taken < 0, errno == EINTR { continue }
        guard taken > 0 else {
          error = taken < 0 ? errno : EIO
          return
        }
        count += taken
      }
    }
    guard error == 0 else { throw failure(error) }
    return bytes
  }

  /// Size and time of change of a file, to see that it changed; `nil` when it is not there.
  func signature(of file: String) -> [Int]? {
    var status = stat()
    guard stat("\(path)/\(file)", &status) == 0 else { return nil }
    return [Int(status.st_size), status.st_mtim.tv_sec, status.st_mtim.tv_nsec, Int(status.st_ino)]
  }

  /// All files whose names end like a picture's, as paths below the folder, in the order of their
  /// names; hidden ones and links to folders are left out.
  func pictures() -> [String] {
    var found: [String] = []
    var waiting = [""]
    while let folder = waiting.popLast() {
      for name in names(in: folder) where !name.hasPrefix(".") {
        let file = folder.isEmpty ? name : "\(folder)/\(name)"
        switch PictureFolder.kind("\(path)/\(file)", followingLinks: false) {
        case S_IFDIR: waiting.append(file)
        case S_IFREG where PictureFolder.looksLikePicture(name): found.append(file)
        default: continue
        }
      }
    }
    return found.sorted()
  }

  private func names(in folder: String) -> [String] {
    guard let directory = opendir(folder.isEmpty ? path : "\(path)/\(folder)") else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }

  /// Endings of pictures, readable or refused later by name: none is left out in silence.
  private static let endings: Set<String> = [
    "jpg", "jpeg", "jpe", "jfif", "png", "tif", "tiff", "heic", "heif", "avif", "webp", "gif",
    "bmp", "jp2", "jxl", "dng", "cr2", "cr3", "nef", "arw", "raf", "rw2", "orf", "dcm",
  ]

  private static func looksLikePicture(_ name: String) -> Bool {
    name.lastIndex(of: ".").map { endings.contains(name[name.index(after: $0)...].lowercased()) }
      ?? false
  }

  private static func resolved(_ path: String) -> String? {
    guard let buffer = realpath(path, nil) else { return nil }
    defer { free(buffer) }
    return String(cString: buffer)
  }

  private static func kind(_ path: String, followingLinks: Bool = true) -> mode_t {
    var status = stat()
    let failed = followingLinks ? stat(path, &status) : lstat(path, &status)
    return failed == 0 ? status.st_mode & S_IFMT : 0
  }

  private static func size(_ path: String) -> Int {
    var status = stat()
    return stat(path, &status) == 0 ? Int(status.st_size) : 0
  }
}

/// `read(2)`, which the method of that name hides.
private func readSome(_ descriptor: Int32, _ target: UnsafeMutablePointer<UInt8>, _ count: Int)
  -> Int
{
  read(descriptor, target, count)
}
