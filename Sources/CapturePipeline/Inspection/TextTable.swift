internal import Foundation

/// Rows of text in aligned columns, two spaces apart.
package struct TextTable {
  /// Headings; those that begin with `>` (which is not shown) stand over numbers, on the right.
  package let headings: [String]
  package private(set) var rows: [[String]] = []

  package init(_ headings: [String]) { self.headings = headings }

  /// Adds a row of as many cells as there are headings.
  package mutating func add(_ cells: [String]) {
    precondition(cells.count == headings.count, "one cell a heading")
    rows.append(cells)
  }

  package var text: String {
    let isNumber = headings.map { $0.hasPrefix(">") }
    let shown = [zip(headings, isNumber).map { $1 ? String($0.dropFirst()) : $0 }] + rows
    let widths = headings.indices.map { column in shown.map { $0[column].count }.max() ?? 0 }
    return shown.map { row in
      let cells = row.enumerated().map { column, cell in
        let space = String(repeating: " ", count: widths[column] - cell.count)
        return isNumber[column] ? space + cell : cell + space
      }
      let line = cells.joined(separator: "  ")
      return String(line.reversed().drop { $0 == " " }.reversed())
    }.joined(separator: "\n")
  }
}

/// A figure for a table; `-` where there is none.
func figure(_ value: Double?, _ format: String) -> String {
  value.map { String(format: format, $0) } ?? "-"
}
