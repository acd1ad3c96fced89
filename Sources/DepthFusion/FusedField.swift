public import CaptureCore

/// The depth images of one instant, fused into a truncated signed distance field.
///
/// No training: a preview in a fraction of a second, and the baseline that learned fields have to
/// beat. Each voxel is projected into every camera; the distances to the planes seen there are
/// averaged, weighted by how sure they are. Where no camera has seen a surface nearby, a point is inside
/// where the observations' hidden cells say so, and outside elsewhere; so is what lies further behind a
/// surface than a sheet is thick, unless it is hidden and inside.
///
/// Source: B. Curless, M. Levoy, *A Volumetric Method for Building Complex Models from Range
/// Images*, SIGGRAPH 1996.
public struct FusedField: ScalarField {
  /// False: gradients are differences, smoother than the distances, and take six more of these.
  public var gradientsTell: Bool { false }

  private let views: [CameraView]
  private let grid: FusionGrid
  private let colors: BlockColors
  private let voxel: Float

  /// Fuses what was seen in a frame.
  ///
  /// - Parameters:
  ///   - frame: Observations of the instant.
  ///   - cameras: The cameras of the take, in its order.
  ///   - box: Region of interest, world metres.
  ///   - configuration: How fine.
  ///   - threads: Workers; nil for one a core.
  /// - Throws: ``CaptureError`` `usage` for a configuration out of range, `badInput` when no camera
  ///   has depth, `limitExceeded` when the box is too large for its voxels.
  public init(
    _ frame: any FrameObservations, cameras: [PlacedCamera], box: BoundingBox,
    configuration: FusionConfiguration = FusionConfiguration(), threads: Int? = nil
  ) throws(CaptureError) {
    try configuration.validate()
    voxel = configuration.voxel
    views = cameras.indices.compactMap { CameraView(frame, camera: $0, cameras[$0]) }
    guard !views.isEmpty else {
      throw CaptureError(.badInput, "No camera has depth for this frame.")
    }
    let truncation = configuration.truncation * voxel
    var grid = try FusionGrid(box: box, voxel: voxel)
    let views = views
    let inside = frame.hidden.insideMask()
    let sheet = max(1.5 * voxel, 1.2 * frame.hidden.edge)
    // Surfaces are looked for where one was observed, or where the sign changes: what lies further
    // from every observation needs no values.
    let near = max(sheet, 2 * voxel) + 0.5 * voxel
    let marked = Self.blocksNearSurface(frame, grid, near)
    try grid.fill(marked: marked, bound: near, threads: threads) { p in
      Self.value(p, views, truncation, inside, sheet: sheet)
    }
    self.grid = grid
    colors = BlockColors(frame, grid)
  }

  /// Blocks that a seen surface comes as near as `reach`, metres.
  private static func blocksNearSurface(
    _ frame: any FrameObservations, _ grid: FusionGrid, _ reach: Float
  ) -> [Bool] {
    var marked = [Bool](repeating: false, count: grid.table.count)
    let edge = 8 * grid.voxel
    let limit = SIMD3<Float>(grid.blocks)
    for o in frame.surface {
      let q = (o.position - grid.origin) / edge
      guard all(q .>= SIMD3<Float>.zero), all(q .< limit) else { continue }
      let reach = SIMD3<Float>(repeating: reach / edge)
      let low = SIMD3<Int32>(pointwiseMax(q - reach, .zero))
      let high = SIMD3<Int32>(pointwiseMin(q + reach, limit - 1))
      for z in low.z...high.z {
        for y in low.y...high.y {
          for x in low.x...high.x { marked[grid.index(SIMD3(x, y, z))] = true }
        }
      }
    }
    return marked
  }

  private static func value(
    _ p: SIMD3<Float>, _ views: [CameraView], _ truncation: Float, _ inside: InsideMask,
    sheet: Float
  ) -> Float {
    var evidence = CameraView.Evidence()
    for view in views { view.add(p, truncation, to: &evidence) }
    if evidence.weight > 0 {
      let mean = evidence.weighted / evidence.weight
      // Whoever looks through a point by a clear margin outvotes what others take for a surface.
      if evidence.isFree { return (mean + truncation) * 0.5 }
      return mean < -sheet && !inside.isEmpty && !inside.contains(p) ? -mean - sheet : mean
    }
    return !evidence.isFree && inside.contains(p) ? -truncation : truncation
  }

  /// Signed distances by trilinear interpolation, exact near seen surfaces; beyond, a lower bound
  /// of the distance with the right sign.
  public func distances(
    at points: UnsafeBufferPointer<SIMD3<Float>>, into distances: UnsafeMutableBufferPointer<Float>
  ) {
    for i in points.indices { distances[i] = grid.distance(points[i]) }
  }

  /// Signed distances, and gradients by differences over two voxels.
  public func gradients(
    at points: UnsafeBufferPointer<SIMD3<Float>>, into distances: UnsafeMutableBufferPointer<Float>,
    gradients: UnsafeMutableBufferPointer<SIMD3<Float>>
  ) {
    let half = 0.5 / voxel
    for i in points.indices {
      let p = points[i]
      distances[i] = grid.distance(p)
      func slope(_ step: SIMD3<Float>) -> Float {
        (grid.distance(p + step) - grid.distance(p - step)) * half
      }
      gradients[i] = SIMD3(
        slope(SIMD3(voxel, 0, 0)), slope(SIMD3(0, voxel, 0)), slope(SIMD3(0, 0, voxel)))
    }
  }

  /// Colours of what the cameras saw at the point; where none did, of the surroundings. False when
  /// no observation has a colour.
  public func colors(
    at points: UnsafeBufferPointer<SIMD3<Float>>,
    into colors: UnsafeMutableBufferPointer<SIMD3<Float>>
  ) -> Bool {
    guard self.colors.hasAny else { return false }
    for i in points.indices {
      var sum = SIMD4<Float>.zero
      for view in views { view.addColor(at: points[i], within: 3 * voxel, to: &sum) }
      colors[i] =
        sum.w > 0 ? SIMD3(sum.x, sum.y, sum.z) / (255 * sum.w) : self.colors.color(points[i])
    }
    return true
  }
}
