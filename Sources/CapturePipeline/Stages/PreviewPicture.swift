internal import CaptureCore
internal import Foundation
internal import ImageFiles
internal import MeshExport
internal import Pictures
internal import RayObservations

/// Input and result side by side, `OUT/preview.png`: for several frames what a camera recorded, and
/// the mesh from the same place, shaded and in its colours.
struct PreviewPicture {
  /// Rows of the picture.
  static let rows = 4

  let output: OutputFolder
  let threads: Int

  /// Draws the meshes that the stages left.
  /// - Throws: ``CaptureError`` for what reading and writing meets.
  func write() throws(CaptureError) {
    let list = try FrameList.read(output)
    let take = try OpenTake(list, in: output)
    let records = try MeshRecord.all(in: output, frames: list.frames)
    let drawable = records.indices.filter { records[$0].mesh != nil }
    let count = min(Self.rows, drawable.count)
    guard count > 0 else { return }
    var sheet: [[PreviewSheet.Cell]] = []
    for row in 0..<count {
      // Spread over the take, the middle of each part.
      let position = drawable[(2 * row + 1) * drawable.count / (2 * count)]
      guard let entry = records[position].mesh else { continue }
      let mesh = try PLYReader.read(output.folder(.mesh).appendingPathComponent(entry.file))
      sheet.append(try cells(mesh, entry, list.sets[position], take, from: row))
    }
    try ImageFile.writePNG(
      try PreviewSheet.compose(sheet, heading: list.name), to: output.preview)
  }

  private func cells(
    _ mesh: TriangleMesh, _ entry: SequenceManifest.Frame, _ set: FrameSet, _ take: OpenTake,
    from row: Int
  ) throws(CaptureError) -> [PreviewSheet.Cell] {
    let images = try take.images(of: set, threads: threads)
    // Each row looks from another camera, of those that saw the frame.
    let seen = images.indices.filter { images[$0].color != nil || images[$0].depth != nil }
    let camera = take.cameras[seen[row % seen.count]]
    guard let view = try View(camera, images[seen[row % seen.count]]) else { return [] }
    let crop = view.crop(around: mesh)
    let time = String(format: "%.2f s", set.time)
    var cells = [
      PreviewSheet.Cell(
        title: "\(camera.description.id)  frame \(entry.index)  \(time)",
        image: try view.picture.cropped(crop))
    ]
    for (title, style) in [("shaded", MeshRasterizer.Style.shaded), ("coloured", .colored)] {
      let image = try MeshRasterizer.render(
        mesh, camera: view.model.cropped(crop), worldFromCamera: view.worldFromLens, style: style)
      cells.append(PreviewSheet.Cell(title: title, image: image))
    }
    return cells
  }
}

/// What one lens recorded, and where it stands.
private struct View {
  let model: CameraModel
  let worldFromLens: RigidTransform
  let picture: ColorImage

  /// The colour lens where there is colour, else the depth lens with its depth in colours; nil
  /// where there is neither.
  init?(_ camera: PlacedCamera, _ images: CameraFrame) throws(CaptureError) {
    if let color = images.color, let lens = camera.description.color {
      (model, worldFromLens, picture) = (lens, camera.worldFromColor, color)
    } else if let depth = images.depth, let lens = camera.description.depth {
      (model, worldFromLens) = (lens, camera.worldFromDepth)
      picture = try DepthColors.picture(of: depth)
    } else {
      return nil
    }
  }

  /// The pixels around the mesh, with a margin; the whole image where it is hardly seen.
  func crop(around mesh: TriangleMesh) -> Crop {
    let lensFromWorld = worldFromLens.inverse
    var lower = SIMD2(Double.infinity, .infinity)
    var upper = -lower
    for i in stride(from: 0, to: mesh.positions.count, by: 16) {
      let p = lensFromWorld.apply(SIMD3<Double>(mesh.positions[i]))
      guard let pixel = model.project(p) else { continue }
      lower = pointwiseMin(lower, pixel)
      upper = pointwiseMax(upper, pixel)
    }
    let margin = 0.08 * (upper - lower).max()
    let left = Int(max(0, min(lower.x - margin, 1e6))),
      top = Int(max(0, min(lower.y - margin, 1e6)))
    let right = Int(max(0, min(upper.x + margin, Double(model.width - 1)))) + 1
    let bottom = Int(max(0, min(upper.y + margin, Double(model.height - 1)))) + 1
    guard right - left > 16, bottom - top > 16 else {
      return Crop(columns: 0..<model.width, rows: 0..<model.height)
    }
    return Crop(columns: left..<right, rows: top..<bottom)
  }
}
