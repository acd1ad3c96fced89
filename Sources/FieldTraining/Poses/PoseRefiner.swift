internal import CaptureCore
internal import LinearAlgebra
internal import NeuralFields

/// Moves cameras towards each other with the field as their measure: one round is one robust
/// Gauss-Newton step for all cameras together, against the field as it stands.
///
/// The field tells how far each observation lies from one and the same surface. Where several cameras
/// saw a place, the residual of one is its distance less the mean of theirs: what the field itself gets
/// wrong there, as it does in the middle of its training, is the same for all and drops out.
struct PoseRefiner {
  /// Observations taken from each camera in each frame, at most.
  static let observations = 1500
  /// A place is shared when another camera saw something so near, metres. Other places say nothing:
  /// there the field is the camera's own opinion.
  static let shared: Float = 0.015
  /// Neighbouring pixels err alike, and so does the field: what one observation counts for beside the
  /// prior.
  static let independence = 0.02
  /// Error of the field from one place to the next, metres, and where residuals begin to be outliers.
  static let (fieldError, outlier): (Float, Float) = (0.001, 0.003)
  /// Distances beyond this belong to another surface, metres.
  static let farthest: Float = 0.02
  /// Fewer shared observations than this leave a camera where it is.
  static let least = 100

  let source: any ObservationSource
  let configuration: TrainingConfiguration
  let space: FieldSpace
  let capacity: Int
  let threads: Int?
  /// Whether cameras took their images at times of their own, so that their clocks can be told.
  let hasClocks: Bool
  /// Mean time between frames, seconds.
  let period: Double

  init(
    source: any ObservationSource, configuration: TrainingConfiguration, space: FieldSpace,
    capacity: Int, threads: Int? = nil
  ) {
    (self.source, self.configuration) = (source, configuration)
    (self.space, self.capacity, self.threads) = (space, capacity, threads)
    period = source.meanPeriod
    hasClocks =
      capacity > 1 && (0..<source.frameCount).contains { source.isApart(frame: $0) }
  }

  /// Measures every camera at the state's corrections, and corrects the state.
  func refine(
    _ state: inout PoseState, slice: (Double) throws(CaptureError) -> any FieldSlice
  ) throws(CaptureError) {
    let evidence = try gather(state.corrections, round: state.rounds, slice)
    let moved = evidence.counts.indices.filter { evidence.counts[$0] >= Self.least }
    let step = step(evidence, state.corrections)
    for camera in moved {
      if let step {
        let first = 7 * camera
        state.corrections[camera].translation += SIMD3(
          step[first], step[first + 1], step[first + 2])
        state.corrections[camera].rotation += SIMD3(
          step[first + 3], step[first + 4], step[first + 5])
        if hasClocks { state.corrections[camera].seconds += step[first + 6] }
      }
      let distance = evidence.distances[camera] / Double(evidence.counts[camera])
      state.before[camera] = state.before[camera] ?? distance
      state.after[camera] = distance
    }
    CameraCorrection.center(&state.corrections, over: moved)
    for camera in moved {
      state.isHeld[camera] = state.corrections[camera].clamp(period: period)
    }
    state.rounds += 1
  }

  /// Every frame comes in turn, in an order of the seed's.
  func frames(round: Int) -> [Int] {
    let n = source.frameCount
    var random = SeededGenerator(seed: configuration.seed &+ 0x706f_7365)
    let order = Array(0..<n).shuffled(using: &random)
    let count = min(n, configuration.refineFrames)
    return (0..<count).map { order[(round * count + $0) % n] }
  }

  private func gather(
    _ corrections: [CameraCorrection], round: Int,
    _ slice: (Double) throws(CaptureError) -> any FieldSlice
  ) throws(CaptureError) -> Evidence {
    let corrected = CorrectedSource(source, corrections)
    let count = source.cameras.count
    var sum = Evidence(cameras: count)
    let center = SIMD3<Double>(source.box.center)
    let pivots = corrections.map { center + $0.translation }
    for frame in frames(round: round) {
      let whole = try corrected.frame(frame)
      let grid = SurfaceGrid(
        whole, box: source.box, radius: Float(configuration.targetRadius))
      var moments: [Look.Moment] = []
      for camera in 0..<count { moments.append(try moment(corrected, frame, camera, slice)) }
      let looks = (0..<count).map { camera in
        Look(
          camera: camera, part: CameraPart(whole, camera: camera).surface, whole: whole,
          grid: grid,
          moments: moments,
          seed: configuration.seed &+ UInt64(round * source.frameCount + frame) &* 1_000_003
            &+ UInt64(camera),
          pivots: pivots)
      }
      for part in concurrentValues(count, threads: threads, { looks[$0].evidence() }) {
        sum.add(part)
      }
    }
    return sum
  }

