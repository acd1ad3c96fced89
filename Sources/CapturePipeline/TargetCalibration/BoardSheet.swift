internal import CalibrationTargets
internal import CaptureCore
internal import LinearAlgebra
internal import Pictures

/// Pictures with what was found of a board in them, on one sheet: it goes with what a message says.
struct BoardSheet {
  /// One picture.
  struct Cell {
    /// Who took it.
    var name: String
    var image: ColorImage
    var found: TargetDetection
    /// All that was found by the same lens, this picture's too.
    var all: [TargetDetection]
    /// What else there is to say; empty for nothing.
    var note = ""
  }

  let target: CalibrationTarget
  var cells: [Cell]
  /// For each camera, whether it saw the board in each frame; empty where that says nothing.
  var seen: [(name: String, frames: [Bool])] = []

  private static let width = 480

  /// Two pictures a row; markers are outlined in orange, corners are green crosses, and the board's
  /// outline is blue in all pictures of the lens. Below, who saw the board when.
  func picture(heading: String) throws(CaptureError) -> ColorImage {
    var drawn: [PreviewSheet.Cell] = []
    for cell in cells {
      drawn.append(
        PreviewSheet.Cell(
          title:
            "\(cell.name) \(cell.found.corners.count) corners, \(cell.found.markers.count) markers\(cell.note)",
          image: try marked(cell)))
    }
    var rows = stride(from: 0, to: drawn.count, by: 2).map {
      Array(drawn[$0..<min($0 + 2, drawn.count)])
    }
    if !seen.isEmpty { rows.append([.init(title: "who saw the board when", image: try chart())]) }
    return try PreviewSheet.compose(rows, cellWidth: BoardSheet.width, heading: heading)
  }

  private func marked(_ cell: Cell) throws(CaptureError) -> ColorImage {
    let small = try cell.image.fitted(width: BoardSheet.width, height: 2 * BoardSheet.width)
    let scale = Double(small.width) / Double(cell.image.width)
    var canvas = try PictureCanvas(width: small.width, height: small.height, color: .zero)
    canvas.draw(small, x: 0, y: 0)
    for outline in cell.all.compactMap(outline) {
      canvas.polygon(outline.map { $0 * scale }, SIMD3(70, 150, 255))
    }
    for marker in cell.found.markers {
      canvas.polygon(marker.corners.map { $0 * scale }, SIMD3(255, 150, 0))
    }
    for corner in cell.found.corners {
      canvas.cross(at: corner.pixel * scale, 4, SIMD3(0, 230, 60))
    }
    return canvas.image
  }

  /// The board's four corners, pixels, as far as a plane without distortion tells; nil where it was
  /// not found.
  private func outline(_ found: TargetDetection) -> [SIMD2<Double>]? {
    let points = target.points
    let pairs = found.corners.map { (SIMD2(points[$0.point].x, points[$0.point].y), $0.pixel) }
    guard let plane = PlaneHomography(pairs) else { return nil }
    let size = target.size
    let corners = [SIMD2(0, 0), SIMD2(size.x, 0), size, SIMD2(0, size.y)].compactMap(plane.apply)
    return corners.count == 4 ? corners : nil
  }

  /// A line a camera, a mark a frame: green where it saw the board.
  private func chart() throws(CaptureError) -> ColorImage {
    let (line, label) = (14, 120)
    let frames = max(1, seen.map(\.frames.count).max() ?? 1)
    let step = Double(BoardSheet.width - label) / Double(frames)
    var canvas = try PictureCanvas(
      width: BoardSheet.width, height: line * seen.count, color: SIMD3(repeating: 24))
    for (row, camera) in seen.enumerated() {
      let y = row * line
      canvas.text(
        String(camera.name.prefix(18)), x: 2, y: y + 3, color: SIMD3(repeating: 220))
      for (frame, saw) in camera.frames.enumerated() {
        let left = label + Int(Double(frame) * step)
        let right = max(left + 1, label + Int(Double(frame + 1) * step) - 1)
        canvas.fill(
          left..<right, y + 1..<y + line - 1, saw ? SIMD3(0, 200, 60) : SIMD3(60, 60, 66))
      }
    }
    return canvas.image
  }
}

extension PictureCanvas {
  /// An upright cross around a place.
  mutating func cross(at p: SIMD2<Double>, _ size: Double, _ color: SIMD3<UInt8>) {
    line(from: p - SIMD2(size, 0), to: p + SIMD2(size, 0), color)
    line(from: p - SIMD2(0, size), to: p + SIMD2(0, size), color)
  }

  /// The lines around a polygon.
  mutating func polygon(_ corners: [SIMD2<Double>], _ color: SIMD3<UInt8>) {
    for (i, corner) in corners.enumerated() {
      line(from: corner, to: corners[(i + 1) % corners.count], color)
    }
  }
}
