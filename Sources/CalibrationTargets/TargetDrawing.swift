public import CaptureCore
public import Foundation

/// A board in true measures on a page, with a ruler to check the print.
public struct TargetDrawing: Sendable {
  /// A black rectangle of the pattern, metres in the board's frame.
  public struct Rectangle: Equatable, Sendable {
    /// Upper left corner and size.
    public var origin, size: SIMD2<Double>

    /// A rectangle of a corner and a size.
    public init(origin: SIMD2<Double>, size: SIMD2<Double>) {
      (self.origin, self.size) = (origin, size)
    }
  }

  /// The board.
  public let target: CalibrationTarget
  /// What is black, metres in the board's frame, clockwise from the upper left; markers' white cells
  /// are what is left free.
  public let rectangles: [Rectangle]

  /// White around the pattern, metres.
  private static let margin = 0.015
  /// Height of the ruler and the text under the pattern, metres.
  private static let footer = 0.022

  /// The drawing of a board.
  public init(_ target: CalibrationTarget) {
    self.target = target
    rectangles =
      TargetDrawing.squares(target)
      + target.markers.flatMap { marker in
        target.dictionary.map { TargetDrawing.cells(marker, $0) } ?? []
      }
  }

  private static func squares(_ target: CalibrationTarget) -> [Rectangle] {
    switch target.pattern {
    case .charuco(let columns, let rows, let square, _, let startsWhite, _, _):
      return chessboard(columns, rows, square, parity: startsWhite ? 1 : 0)
    case .chessboard(let columns, let rows, let square):
      return chessboard(columns, rows, square, parity: 0)
    case .tagGrid(let columns, let rows, let tag, let gap, let hasCornerSquares, _, _):
      guard hasCornerSquares else { return [] }
      return (0...rows).flatMap { y in
        (0...columns).map { x in
          Rectangle(
            origin: SIMD2(Double(x), Double(y)) * (tag + gap) - gap,
            size: SIMD2(repeating: gap))
        }
      }
    }
  }

  private static func chessboard(
    _ columns: Int, _ rows: Int, _ square: Double, parity: Int
  ) -> [Rectangle] {
    (0..<rows).flatMap { y in
      (0..<columns).filter { ($0 + y) % 2 == parity }.map { x in
        Rectangle(
          origin: SIMD2(Double(x), Double(y)) * square, size: SIMD2(repeating: square))
      }
    }
  }

  /// A marker's black cells, joined along each row.
  private static func cells(
    _ marker: CalibrationTarget.Marker, _ dictionary: TargetDictionary
  ) -> [Rectangle] {
    let n = dictionary.cells + 2
    let cell = marker.side / Double(n)
    return (0..<n).flatMap { y -> [Rectangle] in
      var (runs, start) = ([Rectangle](), 0)
      for x in 0...n {
        let isInside = (1..<n - 1).contains(x) && (1..<n - 1).contains(y)
        let isWhite =
          x == n || (isInside && dictionary.isWhite(marker.id, column: x - 1, row: y - 1))
        guard isWhite else { continue }
        if x > start {
          runs.append(
            Rectangle(
              origin: marker.origin + SIMD2(Double(start), Double(y)) * cell,
              size: SIMD2(Double(x - start) * cell, cell)))
        }
        start = x + 1
      }
      return runs
    }
  }

  /// Page size, metres: the pattern with its margin, and a footer.
  private var page: SIMD2<Double> {
    let border = cornerReach + TargetDrawing.margin
    return SIMD2(
      max(target.size.x + 2 * border, 0.13),
      target.size.y + 2 * border + TargetDrawing.footer)
  }

  /// How far black reaches beyond the pattern: the corner squares of a tag grid.
  private var cornerReach: Double {
    if case .tagGrid(_, _, _, let gap, true, _, _) = target.pattern { return gap }
    return 0
  }

  /// Length of the ruler, metres: a whole number of decimetres, or half of one on a small page.
  private var rulerLength: Double { min(0.5, max(0.05, floor(target.size.x * 10) / 10)) }

  private var caption: String {
    "\(target.name): \(target.summary). The ruler is \(TargetDrawing.number(rulerLength * 1000)) mm long."
  }

  /// Ticks of the ruler: a long one every centimetre; metres on the page.
  private var ruler: [Rectangle] {
    let left = cornerReach + TargetDrawing.margin
    let top = page.y - TargetDrawing.footer
    let line = 0.0003
    let ticks = (0...Int((rulerLength * 200).rounded())).map { k in
      Rectangle(
        origin: SIMD2(left + Double(k) * 0.005 - line / 2, top),
        size: SIMD2(line, k % 2 == 0 ? 0.006 : 0.003))
    }
    return ticks
      + [Rectangle(origin: SIMD2(left - line / 2, top), size: SIMD2(rulerLength + line, line))]
  }

