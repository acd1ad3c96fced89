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
    } else if let plane = FloorFinder(up: hint, largestTilt: 40 * .pi / 180, leastShare: 0.025)
      .find(in: points.map { SIMD3<Float>($0) })
    {
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
}
