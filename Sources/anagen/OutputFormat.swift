import ArgumentParser

/// How results are written to stdout.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable, Sendable {
  /// For people.
  case text
  /// For programs.
  case json
}

/// The `--format` that every command has.
struct FormatOption: ParsableArguments {
  @Option(help: "How results are written: text for people, json for programs.")
  var format = OutputFormat.text
}
