public import CaptureCore
public import Foundation
internal import ImageFiles
internal import Pictures
internal import Recordings

extension InspectedTake {
  /// Frame sets on a sheet, at most.
  static let sheetSets = 4
  private static let cellWidth = 240

  /// Draws colour and depth of every camera at several times into one PNG: a row a camera, and the
  /// pictures of a time beside each other.
  ///
  /// All depth has one scale, yellow to violet, from the smallest 1st to the largest 99th percentile
  /// of the cameras; it stands above the pictures.
  /// A picture that is missing or cannot be read is left dark, and says so.
  /// - Throws: ``CaptureError`` when the take has no frame set, or for what writing meets.
  public func writeSheet(of inspection: Inspection, to url: URL) throws(CaptureError) {
    let measured = inspection.cameras.compactMap(\.percentiles)
    let near = measured.map { $0[0] }.min() ?? 0
    let far = measured.map { $0[2] }.max() ?? 1
    var rows: [[PreviewSheet.Cell]] = inspection.cameras.map { _ in [] }
    for set in sets.evenlySpread(InspectedTake.sheetSets) {
      for (camera, entry) in set.entries.enumerated() {
        rows[camera] += try cells(camera, entry, set.time, Float(near)...Float(far))
      }
    }
    let sheet = try PreviewSheet.compose(
      rows, cellWidth: InspectedTake.cellWidth, heading: inspection.name)
    try ImageFile.writePNG(sheet, to: url)
  }

  private func cells(
    _ camera: Int, _ entry: FrameSet.Entry, _ time: Double, _ range: ClosedRange<Float>
  ) throws(CaptureError) -> [PreviewSheet.Cell] {
    let description = reader.take.cameras[camera]
    let title = "\(description.id) \(String(format: "%.3f", time)) s"
    var (color, depth) = (
      try note("no colour", description.color), try note("no depth", description.depth)
    )
    if let index = entry.color {
      color = try orUnreadable(description.color) { () throws(CaptureError) in
        try reader.color(camera: camera, index: index)
      }
    }
    if let index = entry.depth {
      depth = try orUnreadable(description.depth) { () throws(CaptureError) in
        try DepthColors.picture(of: reader.depth(camera: camera, index: index), range: range)
      }
    }
    let scale = String(format: "depth %.2f-%.2f m", range.lowerBound, range.upperBound)
    return [.init(title: title, image: color), .init(title: scale, image: depth)]
  }

  /// The picture, or a note in its place; the inspection has told why.
  private func orUnreadable(
    _ model: CameraModel?, _ read: () throws(CaptureError) -> ColorImage
  ) throws(CaptureError) -> ColorImage {
    do { return try read() } catch { return try note("unreadable", model) }
  }

  private func note(_ text: String, _ model: CameraModel?) throws(CaptureError) -> ColorImage {
    let width = InspectedTake.cellWidth
    let shape = model.map { Double($0.height) / Double($0.width) } ?? 0.75
    var canvas = try PictureCanvas(
      width: width, height: max(16, Int(Double(width) * min(shape, 2))), color: DepthColors.none)
    canvas.text(text, x: 8, y: 4, color: SIMD3(repeating: 200))
    return canvas.image
  }
}
