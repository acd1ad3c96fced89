internal import CalibrationTargets
internal import CaptureCore
internal import Foundation
internal import ImageFiles
internal import Pictures
internal import Recordings

/// Each camera's most telling picture with what was found in it.
struct BoardSheet {
  private let reader: any Recording
  private let corners: TakeCorners
  private static let width = 480

  init(_ reader: any Recording, _ corners: TakeCorners) {
    (self.reader, self.corners) = (reader, corners)
  }

  /// Two pictures a row; markers are outlined in orange, corners are green crosses.
  func picture() throws(CaptureError) -> ColorImage {
    var cells: [PreviewSheet.Cell] = []
    for (index, camera) in reader.take.cameras.enumerated() {
      guard let picture = corners.best(camera: index),
        let color = corners.sets[picture.frame].entries[index].color
      else { continue }
      let image = try reader.color(camera: index, index: color)
      let found = picture.detection
      cells.append(
        PreviewSheet.Cell(
          title: "\(camera.id) \(found.corners.count) corners, \(found.markers.count) markers",
          image: try BoardSheet.marked(image, found)))
    }
    let rows = stride(from: 0, to: cells.count, by: 2).map {
      Array(cells[$0..<min($0 + 2, cells.count)])
    }
    return try PreviewSheet.compose(rows, cellWidth: BoardSheet.width, heading: reader.take.name)
  }

  /// A picture with a detection drawn into it.
  static func marked(
    _ image: ColorImage, _ found: TargetDetection
  ) throws(CaptureError) -> ColorImage {
    let small = try image.fitted(width: width * 2, height: width * 2)
    let scale = Double(small.width) / Double(image.width)
    var canvas = try PictureCanvas(width: small.width, height: small.height, color: .zero)
    canvas.draw(small, x: 0, y: 0)
    for marker in found.markers {
      for k in 0..<4 {
        canvas.line(
          from: marker.corners[k] * scale, to: marker.corners[(k + 1) % 4] * scale,
          SIMD3(255, 150, 0))
      }
    }
    for corner in found.corners { canvas.cross(at: corner.pixel * scale, 4, SIMD3(0, 230, 60)) }
    return canvas.image
  }

  static func write(_ image: ColorImage, to url: URL) throws(CaptureError) {
    try ImageFile.writeJPEG(image, quality: 88, to: url)
  }
}

extension PictureCanvas {
  /// An upright cross around a place.
  mutating func cross(at p: SIMD2<Double>, _ size: Double, _ color: SIMD3<UInt8>) {
    line(from: p - SIMD2(size, 0), to: p + SIMD2(size, 0), color)
    line(from: p - SIMD2(0, size), to: p + SIMD2(0, size), color)
  }
}