  /// The field at the time of a camera's images, and where clocks are asked for, a little before and
  /// after.
  private func moment(
    _ corrected: CorrectedSource, _ frame: Int, _ camera: Int,
    _ slice: (Double) throws(CaptureError) -> any FieldSlice
  ) throws(CaptureError) -> Look.Moment {
    func surface(_ position: Double) throws(CaptureError) -> FieldSurface {
      FieldSurface(slice: try slice(position), space: space, hasColor: false)
    }
    guard hasClocks, corrected.isApart(frame: frame) else {
      return Look.Moment(
        now: try surface(space.position(frame: frame, capacity: capacity)), change: nil)
    }
    let time = source.times[frame] + corrected.timing(frame: frame, camera: camera).depth
    let (first, last) = (source.times[0], source.times[source.times.count - 1])
    let (early, late) = (max(first, time - period / 2), min(last, time + period / 2))
    let now = try surface(space.position(time: time, capacity: capacity))
    guard late > early else { return Look.Moment(now: now, change: nil) }
    return Look.Moment(
      now: now,
      change: (
        try surface(space.position(time: early, capacity: capacity)),
        try surface(space.position(time: late, capacity: capacity)), Float(late - early)
      ))
  }

  /// The changes of the corrections, `[camera][translation, rotation, seconds]`; nil where they cannot
  /// be told. The prior is on the whole correction of each camera.
  func step(_ e: Evidence, _ now: [CameraCorrection]) -> [Double]? {
    let n = 7 * now.count
    var matrix = DenseMatrix(
      rows: n, columns: n, elements: e.matrix.map { $0 * Self.independence })
    var right = e.right.map { $0 * Self.independence }
    for (camera, correction) in now.enumerated() {
      let lens = source.cameras[camera].worldFromDepth.translation
      hold(camera, correction, lens: lens, &matrix, &right)
      // Too little was seen of these: the others are not to wait for them.
      guard e.counts[camera] < Self.least else { continue }
      for i in 7 * camera..<7 * camera + 7 { matrix[i, i] += Self.fixed }
    }
    return CholeskyFactor(matrix)?.solve(right)
  }

  /// Adds the prior on the movement of a lens, on the rotation about it and on the clock.
  private func hold(
    _ camera: Int, _ now: CameraCorrection, lens: SIMD3<Double>, _ matrix: inout DenseMatrix,
    _ right: inout [Double]
  ) {
    let first = 7 * camera
    // Movement of the lens: translation + rotation × arm.
    let arm = lens - SIMD3<Double>(source.box.center)
    let units = [SIMD3<Double>(1, 0, 0), SIMD3(0, 1, 0), SIMD3(0, 0, 1)]
    let columns = units + units.map { $0.cross(arm) }
    let lensMove = now.translation + now.rotation.cross(arm)
    let place = 1 / (configuration.refineTranslation * configuration.refineTranslation)
    let radians = configuration.refineRotation * .pi / 180
    let turn = 1 / (radians * radians)
    for i in 0..<6 {
      for j in 0..<6 { matrix[first + i, first + j] += place * columns[i].dot(columns[j]) }
      right[first + i] -= place * columns[i].dot(lensMove)
    }
    for k in 0..<3 {
      matrix[first + 3 + k, first + 3 + k] += turn
      right[first + 3 + k] -= turn * now.rotation[k]
    }
    guard hasClocks else {
      matrix[first + 6, first + 6] += Self.fixed
      return
    }
    let clock = 1 / (configuration.refineTime * configuration.refineTime)
    matrix[first + 6, first + 6] += clock
    right[first + 6] -= clock * now.seconds
  }
}

extension PoseRefiner {
  /// Weight that keeps an unknown at 0.
  private static let fixed = 1e15

  /// The normal equations `matrix · step = right` over `[camera][translation, rotation, seconds]`.
  struct Evidence {
    private let unknowns: Int
    private(set) var matrix, right: [Double]
    /// By camera: sum of its absolute residuals, metres, and their number.
    private(set) var distances: [Double]
    private(set) var counts: [Int]

    init(cameras: Int) {
      unknowns = 7 * cameras
      matrix = Array(repeating: 0, count: unknowns * unknowns)
      right = Array(repeating: 0, count: unknowns)
      (distances, counts) = (
        Array(repeating: 0, count: cameras), Array(repeating: 0, count: cameras)
      )
    }

    mutating func add(_ other: Evidence) {
      for i in matrix.indices { matrix[i] += other.matrix[i] }
      for i in right.indices { right[i] += other.right[i] }
      for c in counts.indices {
        distances[c] += other.distances[c]
        counts[c] += other.counts[c]
      }
    }

    /// Adds a residual of a camera, with its slopes by the unknowns of each camera that has a part in it.
    mutating func add(
      _ residual: Double, of camera: Int, _ slopes: [(camera: Int, slope: [7 of Double])],
      weight: Double
    ) {
      for a in slopes {
        for i in 0..<7 {
          let row = 7 * a.camera + i
          for b in slopes {
            for j in 0..<7 {
              matrix[row * unknowns + 7 * b.camera + j] += weight * a.slope[i] * b.slope[j]
            }
          }
          right[row] -= weight * a.slope[i] * residual
        }
      }
      distances[camera] += abs(residual)
      counts[camera] += 1
    }
  }
}
