import CaptureCore
import CaptureTestSupport
import Foundation
import Testing

@Suite struct JSONValueTests {
  private func parse(_ text: String) throws -> JSONValue { try JSONValue(parsing: Data(text.utf8)) }

  @Test func textSurvivesARoundTrip() throws {
    let value = JSONValue.object([
      .init("list", .numbers([1, -0.25, 1e300, 1e-300, 123_456_789_012_345_680])),
      .init("nested", .array([.object([]), .array([]), .null, .bool(true), .bool(false)])),
      .init("text", .string("quote \" backslash \\ line \n bell \u{7} and 🗿")),
    ])
    #expect(try parse(value.text) == value)
  }

  @Test func escapesAreUnderstood() throws {
    #expect(try parse(#"  "a\/\u0041\ud83d\uddff\t"  "#) == .string("a/A🗿\t"))
  }

  @Test(arguments: [
    ("", "the text ends too early in line 1, column 1"),
    ("{\"a\": 1,\n \"a\": 2}", "the name `a` appears twice in line 2, column 5"),
    ("[1, NaN]", "NaN and Infinity are not numbers in line 1, column 5"),
    ("[-Infinity]", "NaN and Infinity are not numbers in line 1, column 3"),
    ("[1e999]", "a number is too large in line 1, column 7"),
    ("[1] 2", "text follows the end of the document in line 1, column 5"),
    ("[1 2]", "a comma or ] is expected in line 1, column 4"),
    ("{\"a\" 1}", "a colon is expected in line 1, column 6"),
    ("{a: 1}", "a name in quotes is expected in line 1, column 2"),
    ("{\"a\": 1 \"b\"", "a comma or } is expected in line 1, column 9"),
    ("[1,]", "a value is expected in line 1, column 4"),
    ("[-]", "a digit is expected in line 1, column 3"),
    ("\"\\x\"", "a backslash is followed by an unknown character in line 1, column 4"),
    ("\"\\ud800\"", "a \\u escape is half of a pair in line 1, column 8"),
    ("\"\\u12\"", "a \\u escape needs four hexadecimal digits in line 1, column 4"),
    ("\"a\nb\"", "a string holds a control character in line 1, column 3"),
  ]) func whatIsNotJSONIsNamedWithItsPlace(_ text: String, _ reason: String) {
    let error = #expect(throws: CaptureError.self) { try parse(text) }
    #expect(error?.what == "This is not valid JSON: \(reason).")
  }

  @Test func deepNestingIsRefused() {
    let error = #expect(throws: CaptureError.self) {
      try parse(String(repeating: "[", count: 1_000_000))
    }
    #expect(
      error?.what == "This is not valid JSON: nesting is deeper than 64 in line 1, column 65.")
  }

  @Test func stringsMustBeUTF8() {
    let error = #expect(throws: CaptureError.self) {
      try JSONValue(parsing: Data([0x22, 0xff, 0x22]))
    }
    #expect(error?.what == "This is not valid JSON: a string is not UTF-8 in line 1, column 3.")
  }

  @Test func agreesWithFoundationOnDamagedDocuments() throws {
    let text = #"{"a": [1, -2.5e3, true, null], "b": {"c": "d\u00e9", "e": []}, "f": 0.125}"#
    var generator = SeededGenerator(seed: 1)
    for _ in 0..<2000 {
      let damaged = ByteMutator.mutate(Data(text.utf8), using: &generator)
      // Foundation accepts more (UTF-16, repeated names), so only its refusals are compared.
      let foundation = try? JSONSerialization.jsonObject(with: damaged, options: .fragmentsAllowed)
      let own = try? JSONValue(parsing: damaged)
      #expect(own == nil || foundation != nil, "\(String(decoding: damaged, as: UTF8.self))")
    }
  }
}

@Suite struct JSONNodeTests {
  private let node = JSONNode(
    .object([
      .init("size", .numbers([640, 480.5])), .init("name", .string("cam0")),
      .init("nothing", .null), .init("cameras", .array([.object([.init("width", .number(0))])])),
    ]))

  private func expect(_ what: String, _ body: () throws -> Void) {
    let error = #expect(throws: CaptureError.self) { try body() }
    #expect(error?.what == what)
    #expect(error?.code == .badInput)
  }

  @Test func everyMismatchNamesThePath() throws {
    let camera = try #require(node.member("cameras").elements(count: 1...2).first)
    expect("`cameras[0].width` must be a whole number from 1 to 16384, but is 0.") {
      _ = try camera.member("width").integer(in: 1...16384)
    }
    expect("`cameras[0].height` is missing.") { _ = try camera.member("height") }
    expect("`nothing` is missing.") { _ = try node.member("nothing") }
    expect("`size` must have 3 elements, but has 2.") {
      _ = try node.member("size").numbers(count: 3, in: 0...1)
    }
    expect("`size` must have 3 to 4 elements, but has 2.") {
      _ = try node.member("size").elements(count: 3...4)
    }
    expect("`size[1]` must be a whole number from 0 to 1000, but is 480.5.") {
      _ = try node.member("size").elements(count: 2...2)[1].integer(in: 0...1000)
    }
    expect("`size[0]` must be a number from 0 to 1, but is 640.") {
      _ = try node.member("size").numbers(count: 2, in: 0...1)
    }
    expect("`name` must be a list, but is \"cam0\".") {
      _ = try node.member("name").elements(count: 0...1)
    }
    expect("`size` must be a string, but is a list.") { _ = try node.member("size").string() }
    expect("`name` has more than 3 characters.") { _ = try node.member("name").string(limit: 3) }
    expect("The document has an unknown key `name`; known are size.") {
      try node.expectKeys(["size"])
    }
    expect("`name` must be an object, but is \"cam0\".") {
      try node.member("name").expectKeys([])
    }
    expect("`name` must be master or subordinate or standalone, but is \"cam0\".") {
      _ = try node.member("name").word(SyncRole.Mode.self)
    }
    #expect(try node.optionalMember("nothing") == nil)
  }
}
