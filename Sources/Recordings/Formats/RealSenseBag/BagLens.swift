internal import CaptureCore

/// Lenses as librealsense and ROS describe them, turned into ours.
enum BagLens {
  /// - Throws: ``CaptureError`` `badInput` for numbers that are no camera, and for distortion of a
  ///   kind that is not read.
  static func model(_ info: ROSCameraInfo) throws(CaptureError) -> CameraModel {
    let k = info.k
    guard (1...16384).contains(info.width), (1...16384).contains(info.height),
      [k[0], k[4]].allSatisfy((1e-3...1e6).contains), [k[2], k[5]].allSatisfy({ abs($0) < 1e6 })
    else { throw CaptureError(.badInput, "The camera's size or intrinsics are out of range.") }
    let lens = CameraModel(
      width: info.width, height: info.height,
      intrinsics: Intrinsics(fx: k[0], fy: k[4], cx: k[2], cy: k[5]))
    return try CameraModel(
      width: lens.width, height: lens.height, intrinsics: lens.intrinsics,
      distortion: distortion(info, lens))
  }

  private static func distortion(
    _ info: ROSCameraInfo, _ lens: CameraModel
  ) throws(CaptureError) -> Distortion {
    let d = info.distortion + [Double](repeating: 0, count: 8)
    guard d.allSatisfy({ abs($0) < 1e6 }) else {
      throw CaptureError(.badInput, "The lens's distortion is out of range.")
    }
    if info.distortion.allSatisfy({ $0 == 0 }) { return .none }
    let brown = Distortion(k1: d[0], k2: d[1], k3: d[4], p1: d[2], p2: d[3])
    switch info.model {
    case "plumb_bob", "Brown Conrady": return brown
    case "rational_polynomial":
      return Distortion(
        k1: d[0], k2: d[1], k3: d[4], k4: d[5], k5: d[6], k6: d[7], p1: d[2], p2: d[3])
    // The SDK projects points by one formula for both names, whatever the first one says.
    case "Inverse Brown Conrady", "Modified Brown Conrady":
      return try fitted(lens, modified: brown)
    default:
      throw CaptureError(
        .badInput, "The lens's distortion `\(info.model.prefix(40))` is not read.",
        remedy: "Record rectified images.")
    }
  }

  /// librealsense's variant: the tangential part acts on coordinates that are scaled already.
  private static func modified(_ d: Distortion, _ p: SIMD2<Double>) -> SIMD2<Double> {
    let r2 = p.x * p.x + p.y * p.y
    let q = p * (1 + r2 * (d.k1 + r2 * (d.k2 + r2 * d.k3)))
    return SIMD2(
      q.x + 2 * d.p1 * q.x * q.y + d.p2 * (r2 + 2 * q.x * q.x),
      q.y + 2 * d.p2 * q.x * q.y + d.p1 * (r2 + 2 * q.y * q.y))
  }

  /// The Brown-Conrady lens nearest to another one, by least squares over the image.
  ///
  private static func fitted(
    _ lens: CameraModel, modified d: Distortion
  ) throws(CaptureError) -> Distortion {
    let k = lens.intrinsics
    var pairs: [(ideal: SIMD2<Double>, distorted: SIMD2<Double>)] = []
    for v in 0...20 {
      for u in 0...20 {
        let pixel = SIMD2(
          Double(lens.width - 1) * Double(u) / 20, Double(lens.height - 1) * Double(v) / 20)
        let p = (pixel - SIMD2(k.cx, k.cy)) / SIMD2(k.fx, k.fy)
        pairs.append((p, modified(d, p)))
      }
    }
    // The model is linear in its coefficients (k1, k2, p1, p2, k3): normal equations.
    var rows: [[Double]] = []
    for (p, q) in pairs {
      let r2 = p.x * p.x + p.y * p.y
      rows.append([
        p.x * r2, p.x * r2 * r2, 2 * p.x * p.y, r2 + 2 * p.x * p.x, p.x * r2 * r2 * r2, q.x - p.x,
      ])
      rows.append([
        p.y * r2, p.y * r2 * r2, r2 + 2 * p.y * p.y, 2 * p.x * p.y, p.y * r2 * r2 * r2, q.y - p.y,
      ])
    }
    guard let c = leastSquares(rows) else {
      throw CaptureError(.badInput, "The lens's distortion cannot be inverted.")
    }
    let found = Distortion(k1: c[0], k2: c[1], k3: c[4], p1: c[2], p2: c[3])
    let worst =
      pairs.map { pair -> Double in
        let miss = (found.distort(pair.ideal) - pair.distorted) * SIMD2(k.fx, k.fy)
        return (miss * miss).sum().squareRoot()
      }.max() ?? .infinity
    guard worst < 0.5 else {
      throw CaptureError(
        .badInput, "The lens's distortion is too strong: it could be met to \(worst) pixels only.",
        remedy: "Record rectified images.")
    }
    return found
  }

  /// Solves rows of coefficients and a right side; nil where they do not determine a solution.
  private static func leastSquares(_ rows: [[Double]]) -> [Double]? {
    let n = rows[0].count - 1
    var a = (0..<n).map { i in (0...n).map { j in rows.reduce(0) { $0 + $1[i] * $1[j] } } }
    for i in 0..<n {
      guard let pivot = (i..<n).max(by: { abs(a[$0][i]) < abs(a[$1][i]) }), a[pivot][i].isFinite,
        abs(a[pivot][i]) > 1e-18
      else { return nil }
      a.swapAt(i, pivot)
      for row in 0..<n where row != i {
        let factor = a[row][i] / a[i][i]
        for column in i...n { a[row][column] -= factor * a[i][column] }
      }
    }
    return (0..<n).map { a[$0][n] / a[$0][$0] }
  }
}
