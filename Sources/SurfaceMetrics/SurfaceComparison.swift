public import CaptureCore

/// How far a reconstructed surface is from the true one, in one frame. Lengths in millimetres.
///
/// Distances go from points of one surface to the nearest point of the other (exact, point to
/// triangle), never between two samplings. "Seen" are places that a depth camera of the rig sees:
/// what lies elsewhere had to be invented.
public struct SurfaceComparison: Sendable, Equatable {
  /// Mean distance of the result's points to the truth, where the nearest true place is seen.
  public var accuracy: Double
  /// Mean distance of seen true places to the result.
  public var completeness: Double
  /// Mean of ``accuracy`` and ``completeness``.
  public var chamfer: Double
  /// F-scores at 5 and 10 mm: harmonic mean of the shares of the result and of the truth that
  /// are nearer than that.
  public var f5, f10: Double
  /// Mean |cos| of the angle between normals at nearest points, both ways.
  public var normals: Double
  /// Mean signed distance along the true normal at seen places within 20 mm; + is outside.
  public var offset: Double
  /// ``chamfer`` over all places, seen or not.
  public var chamferAll: Double
  /// Whether the result is closed.
  public var isWatertight: Bool
  /// Signed distance along the true normal at each place, metres; NaN where it is unseen or
  /// further than 20 mm. From one frame to the next it tells how much the surface flickers.
  public var signedDistances: [Float]

  /// Places further than this from the result have no signed distance, metres.
  public static let signedReach: Float = 0.02

  /// Compares a result with the truth; nil when the result has no area.
  ///
  /// - Parameters:
  ///   - samples: Points spread over the result's area.
  ///   - seed: Of those points.
  /// - Throws: ``CaptureError`` `badInput` for a mesh with numbers that are not finite or beyond
  ///   1000 km, or triangles beyond its vertices; for a truth without triangles or places.
  /// - Complexity: O((samples + places + faces) log faces); about 0.1 s for 60 000 samples.
  public init?(
    of result: TriangleMesh, to truth: TriangleMesh, at places: TruthPlaces.Frame,
    samples: Int = 60_000, seed: UInt64 = 1
  ) throws(CaptureError) {
    try Self.check(result, "The reconstructed mesh")
    try Self.check(truth, "The true mesh")
    guard !truth.triangles.isEmpty, !places.points.isEmpty else {
      throw CaptureError(.badInput, "The truth has no triangles or no places.")
    }
    guard let spread = SurfaceSamples(result, count: samples, seed: seed) else { return nil }
    let resultNormals = result.triangleNormals
    let forward = TriangleTree(truth).nearest(to: spread.points)
    let owners = TriangleTree(points: places.points).nearest(to: spread.points)
    let backward = TriangleTree(result).nearest(to: places.points)

    let truthNormals = truth.triangleNormals
    var (there, thereAll) = (Direction(), Direction())
    for (i, hit) in forward.enumerated() {
      let cosine = resultNormals[spread.triangles[i]].dot(truthNormals[hit.triangle])
      thereAll.add(hit, cosine)
      if places.seen[owners[i].triangle] { there.add(hit, cosine) }
    }
    var (back, backAll) = (Direction(), Direction())
    for (i, hit) in backward.enumerated() {
      let cosine = places.normals[i].dot(resultNormals[hit.triangle])
      backAll.add(hit, cosine)
      if places.seen[i] { back.add(hit, cosine) }
    }
    signedDistances = Self.signedDistances(backward, places)
    (accuracy, completeness) = (1000 * there.distance, 1000 * back.distance)
    chamfer = (accuracy + completeness) / 2
    (f5, f10) = (Self.score(there.within5, back.within5), Self.score(there.within10, back.within10))
    normals = (there.cosine + back.cosine) / 2
    offset = 1000 * Self.mean(signedDistances)
    chamferAll = 500 * (thereAll.distance + backAll.distance)
    isWatertight = result.isWatertight
  }

  /// Sums over the points of one surface; the figures of no points are NaN.
  private struct Direction {
    private var count = 0.0, distances = 0.0, cosines = 0.0, near5 = 0.0, near10 = 0.0

    mutating func add(_ hit: TriangleTree.Hit, _ cosine: Float) {
      let distance = hit.squaredDistance.squareRoot()
      count += 1
      distances += Double(distance)
      cosines += Double(abs(cosine))
      if distance < 0.005 { near5 += 1 }
      if distance < 0.010 { near10 += 1 }
    }

    var distance: Double { distances / count }
    var cosine: Double { cosines / count }
    var within5: Double { near5 / count }
    var within10: Double { near10 / count }
  }

  private static func score(_ precision: Double, _ recall: Double) -> Double {
    // The bound makes two empty shares 0 instead of 0/0, and lets NaN through.
    precision + recall < 1e-9 ? 0 : 2 * precision * recall / (precision + recall)
  }

  private static func signedDistances(
    _ hits: [TriangleTree.Hit], _ places: TruthPlaces.Frame
  ) -> [Float] {
    hits.indices.map { i in
      guard places.seen[i], hits[i].squaredDistance < signedReach * signedReach else { return .nan }
      return (hits[i].point - places.points[i]).dot(places.normals[i])
    }
  }

  /// Mean of those that are not NaN; NaN when there are none.
  static func mean(_ values: some Sequence<Float>) -> Double {
    var (sum, count) = (0.0, 0.0)
    for value in values where !value.isNaN {
      sum += Double(value)
      count += 1
    }
    return sum / count
  }

  private static func check(_ mesh: TriangleMesh, _ name: String) throws(CaptureError) {
    guard
      mesh.positions.allSatisfy({ max(abs($0.x), abs($0.y), abs($0.z)) < 1e6 && $0 * 0 == .zero })
    else {
      throw CaptureError(
        .badInput, "\(name) has a vertex that is not finite or lies beyond 1000 km.",
        remedy: "Meshes are in world metres.")
    }
    guard mesh.triangles.allSatisfy({ Int($0.max()) < mesh.positions.count }) else {
      throw CaptureError(.badInput, "\(name) has a triangle beyond its vertices.")
    }
  }
}
