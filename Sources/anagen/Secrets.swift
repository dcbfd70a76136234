import Crypto
import FoundationEssentials
import StageKit

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The bytes of the secrets that a plan names.
///
/// They come from `--secret NAME=FILE`, from `$CREDENTIALS_DIRECTORY/NAME`, where systemd puts
/// them, or from `OUT/private/secrets/NAME`. A data folder without a ledger gets those that are
/// given nowhere: a key that was never used loses nothing by being new. Once there is a ledger a
/// missing key is an error, since another one would give every released record another name.
struct Secrets {
  /// Longer than any key: a file of this size was given by mistake.
  static let byteLimit = 64 * 1024

  /// The files that were named, by the names of the secrets, paths absolute.
  let given: [String: String]
  private let credentials: String?
  private let folder: DataFolder

  /// Collects the places.
  ///
  /// - Parameters:
  ///   - assignments: `NAME=FILE` each.
  ///   - known: files that were named before; an assignment counts more.
  /// - Throws: ``CommandFailure`` for an argument that is no assignment.
  init(
    _ assignments: [String], known: [String: String] = [:], folder: DataFolder,
    in environment: CommandEnvironment
  ) throws {
    var given = known
    for assignment in assignments {
      guard let equals = assignment.firstIndex(of: "="), equals > assignment.startIndex else {
        throw CommandFailure(
          .usage, "--secret takes a name and a file", hint: "write --secret NAME=FILE")
      }
      given[String(assignment[..<equals])] = environment.absolute(
        String(assignment[assignment.index(after: equals)...]))
    }
    self.given = given
    credentials = environment.variables["CREDENTIALS_DIRECTORY"]
    self.folder = folder
  }

  /// Reads every secret, and makes those that a new data folder lacks.
  ///
  /// - Throws: ``CommandFailure`` for one that is missing, empty, too long, or readable by others.
  func read(_ names: [String], on terminal: Terminal) throws -> [String: [UInt8]] {
    if let unused = given.keys.sorted().first(where: { !names.contains($0) }) {
      throw CommandFailure(
        .usage, "the pipeline has no secret '\(unused)'",
        hint: names.isEmpty ? "leave --secret out" : "it has \(names.joined(separator: ", "))")
    }
    var secrets: [String: [UInt8]] = [:]
    for name in names {
      if let path = path(of: name) {
        secrets[name] = try bytes(at: path)
      } else {
        secrets[name] = try make(name, on: terminal)
      }
    }
    return secrets
  }

  private func path(of name: String) -> String? {
    if let path = given[name] { return path }
    return [credentials.map { "\($0)/\(name)" }, ownPath(of: name)].compactMap { $0 }
      .first { FileAccess.exists($0) }
  }

  private func ownPath(of name: String) -> String { "\(folder.privatePath)/secrets/\(name)" }

  private func bytes(at path: String) throws -> [UInt8] {
    var status = stat()
    if stat(path, &status) == 0, status.st_mode & 0o077 != 0 {
      throw CommandFailure(
        .configuration, "\(path): others can read this secret", hint: "chmod 600 \(path)")
    }
    let bytes = try FileAccess.read(path)
    guard (1...Secrets.byteLimit).contains(bytes.count) else {
      throw CommandFailure(
        .configuration,
        "\(path): a secret has 1 to \(Secrets.byteLimit) bytes, this has \(bytes.count)",
        hint: "name the key's file")
    }
    return bytes
  }

  private func make(_ name: String, on terminal: Terminal) throws -> [UInt8] {
    let path = ownPath(of: name)
    guard !FileAccess.exists("\(folder.privatePath)/ledger.sqlite") else {
      throw CommandFailure(
        .configuration,
        "the secret '\(name)' is not given, and the data folder was begun with one",
        hint: "give the same file as before with --secret \(name)=FILE, or put it back as \(path)")
    }
    try FileAccess.makeFolder("\(folder.privatePath)/secrets", ownerOnly: folder.privatePath)
    // As text: readers of secrets drop white space at the end, which a random last byte may be.
    let random = SymmetricKey(size: .bits256).withUnsafeBytes { Data($0) }
    let key = Array((random.base64EncodedString() + "\n").utf8)
    // A second run that starts at the same time makes one too; the first to be there is the key.
    guard try FileAccess.create(key, at: path, mode: 0o600) else { return try bytes(at: path) }
    terminal.talk(
      "made the secret '\(name)' for this data folder: \(path); keep it with the folder, since "
        + "released names are made from it")
    return key
  }
}
