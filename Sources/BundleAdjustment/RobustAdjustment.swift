internal import CaptureCore
internal import Foundation
internal import LinearAlgebra

/// An adjustment that outliers have been taken from, with its noise and what it leaves open.
public struct RobustAdjustment: Sendable {
  /// The cameras and boards as adjusted.
  public internal(set) var problem: BundleProblem
  /// Noise of a pixel coordinate, pixels, and of a depth as distance from the board, metres, one
  /// standard deviation as the residuals show it; the depth's is 0 without depths.
  public internal(set) var pixelNoise, depthNoise: Double
  /// Points and depths in all, and how many were left out as outliers.
  public internal(set) var terms, outliers: Int
  /// Whether every free parameter is determined.
  public internal(set) var isDetermined: Bool
  /// `[27 cameras]²`, row-major, at the noise that was found; zeros where nothing is free.
  var covariance: [Double]
  /// The change of the cameras' parameters that is least determined, `[27 cameras]`.
  var direction: [Double]
  /// By term, whether it was kept.
  var isKept: [Bool]

  /// Noise to begin with, pixels; Cauchy's scale is a few times that.
  private static let startNoise = 0.5
  private static let depthStartNoise = 0.004

  /// Adjusts a problem's cameras and boards.
  /// - Throws: ``CaptureError`` `badInput` when no step can be computed.
  init(_ start: BundleProblem) throws(CaptureError) {
    var problem = start
    for i in problem.terms.indices {
      problem.terms[i].sigma =
        problem.terms[i].isDepth ? Self.depthStartNoise : Self.startNoise
    }
    let all = problem.terms
    // Wide first, so that a start far off is not taken for outliers.
    _ = try problem.solve(iterations: 40, loss: 20)
    _ = try problem.solve(loss: 3)
    var kept = [Bool](repeating: true, count: all.count)
    var noise = (pixel: Self.startNoise, depth: Self.depthStartNoise)
    for _ in 0..<3 {
      problem.terms = all
      let residuals = problem.residuals()
      noise = Self.medianNoise(residuals, all)
      for i in all.indices {
        let size = (residuals[i] * residuals[i]).sum().squareRoot()
        kept[i] = all[i].isDepth ? size < 4 * noise.depth : size < 4 * noise.pixel
      }
      problem.terms = all.indices.filter { kept[$0] }.map { all[$0] }
      for i in problem.terms.indices {
        problem.terms[i].sigma = problem.terms[i].isDepth ? noise.depth : noise.pixel
      }
      _ = try problem.solve(loss: 0)
    }
    let found = Self.spread(problem)
    let depthSigma = found.depth * found.alike.squareRoot()
    for i in problem.terms.indices {
      problem.terms[i].sigma = problem.terms[i].isDepth ? depthSigma : found.pixel
    }
    let last = try problem.solve(loss: 0, wantsCovariance: true)
    let size = BundleProblem.width * problem.cameras.count
    self.problem = problem
    (pixelNoise, depthNoise) = (found.pixel, all.contains(where: \.isDepth) ? found.depth : 0)
    (terms, outliers) = (all.count, all.count - problem.terms.count)
    isDetermined = last.isDetermined
    covariance = last.covariance ?? [Double](repeating: 0, count: size * size)
    direction = last.direction
    isKept = kept
  }

  /// Standard deviations by the median, which half of the residuals may be wrong for.
  private static func medianNoise(
    _ residuals: [SIMD2<Double>], _ terms: [BundleProblem.Term]
  ) -> (pixel: Double, depth: Double) {
    func median(_ values: [Double]) -> Double {
      values.isEmpty ? 0 : values.sorted()[values.count / 2]
    }
    let sizes = zip(residuals, terms).map { (($0 * $0).sum().squareRoot(), $1.isDepth) }
    // Medians of a normal distribution's size in two dimensions and in one.
    let pixel = median(sizes.filter { !$0.1 && $0.0.isFinite }.map(\.0)) / 1.1774
    let depth = median(sizes.filter(\.1).map(\.0)) / 0.6745
    return (min(max(pixel, 0.02), 20), min(max(depth, 0.0003), 0.1))
  }

