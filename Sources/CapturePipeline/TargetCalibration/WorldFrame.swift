internal import BundleAdjustment
internal import CaptureCore
internal import Foundation
internal import LinearAlgebra

/// Where a rig's world is: +y up, the floor at y = 0, the origin under the rig's centre, and the
/// reference camera looking towards -z.
struct WorldFrame: Sendable {
  /// How the floor was found.
  enum Floor: Sendable {
    /// A plane in the depth, with the share of the points that lie on it and their distance, metres.
    case depth(share: Double, roughness: Double)
    /// A board or tag of this name lay on it.
    case board(String)
    /// Not at all: up is the mean of the cameras' up, and the floor is below everything.
    case guessed

    var text: String {
      switch self {
      case .depth(let share, let roughness):
        String(
          format: "found in depth (%.0f %% of the points, %.1f mm rms)", share * 100,
          roughness * 1000)
      case .board(let name): "where `\(name)` lay"
      case .guessed: "not seen; up is the cameras' mean up, and y = 0 is below all points"
      }
    }
  }

  let worldFromRig: RigidTransform
  let floor: Floor

  /// The world of cameras in a rig.
  /// - Parameters:
  ///   - points: What depth saw, rig metres.
  ///   - center: The middle of where the board was, rig metres.
  ///   - board: Name and rigFromBoard of a board that lies on the floor.
  init(
    rigFromColor: [RigidTransform], reference: Int, points: [SIMD3<Double>],
    center: SIMD3<Double>, board: (name: String, pose: RigidTransform)?
  ) {
    let hint = rigFromColor.map { $0.rotate(SIMD3(0, -1, 0)) }.reduce(.zero, +).normalized
    let middle = WorldFrame.middle(of: rigFromColor, near: center)
    var (up, height) = (hint, 0.0)
    if let board {
      up = board.pose.rotate(SIMD3(0, 0, -1))
      height = up.dot(board.pose.translation)
      floor = .board(board.name)
    } else if let plane = WorldFrame.plane(points, up: hint) {
      (up, height) = (plane.normal, plane.offset)
      floor = .depth(share: plane.share, roughness: plane.roughness)
    } else {
      let heights = points.map { up.dot($0) }.sorted()
      height = heights.isEmpty ? up.dot(middle) - 1 : heights[heights.count / 100]
      floor = .guessed
    }
    // The reference camera looks towards -z: x is its right, as far as that is level.
    let right = rigFromColor[reference].rotate(SIMD3(1, 0, 0))
    let x = (right - up * up.dot(right)).normalized
    let rotation = RigidTransform(rows: (x, up, x.cross(up)), translation: .zero)
    let origin = middle - up * (up.dot(middle) - height)
    worldFromRig = RigidTransform(
      rows: rotation.rows, translation: -rotation.rotate(origin))
  }

  /// The point nearest to all optical axes, drawn to a given one where they are all but parallel.
  private static func middle(
    of cameras: [RigidTransform], near center: SIMD3<Double>
  ) -> SIMD3<Double> {
    var (normal, right) = (DenseMatrix(rows: 3, columns: 3), [0.0, 0, 0])
    func add(_ m: (Int, Int) -> Double, _ p: SIMD3<Double>) {
      for i in 0..<3 {
        for j in 0..<3 {
          normal[i, j] += m(i, j)
          right[i] += m(i, j) * p[j]
        }
      }
    }
    for camera in cameras {
      let axis = camera.rotate(SIMD3(0, 0, 1))
      add({ ($0 == $1 ? 1 : 0) - axis[$0] * axis[$1] }, camera.translation)
    }
    add({ $0 == $1 ? 0.1 : 0 }, center)
    guard let solved = CholeskyFactor(normal)?.solve(right) else { return center }
    return SIMD3(solved[0], solved[1], solved[2])
  }

  private struct Plane {
    var normal: SIMD3<Double>
    var offset: Double
    var share: Double
    var roughness: Double
  }

  /// The floor: the plane, level to 40 degrees, with most points on it and all but none below it;
  /// nil where it has less than a fortieth of the points.
  private static func plane(_ points: [SIMD3<Double>], up: SIMD3<Double>) -> Plane? {
    guard points.count > 200 else { return nil }
    let points = stride(from: 0, to: points.count, by: max(1, points.count / 5000)).map {
      points[$0]
    }
    let (tolerance, count) = (0.02, Double(points.count))
    var random = SeededGenerator(seed: 1)
    var best: (normal: SIMD3<Double>, offset: Double, hits: Int)?
    for _ in 0..<1200 {
      let picks = (0..<3).map { _ in points[Int(random.next() % UInt64(points.count))] }
      var normal = (picks[1] - picks[0]).cross(picks[2] - picks[0]).normalized
      if normal.dot(up) < 0 { normal = -normal }
      guard normal.dot(up) > 0.766 else { continue }
      let offset = normal.dot(picks[0])
      var (hits, below) = (0, 0)
      for p in points {
        let height = normal.dot(p) - offset
        if abs(height) < tolerance { hits += 1 }
        if height < -0.08 { below += 1 }
      }
      if Double(below) < 0.02 * count, hits > best?.hits ?? 0 { best = (normal, offset, hits) }
    }
    guard var found = best, Double(found.hits) > count / 40 else { return nil }
    var roughness = 0.0
    for _ in 0..<3 {
      let near = points.filter { abs(found.normal.dot($0) - found.offset) < tolerance }
      let mean = near.reduce(.zero, +) / Double(near.count)
      var scatter = DenseMatrix(rows: 3, columns: 3)
      for p in near {
        for i in 0..<3 { for j in 0..<3 { scatter[i, j] += (p - mean)[i] * (p - mean)[j] } }
      }
      guard let eigen = SymmetricEigen(scatter) else { return nil }
      var normal = SIMD3(eigen.vectors[0, 0], eigen.vectors[1, 0], eigen.vectors[2, 0])
      if normal.dot(up) < 0 { normal = -normal }
      roughness = (max(0, eigen.values[0]) / Double(near.count)).squareRoot()
      found = (normal, normal.dot(mean), near.count)
    }
    return Plane(
      normal: found.normal, offset: found.offset, share: Double(found.hits) / count,
      roughness: roughness)
  }
}
