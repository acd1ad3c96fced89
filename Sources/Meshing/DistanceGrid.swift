public import CaptureCore

/// Signed distances at all points of a regular grid, x fastest, then y.
public struct DistanceGrid: Sendable {
  /// Number of points on each axis, at least 2.
  public let points: SIMD3<Int32>
  /// The first point, and the step between points, metres.
  public let origin: SIMD3<Float>, spacing: Float
  /// Distances, negative inside, metres; what is not a number counts as outside.
  public let distances: [Float]

  /// A grid of known distances.
  /// - Throws: ``CaptureError`` `sizeMismatch` unless there is a distance for each point, and
  ///   `limitExceeded` for fewer than 2 points on an axis or too many bricks.
  public init(
    points: SIMD3<Int32>, origin: SIMD3<Float>, spacing: Float, distances: [Float]
  ) throws(CaptureError) {
    let least = points.min()
    let bricks = SIMD3<Double>(points) / Double(Lattice.brickEdge) + 1
    guard least >= 2, bricks.x * bricks.y * bricks.z <= Double(Lattice.brickLimit) else {
      throw CaptureError(
        .limitExceeded, "A grid of \(points.x) x \(points.y) x \(points.z) points is out of range.",
        remedy: "Give at least 2 points an axis and at most 30 billion.")
    }
    let count = Int(points.x) * Int(points.y) * Int(points.z)
    guard distances.count == count else {
      throw CaptureError(
        .sizeMismatch, "A grid of \(count) points cannot have \(distances.count) distances.")
    }
    (self.points, self.origin, self.spacing) = (points, origin, spacing)
    self.distances = distances
  }

  /// Asks a field for the distance at every point of a box, on several threads.
  ///
  /// The first point is the box's lower corner; the last of each axis lies at its upper side or beyond.
  /// - Throws: As ``init(points:origin:spacing:distances:)``.
  public init(
    of field: any ScalarField, in box: BoundingBox, spacing: Float, threads: Int? = nil
  ) throws(CaptureError) {
    let steps = (box.size / spacing).rounded(.up)
    guard steps.min() >= 1, steps.max() < 30_000, steps.x * steps.y * steps.z < 3e9 else {
      throw CaptureError(
        .limitExceeded,
        "A box of \(box.size.x) x \(box.size.y) x \(box.size.z) m is out of range for a dense grid "
          + "with a step of \(spacing) m.", remedy: "Choose another step or box.")
    }
    let points = SIMD3<Int32>(steps) &+ 1
    let (width, rows) = (Int(points.x), Int(points.y) * Int(points.z))
    let distances = [Float](unsafeUninitializedCapacity: width * rows) { out, filled in
      nonisolated(unsafe) let out = out
      concurrently(Int(points.z), threads: threads) { z, _ in
        withUnsafeTemporaryAllocation(of: SIMD3<Float>.self, capacity: width * Int(points.y)) {
          layer in
          for i in layer.indices {
            layer[i] =
              box.lower + SIMD3(Float(i % width), Float(i / width), Float(z)) * spacing
          }
          field.distances(
            at: UnsafeBufferPointer(layer),
            into: UnsafeMutableBufferPointer(
              rebasing: out[(z * layer.count)...].prefix(layer.count)))
        }
      }
      filled = width * rows
    }
    try self.init(points: points, origin: box.lower, spacing: spacing, distances: distances)
  }
}

extension SurfaceExtractor {
  /// Cuts the zero surface from a dense grid: marching cubes alone, nothing asked, kept back or moved.
  ///
  /// The surface is open where it meets the first or last points of the grid, and closed elsewhere. It
  /// is the same for any number of threads.
  ///
  /// - Parameter threads: Workers; nil for one a core.
  /// - Returns: Positions and triangles, neither normals nor colours.
  /// - Throws: ``CaptureError`` `limitExceeded` when the surface passes through too much of the grid.
  public static func surface(
    of grid: DistanceGrid, threads: Int? = nil
  ) throws(CaptureError) -> TriangleMesh {
    let samples = try SparseSamples(grid, threads: threads)
    let surface = SurfaceAssembler(samples, threads: threads).surface()
    var mesh = TriangleMesh()
    (mesh.positions, mesh.triangles) = (surface.positions, surface.triangles)
    return mesh
  }
}
