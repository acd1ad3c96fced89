internal import BundleAdjustment
internal import CaptureCore
internal import LinearAlgebra

/// Reads the depth at points of a board, by the plane of the depth pixels around each.
struct BoardDepth {
  let image: DepthImage
  let model: CameraModel
  let colorFromDepth: RigidTransform
  /// Distance between neighbouring points of the board, metres.
  let pitch: Double

  /// Depth pixels that a window must have, and their share of it.
  private static let leastPixels = 8
  private static let leastShare = 0.6
  /// How far a depth may be from the expected one to tell the board's size at all, as a factor.
  private static let plausible = 0.4...2.5
  /// How far a pixel may be from where the board is expected, metres.
  private static let reach = 0.15
  /// How far pixels may scatter about their plane, metres: more is an edge.
  private static let roughness = 0.015

  /// Measured depths as a share of those of places in the colour lens's frame, their median: 1.1 for a
  /// board that is a tenth larger than described. Nil where depths are few or disagree.
  func share(at places: [SIMD3<Double>]) -> Double? {
    let shares = places.compactMap { place -> Double? in
      let p = colorFromDepth.inverse.apply(place)
      guard let (pixel, _) = pixel(p) else { return nil }
      let share = Double(image.meters(pixel.x, pixel.y)) / p.z
      return BoardDepth.plausible.contains(share) ? share : nil
    }.sorted()
    guard 2 * shares.count >= places.count, shares.count >= BoardPose.leastPoints,
      shares[shares.count * 3 / 4] - shares[shares.count / 4] < 0.05
    else { return nil }
    return shares[shares.count / 2]
  }

  /// The depth at a place in the colour lens's frame; nil where too little was measured around it.
  /// - Parameter share: ``share(at:)`` of the board.
  func depth(at place: SIMD3<Double>, share: Double = 1) -> SeenPoint.Depth? {
    let p = colorFromDepth.inverse.apply(place)
    guard let (middle, pixel) = pixel(p) else { return nil }
    let radius = Int(min(10, max(2, 0.35 * pitch * model.intrinsics.fx / p.z)))
    let (u0, v0) = (middle.x, middle.y)
    guard u0 >= radius, v0 >= radius, u0 + radius < image.width, v0 + radius < image.height else {
      return nil
    }
    var samples: [(x: Double, y: Double, inverse: Double)] = []
    for v in v0 - radius...v0 + radius {
      for u in u0 - radius...u0 + radius {
        let z = Double(image.meters(u, v))
        if z > 0, abs(z - share * p.z) < BoardDepth.reach {
          samples.append((Double(u) - pixel.x, Double(v) - pixel.y, 1 / z))
        }
      }
    }
    let window = Double((2 * radius + 1) * (2 * radius + 1))
    guard samples.count >= BoardDepth.leastPixels,
      Double(samples.count) >= BoardDepth.leastShare * window,
      let inverse = BoardDepth.center(samples), let ray = model.unproject(pixel)
    else { return nil }
    return SeenPoint.Depth(ray: SIMD2(ray.x, ray.y), depth: 1 / inverse)
  }

  /// The pixel of the image that a place in the depth lens's frame falls on, and where exactly; nil outside.
  private func pixel(_ p: SIMD3<Double>) -> (SIMD2<Int>, exact: SIMD2<Double>)? {
    guard let exact = model.project(p), (-0.5..<Double(image.width) - 0.5).contains(exact.x),
      (-0.5..<Double(image.height) - 0.5).contains(exact.y)
    else { return nil }
    return (SIMD2(Int((exact.x + 0.5).rounded(.down)), Int((exact.y + 0.5).rounded(.down))), exact)
  }

  /// Inverse depth at the middle by a robust plane: inverse depth of a plane is linear in the pixel.
  private static func center(_ samples: [(x: Double, y: Double, inverse: Double)]) -> Double? {
    var weights = [Double](repeating: 1, count: samples.count)
    var plane = [0.0, 0, 0]
    for _ in 0..<4 {
      var (normal, right) = (DenseMatrix(rows: 3, columns: 3), [0.0, 0, 0])
      for (sample, weight) in zip(samples, weights) {
        let row = [sample.x, sample.y, 1]
        for i in 0..<3 {
          right[i] += weight * row[i] * sample.inverse
          for j in 0..<3 { normal[i, j] += weight * row[i] * row[j] }
        }
      }
      guard let solved = CholeskyFactor(normal)?.solve(right) else { return nil }
      plane = solved
      let errors = samples.map {
        abs($0.inverse - (plane[0] * $0.x + plane[1] * $0.y + plane[2]))
      }
      let typical = max(errors.sorted()[errors.count / 2], 1e-6)
      // In metres: a change of inverse depth times the depth squared.
      guard typical / (plane[2] * plane[2]) < roughness else { return nil }
      weights = errors.map { 1 / (1 + ($0 / (3 * typical)) * ($0 / (3 * typical))) }
    }
    return plane[2] > 0 ? plane[2] : nil
  }
}
