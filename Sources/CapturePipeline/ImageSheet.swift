internal import CaptureCore
internal import Foundation
internal import ImageFiles
internal import Pictures

/// What cameras recorded and what meshes predict, side by side: depth, its difference, colour.
struct ImageSheet {
  /// Rows of the sheet.
  static let rows = 4
  /// The difference that is drawn in full colour, metres.
  static let scale: Float = 0.02
  private static let nothing = SIMD3<UInt8>(16, 16, 20)
  private static let uncovered = SIMD3<UInt8>(255, 200, 0)

  private let comparison: ImageEvaluation.Comparison
  private let frames: [FrameSet]

  init(_ comparison: ImageEvaluation.Comparison, _ frames: [FrameSet]) {
    (self.comparison, self.frames) = (comparison, frames)
  }

  /// Draws images spread over cameras and frames, and writes a PNG.
  /// - Throws: ``CaptureError`` for what reading and writing meets.
  func write(to file: URL) throws(CaptureError) {
    let cameras = comparison.cameras
    let count = min(Self.rows, frames.count * cameras.count)
    var sheet: [[PreviewSheet.Cell]] = []
    for row in 0..<count {
      // Each row another camera, and another part of the take.
      let camera = cameras[row % cameras.count]
      let set = frames[(2 * row + 1) * frames.count / (2 * count)]
      guard let view = try comparison.views(set, of: [camera])[0] else { continue }
      let id = view.placed.description.id
      sheet.append(try Self.cells(view, title: "\(id)  frame \(set.index)"))
    }
    guard !sheet.isEmpty else { return }
    let scale = String(format: "%g mm", 1000 * Self.scale)
    try ImageFile.writePNG(
      try PreviewSheet.compose(
        sheet, cellWidth: 300,
        heading: "difference: red in front, blue behind, full at \(scale); yellow: no mesh"),
      to: file)
  }

  private static func cells(
    _ view: ImageView, title: String
  ) throws(CaptureError) -> [PreviewSheet.Cell] {
    guard let lens = view.placed.description.depth,
      let crop = Crop(around: view.recorded.map { $0 > 0 }, width: lens.width, height: lens.height)
    else { return [PreviewSheet.Cell(title: title, image: try flat(16, 16) { _ in nothing })] }
    let measured = view.recorded.filter { $0 > 0 }.sorted()
    let (near, far) = (measured[measured.count / 50], measured[measured.count * 49 / 50])
    func color(_ z: Float) -> SIMD3<UInt8> {
      z > 0 ? DepthColors.color(at: (z - near) / max(far - near, 0.01)) : nothing
    }
    let parts: [(String, (Int) -> SIMD3<UInt8>)] = [
      (title, { color(view.recorded[$0]) }), ("predicted", { color(view.predicted[$0]) }),
      ("difference", { difference(view.recorded[$0], view.predicted[$0]) }),
    ]
    var cells: [PreviewSheet.Cell] = []
    for (name, pixel) in parts {
      cells.append(
        .init(title: name, image: try flat(lens.width, lens.height, pixel).cropped(crop)))
    }
    guard let colors = view.colors, let color = view.placed.description.color,
      let part = Crop(
        around: view.colorPixels.map { $0 != nil }, width: color.width, height: color.height)
    else { return cells }
    cells.append(.init(title: "recorded", image: try colors.recorded.cropped(part)))
    let predicted = try flat(color.width, color.height) { i in
      view.colorPixels[i] != nil
        ? SIMD3(
          colors.predicted.pixels[3 * i], colors.predicted.pixels[3 * i + 1],
          colors.predicted.pixels[3 * i + 2]) : nothing
    }
    cells.append(.init(title: "predicted", image: try predicted.cropped(part)))
    return cells
  }

  private static func difference(_ recorded: Float, _ predicted: Float) -> SIMD3<UInt8> {
    guard recorded > 0 else { return nothing }
    guard predicted > 0 else { return uncovered }
    let share = max(-1, min(1, (predicted - recorded) / scale))
    let faded = UInt8(255 * (1 - abs(share)))
    return share < 0 ? SIMD3(255, faded, faded) : SIMD3(faded, faded, 255)
  }

  private static func flat(
    _ width: Int, _ height: Int, _ pixel: (Int) -> SIMD3<UInt8>
  ) throws(CaptureError) -> ColorImage {
    var pixels: [UInt8] = []
    pixels.reserveCapacity(3 * width * height)
    for i in 0..<(width * height) {
      let c = pixel(i)
      pixels += [c.x, c.y, c.z]
    }
    return try ColorImage(width: width, height: height, pixels: pixels)
  }
}

extension Crop {
  /// The smallest part that holds all marked pixels of an image, and 4 around; nil without any.
  fileprivate init?(around marks: [Bool], width: Int, height: Int) {
    var (left, right, top, bottom) = (width, -1, height, -1)
    for i in marks.indices where marks[i] {
      let (u, v) = (i % width, i / width)
      (left, right, top, bottom) = (min(left, u), max(right, u), min(top, v), max(bottom, v))
    }
    guard right >= 0 else { return nil }
    self.init(
      columns: max(0, left - 4)..<min(width, right + 5),
      rows: max(0, top - 4)..<min(height, bottom + 5))
  }
}
