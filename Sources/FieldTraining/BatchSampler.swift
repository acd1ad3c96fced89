internal import CaptureCore
internal import NeuralFields

/// Draws the points of a step. What a step draws depends on the seed and its number alone.
final class BatchSampler {
  let batch: TrainingBatch
  /// The points of each of a step's frames, before they stand together.
  private let parts: [TrainingBatch]
  private var source: any ObservationSource
  private let configuration: TrainingConfiguration
  private let space: FieldSpace
  private let capacity: Int
  private let threads: Int?
  private var grids: [(frame: Int, camera: Int?, grid: SurfaceGrid)] = []
  private var order: [Int] = []
  private var epoch = -1
  private var origins: [SIMD3<Float>]
  private let focals: [Float]

  /// Frames whose grids are kept; about 3 MB each for a person, 8 MB and the observations at most.
  private static let keptGrids = 24

  init(
    source: any ObservationSource, configuration c: TrainingConfiguration, space: FieldSpace,
    capacity: Int, threads: Int? = nil
  ) {
    (self.source, configuration, self.space, self.capacity) = (source, c, space, capacity)
    self.threads = threads
    let perFrame =
      c.raysPerFrame * (1 + c.nearPerRay + c.freePerRay) + c.backgroundPerFrame + c.uniformPerFrame
      + c.hiddenPerFrame
      + c.renderedPerFrame * TrainingBatch.raySamples
    batch = TrainingBatch(capacity: perFrame * c.framesPerStep)
    parts = (0..<c.framesPerStep).map { _ in TrainingBatch(capacity: perFrame) }
    origins = Self.origins(source)
    focals = source.cameras.map { Float($0.description.depth?.intrinsics.fx ?? 1) }
  }

  /// Where each camera's rays begin.
  private static func origins(_ source: any ObservationSource) -> [SIMD3<Float>] {
    source.cameras.map { SIMD3<Float>($0.worldFromDepth.translation) }
  }

  /// Draws from the same take with corrected cameras from now on.
  func follow(_ corrected: CorrectedSource) {
    (source, origins) = (corrected, Self.origins(corrected))
    grids.removeAll()
  }

  /// Fills the batch for a step, its frames in parallel.
  func draw(step: Int) throws(CaptureError) {
    var draws: [FrameDraw] = []
    for slot in 0..<configuration.framesPerStep {
      let number = step * configuration.framesPerStep + slot
      draws.append(try frameDraw(frameIndex(number), number, into: parts[slot]))
    }
    draws.withUnsafeMutableBufferPointer { draws in
      nonisolated(unsafe) let draws = draws
      concurrently(draws.count, threads: threads) { slot, _ in draws[slot].run() }
    }
    batch.clear()
    for draw in draws {
      keep(draw)
      batch.append(contentsOf: draw.batch)
    }
  }

  private func frameDraw(
    _ index: Int, _ number: Int, into part: TrainingBatch
  ) throws(CaptureError) -> FrameDraw {
    var random = SeededGenerator(
      seed: configuration.seed &* 0x9e37_79b9_7f4a_7c15
        &+ UInt64(number) &* 0xd134_2543_de82_ef95)
    _ = random.next()
    let whole = try source.frame(index)
    let camera = cameraOfItsOwnTime(index, whole, &random)
    let setPosition = space.position(frame: index, capacity: capacity)
    let position =
      camera.map {
        space.position(
          time: source.times[index] + source.timing(frame: index, camera: $0).depth,
          capacity: capacity)
      } ?? setPosition
    return FrameDraw(
      index: index, camera: camera, whole: whole,
      frame: camera.map { CameraPart(whole, camera: $0) } ?? whole, position: position,
      setPosition: setPosition, batch: part, configuration: configuration, space: space,
      box: source.box, origins: origins, focals: focals, random: random,
      grid: grids.first { $0.frame == index && $0.camera == camera }?.grid)
  }

  /// Keeps the grid that a draw has made.
  private func keep(_ draw: FrameDraw) {
    guard let grid = draw.grid,
      !grids.contains(where: { $0.frame == draw.index && $0.camera == draw.camera })
    else { return }
    if grids.count == Self.keptGrids { grids.removeFirst() }
    grids.append((draw.index, draw.camera, grid))
  }

  /// Every frame once an epoch, in an order of its own.
  private func frameIndex(_ draw: Int) -> Int {
    let n = source.frameCount
    if draw / n != epoch {
      epoch = draw / n
      var random = SeededGenerator(seed: configuration.seed &+ 77 &+ UInt64(epoch) &* 1_000_003)
      order = Array(0..<n).shuffled(using: &random)
    }
    return order[draw % n]
  }

  /// Where cameras took a frame set's images at different times, the one whose images this draw is
  /// from, by how many observations it has; the field is then asked at that camera's own time. Nil
  /// where all were taken at the set's time, as wired cameras do.
  private func cameraOfItsOwnTime(
    _ index: Int, _ frame: any FrameObservations, _ random: inout SeededGenerator
  ) -> Int? {
    guard source.isApart(frame: index), !frame.surface.isEmpty else { return nil }
    return Int(frame.surface[random.index(frame.surface.count)].camera)
  }
}