  /// Standard deviations of the residuals that were kept, over what the parameters leave free, and
  /// by how much fewer depths there are in effect than in number.
  private static func spread(
    _ problem: BundleProblem
  ) -> (pixel: Double, depth: Double, alike: Double) {
    var (pixels, depths) = ([Double](), [Double]())
    var views: [SIMD2<Int>: [Double]] = [:]
    for (residual, term) in zip(problem.residuals(), problem.terms) {
      if term.isDepth {
        depths.append(residual.x * residual.x)
        views[SIMD2(term.camera, term.frame), default: []].append(residual.x)
      } else if residual.x.isFinite {
        pixels += [residual.x * residual.x, residual.y * residual.y]
      }
    }
    let free = problem.cameras.map { $0.freedom.sigmas.count { $0 == .infinity } }.reduce(0, +)
    let used = Double(6 * Set(problem.terms.map(\.frame)).count + free)
    let count = Double(pixels.count + depths.count)
    // What the parameters took up is shared out by the number of residuals.
    let share = max(0.05, (count - used) / max(1, count))
    func deviation(_ squares: [Double], least: Double) -> Double {
      if squares.isEmpty { return 1 }
      let mean = squares.reduce(0, +) / Double(squares.count)
      return max(least, (mean / share).squareRoot())
    }
    return (
      deviation(pixels, least: 0.005), deviation(depths, least: 0.0002),
      alike(Array(views.values))
    )
  }

  /// The design effect of groups of residuals that share an error: 1 where they are independent, the
  /// size of a group where all of it is one error (Kish 1965).
  private static func alike(_ groups: [[Double]]) -> Double {
    let groups = groups.filter { $0.count >= 4 }
    let all = groups.flatMap { $0 }
    guard all.count > 8 else { return 1 }
    let variance = all.map { $0 * $0 }.reduce(0, +) / Double(all.count)
    let size = Double(all.count) / Double(groups.count)
    let between =
      groups.map { group in
        let mean = group.reduce(0, +) / Double(group.count)
        return mean * mean
      }.reduce(0, +) / Double(groups.count)
    let shared = (between - variance / size) / max(variance * (1 - 1 / size), 1e-30)
    return 1 + (size - 1) * min(1, max(0, shared))
  }

  /// Standard deviation of a camera's parameter by its number in `cba_camera`.
  func deviation(camera: Int, parameter: Int) -> Double {
    let size = BundleProblem.width * problem.cameras.count
    let i = BundleProblem.width * camera + parameter
    return max(0, covariance[i * size + i]).squareRoot()
  }

  /// Length of the deviation of three parameters in a row: a rotation vector or a translation.
  func length(camera: Int, parameter: Int) -> Double {
    (parameter..<parameter + 3).map { k in
      let d = deviation(camera: camera, parameter: k)
      return d * d
    }.reduce(0, +).squareRoot()
  }

  /// The covariance of two cameras' poses: rotation and translation of the one, then the other.
  func covariance(of first: Int, _ second: Int) -> DenseMatrix {
    let size = BundleProblem.width * problem.cameras.count
    let places = [first, second].flatMap { camera in
      (0..<6).map { BundleProblem.width * camera + $0 }
    }
    var result = DenseMatrix(rows: 12, columns: 12)
    for (i, a) in places.enumerated() {
      for (j, b) in places.enumerated() { result[i, j] = covariance[a * size + b] }
    }
    return result
  }

  /// The 99.9th percentile of chi squared with three degrees of freedom.
  private static let certain = 16.27

  /// Whether a camera's depth bias differs from none by more than chance (Wald's test).
  func showsBias(camera: Int) -> Bool {
    let bias = problem.cameras[camera].bias
    let values = [bias.offset, bias.scale, bias.radial]
    let freedom = problem.cameras[camera].freedom
    let free = zip([freedom.biasOffset, freedom.biasScale, freedom.biasRadial], 0..<3)
      .filter { $0.0 > 0 }.map(\.1)
    if free.isEmpty { return false }
    let size = BundleProblem.width * problem.cameras.count
    var spread = DenseMatrix(rows: free.count, columns: free.count)
    for (i, a) in free.enumerated() {
      for (j, b) in free.enumerated() {
        let (row, column) = (BundleProblem.width * camera + 18 + a, 18 + b)
        spread[i, j] = covariance[row * size + BundleProblem.width * camera + column]
      }
    }
    let found = free.map { values[$0] }
    guard let solved = CholeskyFactor(spread)?.solve(found) else { return false }
    return zip(found, solved).map(*).reduce(0, +) > Self.certain
  }
}
