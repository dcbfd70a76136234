import Foundation
import Testing

@Suite("the layout of the tree")
struct LayoutTests {
  @Test func `a plugin has a README, sources and tests`() {
    let tree = PackageTree.shared
    for plugin in tree.folders(in: "Plugins") {
      for part in ["README.md", "Sources", "Tests"] {
        let isThere = tree.exists("Plugins/\(plugin)/\(part)")
        #expect(isThere, "Plugins/\(plugin) has no \(part)")
      }
    }
  }

  @Test func `a module has tests or is run by those of the command`() {
    let tree = PackageTree.shared
    let tested = Set(tree.folders(in: "Tests"))
    let indirectly: [String: String] = [
      "BuiltInStages": "a literal list, run by the conformance tests of each plugin",
      "PythonKit": "laid into a plugin by 'plugin new', whose plugin EndToEndTests try",
      "StageTesting": "run by every plugin's tests",
      "anagen": "run as a program by CommandTests",
    ]
    for module in tree.folders(in: "Sources") {
      guard tree.swiftFiles.contains(where: { $0.hasPrefix("Sources/\(module)/") }) else {
        continue
      }
      guard indirectly[module] == nil else { continue }
      #expect(tested.contains(module + "Tests"), "Tests/\(module)Tests is missing")
    }
  }

  @Test func `nothing else stands at the root without a reason`() {
    let allowed: Set<String> = [
      ".ci", ".gitignore", ".swift-format", "ARCHITECTURE.md", "Benchmarks", "CHANGELOG.md",
      "CONTRIBUTING.md", "Examples", "Fuzzing", "LICENSE", "Makefile", "Package.swift", "Packaging",
      "Pipelines", "Plugins", "README.md", "Sources", "Tests", "Tools", "docs", "udev",
    ]
    let found = Set(PackageTree.shared.files.map { String($0.prefix { $0 != "/" }) })
    #expect(found.subtracting(allowed) == [])
  }

  @Test func `relative links of documents lead somewhere`() throws {
    let tree = PackageTree.shared
    for path in tree.files where path.hasSuffix(".md") {
      let folder = (path as NSString).deletingLastPathComponent
      for target in links(in: try tree.text(path)) {
        let file = target.prefix { $0 != "#" && $0 != "?" }
        guard !file.isEmpty, target.firstMatch(of: /^[a-z]+:/) == nil else { continue }
        let place = ((folder as NSString).appendingPathComponent(String(file)) as NSString)
          .standardizingPath
        let isThere = tree.exists(place.removingPercentEncoding ?? place)
        #expect(isThere, "\(path): '\(target)' leads nowhere")
      }
    }
  }

  @Test(arguments: [
    (
      "see [the house](ARCHITECTURE.md#imports) and [here](#top)",
      ["ARCHITECTURE.md#imports", "#top"]
    ),
    ("![shot](docs/a%20b.png \"title\")", ["docs/a%20b.png"]),
    ("<img alt=\"x\" src=\"docs/a.png\">", ["docs/a.png"]), ("[ref]: docs/a.md", ["docs/a.md"]),
    ("`[not](a-link)`", []), ("```\n[not](a-link)\n```", []),
  ])
  func `links are found in each of their forms`(text: String, expected: [String]) {
    #expect(links(in: text) == expected)
  }

  private func links(in markdown: String) -> [String] {
    let prose = markdown.replacing(/(?m)^```[\s\S]*?^```/, with: "").replacing(
      /`[^`\n]*`/, with: "")
    let inline = prose.matches(of: /\]\(<?([^)\s>]+)/).map { String($0.1) }
    let images = prose.matches(of: /<(?:img|a)\s[^>]*(?:src|href)="([^"]+)"/).map { String($0.1) }
    let references = prose.matches(of: /(?m)^\[[^\]]+\]:\s*(\S+)/).map { String($0.1) }
    return inline + images + references
  }
}
