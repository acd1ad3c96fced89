internal import Foundation

/// What a measurement prints: text for people, or one line of JSON for `scripts/benchmark`.
protocol Report: Encodable {
  /// Lines for people.
  var text: String { get }
}

extension Report {
  /// Prints the lines, or the JSON.
  func show(asJSON: Bool) throws {
    guard asJSON else { return print(text) }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    print(String(decoding: try encoder.encode(self), as: UTF8.self))
  }
}

/// Times of one thing done several times, seconds, sorted.
struct Times: Encodable {
  var median, least, most: Double

  init(_ sorted: [Double]) {
    (median, least, most) = (sorted[sorted.count / 2], sorted[0], sorted[sorted.count - 1])
  }

  /// In milliseconds.
  var text: String {
    "\((median * 1e3).text(1)) ms (min \((least * 1e3).text(1)), max \((most * 1e3).text(1)))"
  }
}

extension [String] {
  /// Cells of a line of a table, set to the right in columns of so many characters.
  func row(widths: [Int]) -> String {
    zip(self, widths).map { String(repeating: " ", count: Swift.max(0, $1 - $0.count)) + $0 }
      .joined(separator: "  ")
  }
}
