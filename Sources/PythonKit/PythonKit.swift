/// The Python kit as it lies in this folder, so that `anagen plugin new` can lay it into a plugin.
public enum PythonKit {
  /// Every file of the package `anagen_stage`: its name and its text.
  public static let files: [(name: String, text: String)] = [
    ("__init__.py", PackageResources.__init___py), ("_records.py", PackageResources._records_py),
    ("_serve.py", PackageResources._serve_py), ("_wire.py", PackageResources._wire_py),
  ].map { ($0.0, String(decoding: $0.1, as: UTF8.self)) }
}
