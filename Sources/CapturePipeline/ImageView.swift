internal import CaptureCore
internal import Pictures

/// What one camera recorded at one instant, and a mesh as both of its lenses see it.
struct ImageView {
  let placed: PlacedCamera
  /// z-depth of the subject's pixels as recorded, metres; 0 elsewhere.
  let recorded: [Float]
  /// z-depth of the mesh in the depth lens, metres; 0 where none is drawn.
  let predicted: [Float]
  /// What the colour lens recorded, and the mesh's colours there; nil without colour on either side.
  let colors: (recorded: ColorImage, predicted: ColorImage)?
  /// By pixel of the colour image, whether it is compared: the mesh is drawn there, and the drawn place lies
  /// on a pixel of the depth image that shows the subject.
  let mask: [Bool]

  /// Draws a mesh before a camera; nil when the camera has no depth image.
  init?(
    _ mesh: TriangleMesh, _ placed: PlacedCamera, _ frame: CameraFrame, subject: [Float]?
  ) throws(CaptureError) {
    guard let subject, let lens = placed.description.depth else { return nil }
    (self.placed, recorded) = (placed, subject)
    predicted = try MeshRasterizer.view(
      mesh, camera: lens, worldFromCamera: placed.worldFromDepth, style: .shaded
    ).depths
    guard let color = placed.description.color, let image = frame.color, !mesh.colors.isEmpty,
      image.width == color.width, image.height == color.height
    else {
      (colors, mask) = (nil, [])
      return
    }
    let view = try MeshRasterizer.view(
      mesh, camera: color, worldFromCamera: placed.worldFromColor, style: .colored)
    colors = (image, view.image)
    mask = Self.mask(view.depths, color, placed, subject, lens)
  }

  private static func mask(
    _ depths: [Float], _ color: CameraModel, _ placed: PlacedCamera, _ subject: [Float],
    _ lens: CameraModel
  ) -> [Bool] {
    let depthFromWorld = PixelProjection(lens, worldFromCamera: placed.worldFromDepth)
    let rays = color.directionTable()
    return depths.indices.map { i in
      guard depths[i] > 0, rays[i].x.isFinite else { return false }
      let p = placed.worldFromColor.apply(SIMD3<Double>(rays[i] * depths[i]))
      guard let hit = depthFromWorld.project(SIMD3<Float>(p)) else { return false }
      return subject[Int(hit.v + 0.5) * lens.width + Int(hit.u + 0.5)] > 0
    }
  }

  /// The image's part of the figures.
  var figures: PredictionFigures {
    var figures = PredictionFigures()
    figures.addImage()
    for i in recorded.indices where recorded[i] > 0 {
      figures.add(recorded: recorded[i], predicted: predicted[i])
    }
    guard let colors else { return figures }
    for i in mask.indices where mask[i] {
      figures.add(
        recorded: Self.levels(colors.recorded, i), predicted: Self.levels(colors.predicted, i))
    }
    return figures
  }

  private static func levels(_ image: ColorImage, _ i: Int) -> SIMD3<Int> {
    SIMD3(Int(image.pixels[3 * i]), Int(image.pixels[3 * i + 1]), Int(image.pixels[3 * i + 2]))
  }
}
