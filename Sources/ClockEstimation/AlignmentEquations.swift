internal import CaptureCore

/// The unknowns of an alignment, what is expected of them, and the rows that samples give.
///
/// Columns: offset and rate of each free clock; shift and turn of each camera; how much too deep each
/// direction of each pair of cameras sees.
struct AlignmentEquations {
  /// Standard deviations before anything is known.
  enum Prior {
    /// Of a clock's rate, seconds per second.
    static let rate = 0.0003
    /// Of a good calibration's errors, metres and radians; a bad one's are several times larger.
    static let shift = 0.003, turn = 0.002
    /// Of what one camera shows deeper than another, metres.
    static let depth = 0.003
  }

  let clocks: [Int]
  let views: Int
  private let clockOfView: [Int]
  private let origins: [SIMD3<Float>]
  private let clockColumn: [Int?]
  private let pairColumn: [Int: Int]
  private let state: AlignmentState
  /// By how much the calibration's errors are larger than a good one's.
  let looseness: Double
  let size: Int

  init(
    _ samples: [AlignmentSample], _ pieces: AlignmentPieces, _ state: AlignmentState,
    clocks: [Int], looseness: Double
  ) {
    (self.clocks, views, self.state, self.looseness) = (
      clocks, pieces.views.count, state, looseness
    )
    clockOfView = pieces.clockOfView
    origins = pieces.views.map { $0.view.projection.origin }
    var columns = [Int?](repeating: nil, count: state.fits.count)
    for (n, clock) in clocks.enumerated() { columns[clock] = 2 * n }
    clockColumn = columns
    let first = 2 * clocks.count + 6 * pieces.views.count
    var pairs: [Int: Int] = [:]
    for sample in samples where pairs[sample.pair] == nil {
      pairs[sample.pair] = first + pairs.count
    }
    (pairColumn, size) = (pairs, first + pairs.count)
  }

  /// First column of a camera's shift; its turn follows.
  func poseColumn(_ view: Int) -> Int { 2 * clocks.count + 6 * view }

  /// What is expected of a column's step, and how surely.
  func prior(_ column: Int) -> (value: Double, deviation: Double)? {
    if column < 2 * clocks.count {
      return column % 2 == 0 ? nil : (-state.fits[clocks[column / 2]].rate, Prior.rate)
    }
    let place = column - 2 * clocks.count
    guard place < 6 * views else { return (0, Prior.depth) }
    let pose = state.poses[place / 6]
    let axis = place % 6
    return axis < 3
      ? (-pose.shift[axis], looseness * Prior.shift)
      : (-pose.turn[axis - 3], looseness * Prior.turn)
  }

  /// The expectations alone.
  func held() -> NormalEquations {
    var system = NormalEquations(size: size)
    for column in 0..<size {
      if let prior = prior(column) {
        system.hold(column, at: prior.value, deviation: prior.deviation)
      }
    }
    return system
  }

  /// The derivative of a sample's distance by a clock's offset, metres per second.
  func speed(_ s: AlignmentSample, byClock clock: Int) -> Double {
    let (from, to) = (clockOfView[Int(s.from)], clockOfView[Int(s.to)])
    return (to == clock ? Double(s.speed) : 0) - (from == clock ? Double(s.speed) : 0)
  }

  /// Derivatives of a sample's distance by the unknowns.
  func fill(_ row: inout SparseRow, _ s: AlignmentSample) {
    row.removeAll()
    let (from, to) = (Int(s.from), Int(s.to))
    let speed = Double(s.speed)
    if let column = clockColumn[clockOfView[to]] {
      row.add(column, speed)
      row.add(column + 1, speed * Double(s.sinceTo))
    }
    if let column = clockColumn[clockOfView[from]] {
      row.add(column, -speed)
      row.add(column + 1, -speed * Double(s.sinceFrom))
    }
    row.add(poseColumn(from), s.normal, times: 1)
    row.add(poseColumn(from) + 3, (s.place - origins[from]).cross(s.normal), times: 1)
    row.add(poseColumn(to), s.normal, times: -1)
    row.add(poseColumn(to) + 3, (s.place - origins[to]).cross(s.normal), times: -1)
    if let column = pairColumn[s.pair] { row.add(column, 1) }
  }
}
