internal import CaptureCore
internal import LinearAlgebra

/// The motions of a rig's cameras that nothing in the images speaks for or against.
struct FreeMotions {
  /// How much of a motion of length 1 a camera must take part in for it to count as the camera's own.
  private static let least = 0.02

  /// Orthonormal; six columns a camera: turns about its lens times the lever, and shifts, world axes.
  let space: [[Double]]
  /// Cameras of the columns; those missing stand still.
  let cameras: [Int]
  /// Lenses in the world, by camera, metres.
  let lenses: [SIMD3<Double>]
  let lever: Double

  /// Names: single cameras' turns and shifts about world axes, as far as they lie in the space.
  var named: [AlignmentResult.UnknownMotion] {
    Self.motions(space, of: cameras).sorted { $0.camera < $1.camera }
  }

  /// How a camera may move against another one: an orthonormal basis, `[motions × 6]`, turns about the
  /// camera's lens times the lever, and shifts.
  func basis(of camera: Int, against anchor: Int) -> [[Double]] {
    var products = DenseMatrix(rows: 6, columns: 6)
    for motion in space {
      let (own, other) = (part(motion, of: camera), part(motion, of: anchor))
      let carried = other.shift + other.turn.cross(lenses[camera] - lenses[anchor])
      let (turn, shift) = ((own.turn - other.turn) * lever, own.shift - carried)
      let row = [turn.x, turn.y, turn.z, shift.x, shift.y, shift.z]
      for i in 0..<6 { for j in 0..<6 { products[i, j] += row[i] * row[j] } }
    }
    guard let eigen = SymmetricEigen(products) else { return [] }
    return (0..<6).filter { eigen.values[$0] > Self.least }.map { eigen.vector($0) }
  }

  /// A basis of ``basis(of:against:)`` in words.
  func named(_ basis: [[Double]], of camera: Int) -> [AlignmentResult.UnknownMotion] {
    Self.motions(basis, of: [camera])
  }

  private func part(
    _ motion: [Double], of camera: Int
  ) -> (turn: SIMD3<Double>, shift: SIMD3<Double>) {
    guard let position = cameras.firstIndex(of: camera) else { return (.zero, .zero) }
    let c = motion[6 * position..<6 * position + 6].map { $0 }
    return (SIMD3(c[0], c[1], c[2]) / lever, SIMD3(c[3], c[4], c[5]))
  }

  private static func motions(
    _ space: [[Double]], of cameras: [Int]
  ) -> [AlignmentResult.UnknownMotion] {
    let columns = 6 * cameras.count
    var (space, found) = (space, [AlignmentResult.UnknownMotion]())
    while !space.isEmpty {
      // The unknown whose own motion lies most in the space.
      let shares = (0..<columns).map { k in space.reduce(0) { $0 + $1[k] * $1[k] } }
      guard let best = shares.indices.max(by: { shares[$0] < shares[$1] }) else { break }
      var motion = [Double](repeating: 0, count: columns)
      for v in space { for i in motion.indices { motion[i] += v[best] * v[i] } }
      let length = motion.reduce(0) { $0 + $1 * $1 }.squareRoot()
      guard length > 1e-9 else { break }
      motion = motion.map { $0 / length }
      let at = best / 3 * 3
      let axis = SIMD3(motion[at], motion[at + 1], motion[at + 2]).normalized
      found.append(
        .init(
          camera: cameras[best / 6], kind: best % 6 < 3 ? .turn : .shift,
          axis: axis[best % 3] < 0 ? -axis : axis))
      space = complement(of: motion, in: space)
    }
    return found
  }

  /// An orthonormal basis of the part of a space that is orthogonal to a vector in it.
  private static func complement(of vector: [Double], in space: [[Double]]) -> [[Double]] {
    var basis: [[Double]] = [vector]
    for v in space {
      var w = v
      for b in basis {
        let along = zip(w, b).reduce(0) { $0 + $1.0 * $1.1 }
        for i in w.indices { w[i] -= along * b[i] }
      }
      let length = w.reduce(0) { $0 + $1 * $1 }.squareRoot()
      if length > 1e-6, basis.count < space.count { basis.append(w.map { $0 / length }) }
    }
    return Array(basis.dropFirst())
  }
}
