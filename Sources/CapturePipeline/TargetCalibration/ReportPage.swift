internal import CaptureCore
internal import Foundation
internal import ImageFiles

/// A page that holds all it shows: text, tables, pictures.
package struct ReportPage {
  private var body = ""
  private let title: String

  package init(title: String) { self.title = title }

  private static func escaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
      .replacing("\"", with: "&quot;")
  }

  package mutating func heading(_ text: String) { body += "<h2>\(Self.escaped(text))</h2>\n" }

  package mutating func list(_ lines: [String]) {
    body += "<ul>\n" + lines.map { "<li>\(Self.escaped($0))</li>\n" }.joined() + "</ul>\n"
  }

  /// A table as ``TextTable`` has it; cells `pass`, `warn` and `fail` are coloured.
  package mutating func table(_ headings: [String], _ rows: [[String]]) {
    func row(_ cells: [String], _ tag: String) -> String {
      let shown = zip(cells, headings).map { cell, heading in
        var kinds: [String] = []
        if heading.hasPrefix(">") { kinds.append("n") }
        if CalibrationVerdict(rawValue: cell) != nil { kinds.append(cell) }
        let text = tag == "th" && cell.hasPrefix(">") ? String(cell.dropFirst()) : cell
        return "<\(tag) class=\"\(kinds.joined(separator: " "))\">\(Self.escaped(text))</\(tag)>"
      }
      return "<tr>" + shown.joined() + "</tr>\n"
    }
    body += "<table>\n" + row(headings, "th") + rows.map { row($0, "td") }.joined() + "</table>\n"
  }

  /// A picture with a caption, a file beside the page; `path` is relative and needs no escaping.
  package mutating func picture(at path: String, _ caption: String) {
    let text = Self.escaped(caption)
    body +=
      "<figure><img src=\"\(Self.escaped(path))\" loading=\"lazy\" alt=\"\(text)\"><figcaption>\(text)</figcaption></figure>\n"
  }

  /// A picture with a caption, as JPEG within the page.
  mutating func picture(_ image: ColorImage, _ caption: String) throws(CaptureError) {
    let data = try ImageFile.jpeg(image, quality: 85).base64EncodedString()
    let text = Self.escaped(caption)
    body +=
      "<figure><img src=\"data:image/jpeg;base64,\(data)\" alt=\"\(text)\"><figcaption>\(text)</figcaption></figure>\n"
  }

  package var html: String {
    """
    <!doctype html>
    <html lang="en"><head><meta charset="utf-8"><title>\(Self.escaped(title))</title>
    <style>
    body { font: 15px/1.45 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
    table { border-collapse: collapse; margin: 1rem 0; font-size: 14px; }
    th, td { border: 1px solid #ccc; padding: .25rem .55rem; text-align: left; }
    th { background: #f2f2f2; } .n { text-align: right; }
    .pass { background: #d9f2d9; } .warn { background: #fff0c2; } .fail { background: #f8cccc; }
    figure { margin: 1rem 0; } img { max-width: 100%; } figcaption { color: #555; font-size: 13px; }
    </style></head><body>
    <h1>\(Self.escaped(title))</h1>
    \(body)</body></html>

    """
  }
}
