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
  /// By pixel of the colour image, the subject's pixel of the depth image on which the drawn place of the mesh
  /// lies; nil where nothing is drawn or that pixel does not show the subject: those are not compared.
  let colorPixels: [Int?]
  /// By pixel of the depth image, whether it shows the subject at a place that another camera saw too.
  let shared: [Bool]

  /// How far another camera's depth may be off the place that this one recorded for both to have seen it, metres.
  static let sharedReach: Float = 0.02

  /// Draws a mesh before a camera; nil when the camera has no depth image.
  ///
  /// - Parameter others: Cameras whose view counts in ``shared``, with their subject's z-depths, metres.
  init?(
    _ mesh: TriangleMesh, _ placed: PlacedCamera, _ frame: CameraFrame, subject: [Float]?,
    others: [(camera: PlacedCamera, depth: [Float])]
  ) throws(CaptureError) {
    guard let subject, let lens = placed.description.depth else { return nil }
    (self.placed, recorded) = (placed, subject)
    shared = Self.shared(subject, lens, placed, others)
    predicted = try MeshRasterizer.view(
      mesh, camera: lens, worldFromCamera: placed.worldFromDepth, style: .shaded
    ).depths
    guard let color = placed.description.color, let image = frame.color, !mesh.colors.isEmpty,
      image.width == color.width, image.height == color.height
    else {
      (colors, colorPixels) = (nil, [])
      return
    }
    let view = try MeshRasterizer.view(
      mesh, camera: color, worldFromCamera: placed.worldFromColor, style: .colored)
    colors = (image, view.image)
    colorPixels = Self.colorPixels(view.depths, color, placed, subject, lens)
  }

  private static func shared(
    _ subject: [Float], _ lens: CameraModel, _ placed: PlacedCamera,
    _ others: [(camera: PlacedCamera, depth: [Float])]
  ) -> [Bool] {
    var shared = [Bool](repeating: false, count: subject.count)
    let rays = lens.directionTable()
    for (camera, depth) in others {
      guard let lens = camera.description.depth else { continue }
      let projection = PixelProjection(lens, worldFromCamera: camera.worldFromDepth)
      for i in subject.indices where subject[i] > 0 && !shared[i] {
        let p = placed.worldFromDepth.apply(SIMD3<Double>(rays[i] * subject[i]))
        guard let hit = projection.pixel(SIMD3<Float>(p)) else { continue }
        let seen = depth[hit.index]
        shared[i] = seen > 0 && abs(seen - hit.z) <= sharedReach
      }
    }
    return shared
  }

  private static func colorPixels(
    _ depths: [Float], _ color: CameraModel, _ placed: PlacedCamera, _ subject: [Float],
    _ lens: CameraModel
  ) -> [Int?] {
    let depthFromWorld = PixelProjection(lens, worldFromCamera: placed.worldFromDepth)
    let rays = color.directionTable()
    return depths.indices.map { i in
      guard depths[i] > 0, rays[i].x.isFinite else { return nil }
      let p = placed.worldFromColor.apply(SIMD3<Double>(rays[i] * depths[i]))
      guard let hit = depthFromWorld.pixel(SIMD3<Float>(p)) else { return nil }
      return subject[hit.index] > 0 ? hit.index : nil
    }
  }

  /// The image's part of the figures: of all compared pixels, or of those that another camera saw too.
  func figures(sharedOnly: Bool) -> PredictionFigures {
    var figures = PredictionFigures()
    figures.addImage()
    for i in recorded.indices where recorded[i] > 0 && (shared[i] || !sharedOnly) {
      figures.add(recorded: recorded[i], predicted: predicted[i])
    }
    guard let colors else { return figures }
    for (i, pixel) in colorPixels.enumerated() {
      guard let pixel, shared[pixel] || !sharedOnly else { continue }
      figures.add(
        recorded: Self.levels(colors.recorded, i), predicted: Self.levels(colors.predicted, i))
    }
    return figures
  }

  private static func levels(_ image: ColorImage, _ i: Int) -> SIMD3<Int> {
    SIMD3(Int(image.pixels[3 * i]), Int(image.pixels[3 * i + 1]), Int(image.pixels[3 * i + 2]))
  }
}
