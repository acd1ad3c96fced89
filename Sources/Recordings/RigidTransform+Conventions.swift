internal import CaptureCore
internal import Foundation

extension RigidTransform {
  /// A world with +z up, as robotics and motion capture have it, turned so that +y is up.
  static let yUpFromZUp = RigidTransform(
    rows: (SIMD3(1, 0, 0), SIMD3(0, 0, 1), SIMD3(0, -1, 0)), translation: .zero)

  /// A rotation by a quaternion `(x, y, z, w)` and a translation.
  /// - Throws: ``CaptureError`` `badInput` when the quaternion's length is not 1 to one percent, or
  ///   a number is not finite or too large.
  init(quaternion: [Double], translation t: [Double]) throws(CaptureError) {
    let length = quaternion.reduce(0) { $0 + $1 * $1 }.squareRoot()
    guard quaternion.count == 4, t.count == 3, t.allSatisfy({ abs($0) < 1e6 }),
      abs(length - 1) < 0.01
    else {
      throw CaptureError(.badInput, "A pose is no unit quaternion with a translation in metres.")
    }
    let q = quaternion.map { $0 / length }
    let (x, y, z, w) = (q[0], q[1], q[2], q[3])
    self.init(
      rows: (
        SIMD3(1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)),
        SIMD3(2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)),
        SIMD3(2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y))
      ), translation: SIMD3(t[0], t[1], t[2]))
  }

  /// Whether two placements are one to within a length in metres and an angle in degrees.
  func isNear(_ other: RigidTransform, meters: Double, degrees: Double) -> Bool {
    let turn = zip(rotation, other.rotation).reduce(0) { $0 + $1.0 * $1.1 }
    let cosine = cos(degrees * .pi / 180)
    return (translation - other.translation).length <= meters && (turn - 1) / 2 >= cosine
  }

  /// Reads a 4x4 or 3x4 matrix of row-major numbers.
  /// - Throws: ``CaptureError`` `badInput` for another shape or what is no rotation.
  init(matrix node: JSONNode) throws(CaptureError) {
    var numbers: [[Double]] = []
    for row in try node.elements(count: 3...4) {
      numbers.append(try row.numbers(count: 4, in: -1e6...1e6))
    }
    if numbers.count == 4, numbers[3] != [0, 0, 0, 1] {
      throw node.failure("must end in the row 0, 0, 0, 1.")
    }
    do {
      self = try RigidTransform(
        validating: numbers[..<3].flatMap { $0[..<3] }, translation: numbers[..<3].map { $0[3] })
    } catch {
      throw error.within("`\(node.path)`")
    }
  }
}

extension RigCalibration {
  /// A rig of cameras at places in the world; the first is the reference. Names are unique.
  init(rig: String, worldFromColor places: [(id: String, worldFromColor: RigidTransform)]) {
    let worldFromRig = places[0].worldFromColor
    self.init(
      rig: rig, reference: places[0].id,
      rigFromColor: Dictionary(
        uniqueKeysWithValues: places.map { ($0.id, worldFromRig.inverse * $0.worldFromColor) }),
      worldFromRig: worldFromRig)
  }
}
