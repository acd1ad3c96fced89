public import CaptureCore

/// Pictures in rows, each under its title: the sheets that people look at first.
public enum PreviewSheet {
  /// One picture of a sheet.
  public struct Cell: Sendable {
    /// Written above the picture.
    public var title: String
    /// The picture, of any size.
    public var image: ColorImage

    /// A picture with its title.
    public init(title: String, image: ColorImage) { (self.title, self.image) = (title, image) }
  }

  private static let gap = 8
  private static let scale = 2
  private static let background = SIMD3<UInt8>(24, 24, 28)
  private static let ink = SIMD3<UInt8>(235, 235, 235)

  /// Lays the rows out below each other; rows may be of different lengths.
  ///
  /// - Parameters:
  ///   - cellWidth: Width of each picture on the sheet; heights follow from the pictures' shapes.
  ///   - heading: A line above everything, or nothing.
  /// - Throws: ``CaptureError`` `badInput` without any picture, `limitExceeded` for sheets beyond
  ///   ``PictureCanvas/limit``.
  public static func compose(
    _ rows: [[Cell]], cellWidth: Int = 400, heading: String = ""
  ) throws(CaptureError) -> ColorImage {
    let columns = rows.map(\.count).max() ?? 0
    guard columns > 0, cellWidth > 0 else {
      throw CaptureError(.badInput, "A sheet needs at least one picture.")
    }
    var scaled: [[Cell]] = []
    for row in rows {
      var cells: [Cell] = []
      for cell in row {
        // A tall picture may be as high as it is wide twice over.
        let image = try cell.image.fitted(width: cellWidth, height: 2 * cellWidth)
        cells.append(Cell(title: cell.title, image: image))
      }
      scaled.append(cells)
    }
    let line = PictureCanvas.textHeight(scale: scale) + gap
    let heights = scaled.map { row in line + gap + (row.map(\.image.height).max() ?? 0) }
    let top = gap + (heading.isEmpty ? 0 : line + gap)
    var canvas = try PictureCanvas(
      width: gap + columns * (cellWidth + gap), height: top + heights.reduce(0, +),
      color: background)
    canvas.text(heading, x: gap, y: gap, scale: scale, color: ink)
    var y = top
    for (row, height) in zip(scaled, heights) {
      for (column, cell) in row.enumerated() {
        let x = gap + column * (cellWidth + gap)
        canvas.text(shortened(cell.title, to: cellWidth), x: x, y: y, scale: scale, color: ink)
        canvas.draw(cell.image, x: x + (cellWidth - cell.image.width) / 2, y: y + line)
      }
      y += height
    }
    return canvas.image
  }

  /// As much of a title as a picture's width holds.
  private static func shortened(_ title: String, to width: Int) -> String {
    var title = title
    while PictureCanvas.textWidth(title, scale: scale) > width { title.removeLast() }
    return title
  }
}
