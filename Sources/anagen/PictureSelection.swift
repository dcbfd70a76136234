import FoundationEssentials

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The pictures that files, folders and patterns of the command line stand for, in their order.
enum PictureSelection {
  /// The endings of pictures that a folder is searched for.
  static let extensions: Set<String> = ["jpg", "jpeg", "png", "tif", "tiff"]
  /// What this program adds to a picture's name when it draws on it; such files are passed over.
  static let overlayMark = ".measured"

  /// Paths of pictures: each argument's own, a folder's sorted by path with all below it, a
  /// pattern's sorted.
  ///
  /// A file that is named is taken whatever its ending; whether it can be read shows later. What
  /// this program drew is none: a shell's `*.png` names it as well.
  ///
  /// - Returns: the paths, how many named drawings were passed over, and the folders and patterns
  ///   without pictures.
  /// - Throws: ``CommandFailure`` where nothing but drawings is named.
  static func pictures(
    for arguments: [String]
  ) throws -> (paths: [String], passedOver: Int, failures: [CommandFailure]) {
    let named = arguments.filter { !isOverlay($0) || isFolder($0) }
    guard !named.isEmpty else {
      throw CommandFailure(
        .badData, "only drawings of anagen are named",
        hint: "name the pictures they were made of; to measure a drawing, give it another name")
    }
    var failures: [CommandFailure] = []
    let paths = try named.flatMap { argument -> [String] in
      do {
        return try pictures(for: argument)
      } catch let failure as CommandFailure {
        failures.append(failure)
        return []
      }
    }
    return (paths, arguments.count - named.count, failures)
  }

  private static func pictures(for argument: String) throws -> [String] {
    if isFolder(argument) {
      return try found(pictures(below: argument), for: argument)
    }
    if !FileAccess.exists(argument), argument.contains(where: { "*?[".contains($0) }) {
      return try found(
        matches(of: argument).filter { !isFolder($0) && !isOverlay($0) }, for: argument)
    }
    return [argument]
  }

  /// What each picture is called: its own name, with as much of its folders before it as tells it
  /// from the others of that name.
  static func names(of paths: [String]) -> [String: String] {
    var names: [String: String] = [:]
    let parts = Dictionary(
      paths.map { ($0, $0.split(separator: "/").map(String.init)) },
      uniquingKeysWith: { first, _ in first })
    let groups = Dictionary(grouping: parts.keys) { parts[$0]?.last ?? $0 }
    for group in groups.values {
      let longest = group.compactMap { parts[$0]?.count }.max() ?? 1
      let length = (1...max(1, longest)).first { length in
        Set(group.map { parts[$0]?.suffix(length) }).count == group.count
      }
      for path in group {
        names[path] = length.flatMap { parts[path]?.suffix($0).joined(separator: "/") } ?? path
      }
    }
    return names
  }

  /// Where the picture with the hairs drawn on it goes.
  static func overlayPath(for picture: String, in folder: String?) -> String {
    let name = picture.split(separator: "/").last.map(String.init) ?? picture
    let stem = name.lastIndex(of: ".").flatMap { $0 > name.startIndex ? $0 : nil }
      .map { String(name[..<$0]) }
    let drawn = "\(stem ?? name)\(overlayMark).png"
    if let folder { return "\(folder)/\(drawn)" }
    return String(picture.dropLast(name.count)) + drawn
  }

  private static func found(_ paths: [String], for argument: String) throws -> [String] {
    guard !paths.isEmpty else {
      throw CommandFailure(
        .badData, "\(argument): no pictures here",
        hint: "pictures end in \(extensions.sorted().joined(separator: ", "))")
    }
    return paths
  }

  private static func pictures(below folder: String) throws -> [String] {
    let root = folder.hasSuffix("/") && folder.count > 1 ? String(folder.dropLast()) : folder
    let entries: [String]
    do {
      entries = try FileManager.default.contentsOfDirectory(atPath: root)
    } catch {
      throw CommandFailure(
        .io, "\(root): the folder cannot be read", hint: "ask for the right to read it")
    }
    return try entries.sorted().filter { !$0.hasPrefix(".") }.flatMap { name -> [String] in
      let path = "\(root)/\(name)"
      if isFolder(path) { return try isLink(path) ? [] : pictures(below: path) }
      return isPicture(name) ? [path] : []
    }
  }

  private static func isPicture(_ name: String) -> Bool {
    guard let dot = name.lastIndex(of: "."), !isOverlay(name) else { return false }
    return extensions.contains(name[name.index(after: dot)...].lowercased())
  }

  private static func isOverlay(_ path: String) -> Bool { path.hasSuffix("\(overlayMark).png") }

  private static func matches(of pattern: String) -> [String] {
    var found = glob_t()
    defer { globfree(&found) }
    guard glob(pattern, 0, nil, &found) == 0 else { return [] }
    return (0..<Int(found.gl_pathc)).compactMap { index in
      found.gl_pathv[index].map { String(cString: $0) }
    }
  }

  private static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  private static func isLink(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK
  }
}
