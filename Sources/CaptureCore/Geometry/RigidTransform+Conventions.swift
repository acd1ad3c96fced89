internal import Foundation

extension RigidTransform {
  /// Half a turn about x: OpenGL's camera axes in OpenCV's, a camera's in a world with +y up, and the other way round.
  public static let halfTurnAboutX = RigidTransform(
    rows: (SIMD3(1, 0, 0), SIMD3(0, -1, 0), SIMD3(0, 0, -1)), translation: .zero)

  /// A world with +z up, as robotics and motion capture have it, turned so that +y is up.
  public static let yUpFromZUp = RigidTransform(
    rows: (SIMD3(1, 0, 0), SIMD3(0, 0, 1), SIMD3(0, -1, 0)), translation: .zero)

  /// A rotation by a quaternion `(x, y, z, w)` and a translation.
  /// - Throws: ``CaptureError`` `badInput` when the quaternion's length is not 1 to one percent, or
  ///   a number is not finite or too large.
  public init(quaternion: [Double], translation t: [Double]) throws(CaptureError) {
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

  /// The unit quaternion `(x, y, z, w)` of the rotation, with w not negative.
  ///
  /// Source: S. W. Shepperd, *Quaternion from rotation matrix*, 1978: the largest component first.
  public var quaternion: [Double] {
    let (r, trace) = (rows, rows.0.x + rows.1.y + rows.2.z)
    let squares = [
      1 + 2 * r.0.x - trace, 1 + 2 * r.1.y - trace, 1 + 2 * r.2.z - trace, 1 + trace,
    ]
    let products = [
      [squares[0], r.1.x + r.0.y, r.0.z + r.2.x, r.2.y - r.1.z],
      [r.1.x + r.0.y, squares[1], r.2.y + r.1.z, r.0.z - r.2.x],
      [r.0.z + r.2.x, r.2.y + r.1.z, squares[2], r.1.x - r.0.y],
      [r.2.y - r.1.z, r.0.z - r.2.x, r.1.x - r.0.y, squares[3]],
    ]
    let largest = squares.indices.max { squares[$0] < squares[$1] } ?? 3
    let q = products[largest]
    let length = q.reduce(0) { $0 + $1 * $1 }.squareRoot() * (q[3] < 0 ? -1 : 1)
    return q.map { $0 / length }
  }

  /// Whether two placements are one to within a length in metres and an angle in degrees.
  public func isNear(_ other: RigidTransform, meters: Double, degrees: Double) -> Bool {
    let turn = zip(rotation, other.rotation).reduce(0) { $0 + $1.0 * $1.1 }
    let cosine = cos(degrees * .pi / 180)
    return (translation - other.translation).length <= meters && (turn - 1) / 2 >= cosine
  }

  /// The transform as a 4x4 matrix, row by row.
  public var matrix: [[Double]] {
    let (r, t) = (rows, translation)
    return [
      [r.0.x, r.0.y, r.0.z, t.x], [r.1.x, r.1.y, r.1.z, t.y], [r.2.x, r.2.y, r.2.z, t.z],
      [0, 0, 0, 1],
    ]
  }

  /// Reads a 4x4 or 3x4 matrix of row-major numbers.
  /// - Throws: ``CaptureError`` `badInput` for another shape or what is no rotation.
  public init(matrix node: JSONNode) throws(CaptureError) {
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
  public init(rig: String, worldFromColor places: [(id: String, worldFromColor: RigidTransform)]) {
    let worldFromRig = places[0].worldFromColor
    self.init(
      rig: rig, reference: places[0].id,
      rigFromColor: Dictionary(
        uniqueKeysWithValues: places.map { ($0.id, worldFromRig.inverse * $0.worldFromColor) }),
      worldFromRig: worldFromRig)
  }
}
