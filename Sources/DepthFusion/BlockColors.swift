internal import CaptureCore

/// Mean colours of the observations in each block of voxels, for places that no camera saw.
struct BlockColors: Sendable {
  private let origin: SIMD3<Float>
  private let edge: Float
  private var sums: [SIMD3<Int32>: SIMD4<Float>] = [:]
  private var all = SIMD4<Float>.zero

  /// Farthest blocks in which colours are looked for.
  private static let reach: Int32 = 3

  init(_ frame: any FrameObservations, _ grid: FusionGrid) {
    (origin, edge) = (grid.origin, 8 * grid.voxel)
    let limit = SIMD3<Float>(grid.blocks)
    for o in frame.surface where o.hasColor == 1 {
      let q = (o.position - origin) / edge
      guard Swift.all(q .>= SIMD3<Float>.zero), Swift.all(q .< limit) else { continue }
      let color = SIMD4(Float(o.red), Float(o.green), Float(o.blue), 1)
      sums[SIMD3<Int32>(q), default: .zero] += color
      all += color
    }
  }

  /// Whether any observation has a colour.
  var hasAny: Bool { all.w > 0 }

  /// The mean colour, 0...1, of the nearest blocks that have one; of everything when none is near.
  func color(_ p: SIMD3<Float>) -> SIMD3<Float> {
    let q = ((p - origin) / edge).clamped(
      lowerBound: SIMD3(repeating: -1), upperBound: SIMD3(repeating: 1e6))
    guard (q * 0) == .zero else { return SIMD3(all.x, all.y, all.z) / (255 * all.w) }
    let center = SIMD3<Int32>(q.rounded(.down))
    for ring in 0...Self.reach {
      var sum = SIMD4<Float>.zero
      for z in -ring...ring {
        for y in -ring...ring {
          for x in -ring...ring where max(abs(x), abs(y), abs(z)) == ring {
            sum += sums[center &+ SIMD3(x, y, z)] ?? .zero
          }
        }
      }
      if sum.w > 0 { return SIMD3(sum.x, sum.y, sum.z) / (255 * sum.w) }
    }
    return SIMD3(all.x, all.y, all.z) / (255 * all.w)
  }
}