  private var blackOnPage: [Rectangle] {
    let shift = SIMD2(repeating: cornerReach + TargetDrawing.margin)
    return rectangles.map { Rectangle(origin: $0.origin + shift, size: $0.size) } + ruler
  }

  private static func number(_ value: Double) -> String { String(format: "%.4g", value) }

  /// The page as SVG, in millimetres.
  public var svg: String {
    func mm(_ metres: Double) -> String {
      let text = String(format: "%.4f", metres * 1000)
      return String(text.reversed().drop { $0 == "0" }.drop { $0 == "." }.reversed())
    }
    let (w, h) = (mm(page.x), mm(page.y))
    var text = """
      <svg xmlns="http://www.w3.org/2000/svg" width="\(w)mm" height="\(h)mm" viewBox="0 0 \(w) \(h)">
      <title>\(TargetDrawing.escaped(target.name))</title>
      <rect width="\(w)" height="\(h)" fill="white"/>
      <path fill="black" shape-rendering="crispEdges" d="

      """
    for r in blackOnPage {
      text +=
        "M\(mm(r.origin.x)) \(mm(r.origin.y))h\(mm(r.size.x))v\(mm(r.size.y))h-\(mm(r.size.x))z\n"
    }
    text += """
      "/>
      <text x="\(mm(cornerReach + TargetDrawing.margin))" y="\(mm(page.y - 0.009))" font-family="sans-serif" font-size="3.5">\(TargetDrawing.escaped(caption))</text>
      <text x="\(mm(cornerReach + TargetDrawing.margin))" y="\(mm(page.y - 0.004))" font-family="sans-serif" font-size="3.5">Print at 100 %, without fitting to the page, and measure the ruler; glue the sheet to something flat.</text>
      </svg>

      """
    return text
  }

  /// The page as PDF 1.4, one page, in points of 1/72 inch.
  public var pdf: Data {
    let unit = 72 / 0.0254
    func points(_ metres: Double) -> String { String(format: "%.3f", metres * unit) }
    var content = "0 g\n"
    for r in blackOnPage {
      // The origin of a page is its lower left.
      let bottom = page.y - r.origin.y - r.size.y
      content +=
        "\(points(r.origin.x)) \(points(bottom)) \(points(r.size.x)) \(points(r.size.y)) re\n"
    }
    content += "f\n"
    let left = points(cornerReach + TargetDrawing.margin)
    for (line, height) in [
      (caption, 0.009),
      (
        "Print at 100 %, without fitting to the page, and measure the ruler; glue the sheet to something flat.",
        0.004
      ),
    ] {
      let safe = String(
        line.unicodeScalars.map { $0.isASCII && $0.value >= 32 ? Character($0) : "?" }
      )
      .replacing("\\", with: "\\\\").replacing("(", with: "\\(").replacing(")", with: "\\)")
      content += "BT /F1 10 Tf \(left) \(points(height)) Td (\(safe)) Tj ET\n"
    }
    let objects = [
      "<< /Type /Catalog /Pages 2 0 R >>",
      "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
      "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 \(points(page.x)) \(points(page.y))] /Contents 5 0 R /Resources << /Font << /F1 4 0 R >> >> >>",
      "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
      "<< /Length \(content.utf8.count) >>\nstream\n\(content)endstream",
    ]
    var (text, places) = ("%PDF-1.4\n", [Int]())
    for (i, object) in objects.enumerated() {
      places.append(text.utf8.count)
      text += "\(i + 1) 0 obj\n\(object)\nendobj\n"
    }
    let table = text.utf8.count
    text += "xref\n0 \(objects.count + 1)\n0000000000 65535 f \n"
    for place in places { text += String(format: "%010d 00000 n \n", place) }
    text += "trailer\n<< /Size \(objects.count + 1) /Root 1 0 R >>\nstartxref\n\(table)\n%%EOF\n"
    return Data(text.utf8)
  }

  private static func escaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
  }

  /// Writes the page as the file's name asks: `.svg` or `.pdf`; the folder is made where there is none.
  /// - Throws: ``CaptureError`` `usage` for another name, and for what writing meets.
  public func write(to url: URL) throws(CaptureError) {
    let page: Data
    switch url.pathExtension.lowercased() {
    case "svg": page = Data(svg.utf8)
    case "pdf": page = pdf
    default:
      throw CaptureError(
        .usage, "A board is drawn as SVG or PDF.", at: url.path,
        remedy: "Give the file a name that ends in .svg or .pdf.")
    }
    try AtomicFile.makeFolder(url.deletingLastPathComponent())
    try AtomicFile.write(page, to: url)
  }
}
