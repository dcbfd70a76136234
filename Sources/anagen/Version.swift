/// This program's version.
enum Version {
  /// By semantic versioning; `CHANGELOG.md` tells what changed.
  static let number = "0.1.0"
}
