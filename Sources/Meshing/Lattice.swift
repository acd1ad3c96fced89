internal import CaptureCore

/// The points at which the finest level samples the field, and the bricks of 8³ that hold them.
///
/// The first and the last point of each axis lie outside the box, so that the surface is closed
/// where it leaves the box: half a voxel before it, and up to a voxel behind it.
struct Lattice: Sendable {
  /// Points of a brick along one axis.
  static let brickEdge = 8
  /// Most bricks that a box may be cut into; their table takes 4 bytes each.
  static let brickLimit = 1 << 26

  let box: BoundingBox
  let voxel: Float
  let origin: SIMD3<Float>
  /// Number of points on each axis.
  let points: SIMD3<Int32>
  /// Number of bricks on each axis.
  let bricks: SIMD3<Int32>

  /// The lattice of a box.
  /// - Throws: ``CaptureError`` `badInput` for an empty box, `limitExceeded` for one that is too
  ///   large for its voxels.
  init(box: BoundingBox, voxel: Float) throws(CaptureError) {
    guard !box.isEmpty, box.size.x.isFinite, box.size.y.isFinite, box.size.z.isFinite else {
      throw CaptureError(.badInput, "The box to mesh is empty or endless.")
    }
    let cells = (box.size / voxel + 0.5).rounded(.down) + 1
    let perAxis = ((cells + 1) / Float(Self.brickEdge)).rounded(.up)
    guard perAxis.x * perAxis.y * perAxis.z <= Float(Self.brickLimit) else {
      throw CaptureError(
        .limitExceeded,
        "A box of \(box.size.x) x \(box.size.y) x \(box.size.z) m is too large for voxels of "
          + "\(voxel) m.", remedy: "Choose a smaller box or larger voxels.")
    }
    (self.box, self.voxel) = (box, voxel)
    origin = box.lower - voxel * 0.5
    points = SIMD3<Int32>(cells) &+ 1
    bricks = SIMD3<Int32>(perAxis)
  }

  /// Every other point of a lattice, and one beyond its end where that makes the cells whole.
  init(coarserThan fine: Lattice) {
    (box, origin, voxel) = (fine.box, fine.origin, 2 * fine.voxel)
    points = fine.points / 2 &+ 1
    bricks = Self.bricks(holding: points)
  }

  /// Bricks on each axis that so many points take.
  static func bricks(holding points: SIMD3<Int32>) -> SIMD3<Int32> {
    (points &+ Int32(brickEdge - 1)) / Int32(brickEdge)
  }

  @inline(__always) func position(_ p: SIMD3<Int32>) -> SIMD3<Float> {
    origin + SIMD3<Float>(p) * voxel
  }

  @inline(__always) func contains(_ p: SIMD3<Int32>) -> Bool {
    p.x >= 0 && p.y >= 0 && p.z >= 0 && p.x < points.x && p.y < points.y && p.z < points.z
  }

  /// Place of a brick in tables, or nil outside.
  @inline(__always) func index(brick b: SIMD3<Int32>) -> Int? {
    guard
      b.x >= 0 && b.y >= 0 && b.z >= 0 && b.x < bricks.x && b.y < bricks.y && b.z < bricks.z
    else { return nil }
    return (Int(b.z) * Int(bricks.y) + Int(b.y)) * Int(bricks.x) + Int(b.x)
  }

  /// The brick at a place in tables.
  @inline(__always) func brick(at index: Int) -> SIMD3<Int32> {
    let (x, y) = (Int(bricks.x), Int(bricks.y))
    return SIMD3(Int32(index % x), Int32(index / x % y), Int32(index / (x * y)))
  }
}
