import Testing

/// 300 lines are a file's natural size and 500 a sign that it holds two things; for a function 40
/// and 70 (the house's own measure).
@Suite("sizes")
struct SizeTests {
  static let mostLinesOfFile = 500
  static let mostLinesOfFunction = 70

  /// Longer files that hold one thing, with the reason.
  static let tables = [
    "Plugins/HairAnalysis/Sources/Measurement/FirstClassifierTable.swift":
      "numbers only, written by Tools/HairTraining/train.py",
    "Plugins/HairAnalysis/Sources/Measurement/PolarityTable.swift":
      "numbers only, written by Tools/HairTraining/train.py",
    "Plugins/HairAnalysis/Sources/Measurement/SecondClassifierTable.swift":
      "numbers only, written by Tools/HairTraining/train.py",
  ]

  @Test func `no Swift file holds two things`() throws {
    for path in PackageTree.shared.swiftFiles {
      if Self.tables[path] != nil { continue }
      let count = try PackageTree.shared.text(path).count { $0 == "\n" }
      #expect(count <= Self.mostLinesOfFile, "\(path): split it by meaning")
    }
  }

  @Test func `no function does two things`() throws {
    for path in PackageTree.shared.swiftFiles {
      let source = SwiftSource(try PackageTree.shared.text(path))
      for function in SwiftFunction.all(in: source)
      where function.lineCount > Self.mostLinesOfFunction {
        Issue.record(
          "\(path):\(function.line): \(function.name) takes \(function.lineCount) lines; split it")
      }
    }
  }

  @Test func `every Swift file is read to its end`() throws {
    for path in PackageTree.shared.swiftFiles {
      let code = SwiftSource(try PackageTree.shared.text(path)).code
      let opened = code.count { $0 == UInt8(ascii: "{") }
      let closed = code.count { $0 == UInt8(ascii: "}") }
      #expect(opened == closed, "\(path): the reader of these tests does not understand it")
    }
  }
}

@Suite("the reader of Swift that the house's tests use")
struct SwiftSourceTests {
  @Test(arguments: [
    ("a // try? {", "a"), ("a /* { /* } */ */ b", "a b"), (#"f("try? {")"#, #"f(" ")"#),
    (#"f("\("{".count)") + x"#, #"f(" ") + x"#), (##"f(#"\("{"#) + x"##, ##"f( " " ) + x"##),
    ("let `a {b` = 1", "let ____ = 1"), ("x / y { z / w }", "x / y { z / w }"),
    ("f(/a{2}/)", "f( )"), ("let r = #/a{/#", "let r ="), (#"f("\\" + "{")"#, #"f(" " + " ")"#),
  ])
  func `comments, strings and expressions are blanked`(text: String, code: String) {
    let read = SwiftSource(text)
    #expect(read.code.count == text.utf8.count)
    #expect(
      String(decoding: read.code, as: UTF8.self).split(separator: " ").joined(separator: " ")
        == code)
  }

  @Test func `a string over several lines keeps its lines`() {
    let text = "let a = \"\"\"\n  { try? }\n  \"\"\"\nlet b = 1"
    #expect(SwiftSource(text).codeLines.last == "let b = 1")
    #expect(!SwiftSource(text).code.contains(UInt8(ascii: "{")))
  }

  @Test func `functions are measured from signature to closing brace`() {
    let source = SwiftSource(
      """
      protocol P { func required() -> Int
        func other(_ a: Int) }
      struct S {
        init(
          a: Int = { 1 }()
        ) {
        }
        func f() { if true { } }
        static func == (a: S, b: S)
          -> Bool
        where Int: Sendable {
          .init(a: 1) == 1
        }
        deinit { }
      }
      """)
    let found = SwiftFunction.all(in: source)
    #expect(found.map(\.name) == ["init", "func f", "func ==", "deinit"])
    #expect(found.map(\.lineCount) == [4, 1, 5, 1])
    #expect(found.map(\.line) == [4, 8, 9, 14])
  }
}
