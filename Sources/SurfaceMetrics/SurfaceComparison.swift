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
  /// Share of the seen places of thin parts that the result has within 5 mm: fingers, blades, cloth. Thin is
  /// what has its other side at most ``thickness`` behind it. Nil where nothing is.
  public var thin: Double?
  /// Connected parts of the result that nowhere come within ``floating`` of the truth.
  public var floaters: Int
  /// Whether the result is closed.
  public var isWatertight: Bool
  /// Signed distance along the true normal at each place, metres; NaN where it is unseen or
  /// further than 20 mm. From one frame to the next it tells how much the surface flickers.
  public var signedDistances: [Float]

  /// Places further than this from the result have no signed distance, metres.
  public static let signedReach: Float = 0.02

  /// What is at most so thick counts as thin, metres.
  public static let thickness: Float = 0.03
  /// Parts that are further away than this float, metres.
  public static let floating: Float = 0.01

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
    let tree = TriangleTree(truth)
    let forward = tree.nearest(to: spread.points)
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
    thin = Self.thin(backward, places, tree, truthNormals)
    floaters = Self.floaters(result, spread, forward, tree)
    isWatertight = result.isWatertight
  }

  /// ``thin``: the ball that touches a thin part's place from inside, half as thick as what is thin, reaches
  /// beyond its other side, which faces away.
  private static func thin(
    _ hits: [TriangleTree.Hit], _ places: TruthPlaces.Frame, _ truth: TriangleTree,
    _ truthNormals: [SIMD3<Float>]
  ) -> Double? {
    let radius = thickness / 2
    let centers = zip(places.points, places.normals).map { $0 - $1 * radius }
    let behind = truth.nearest(to: centers)
    let isThin = hits.indices.map { i in
      places.seen[i] && behind[i].squaredDistance < 0.95 * radius * radius
        && truthNormals[behind[i].triangle].dot(places.normals[i]) < -0.5
    }
    let near = hits.indices.count { isThin[$0] && hits[$0].squaredDistance < 0.005 * 0.005 }
    let count = isThin.count { $0 }
    return count > 0 ? Double(near) / Double(count) : nil
  }

  /// ``floaters``: most parts have a sample near the truth; of the others all vertices are looked at.
  private static func floaters(
    _ result: TriangleMesh, _ samples: SurfaceSamples, _ hits: [TriangleTree.Hit],
    _ truth: TriangleTree
  ) -> Int {
    let labels = TriangleMesh.parts(
      vertices: result.positions.count, triangles: result.triangles)
    func part(_ triangle: SIMD3<UInt32>) -> Int { Int(labels[Int(triangle.x)]) }
    func isNear(_ hit: TriangleTree.Hit) -> Bool {
      hit.squaredDistance <= floating * floating
    }
    var far = Set(result.triangles.map(part))
    for (triangle, hit) in zip(samples.triangles, hits) where isNear(hit) {
      far.remove(part(result.triangles[triangle]))
    }
    let open = labels.indices.filter { far.contains(Int(labels[$0])) }
    let closer = truth.nearest(to: open.map { result.positions[$0] })
    for (vertex, hit) in zip(open, closer) where isNear(hit) { far.remove(Int(labels[vertex])) }
    return far.count
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
