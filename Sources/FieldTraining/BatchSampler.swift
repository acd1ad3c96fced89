internal import CaptureCore
internal import NeuralFields

/// Draws the points of a step. What a step draws depends on the seed and its number alone.
final class BatchSampler {
  let batch: TrainingBatch
  private var source: any ObservationSource
  private let configuration: TrainingConfiguration
  private let space: FieldSpace
  private let capacity: Int
  private var grids: [(frame: Int, camera: Int?, grid: SurfaceGrid)] = []
  private var order: [Int] = []
  private var epoch = -1
  private var origins: [SIMD3<Float>]
  private let focals: [Float]

  /// Weight of what is believed beside what was seen.
  private static let hiddenWeight: Float = 0.3
  /// Thickness of a sheet that was seen from one side only, metres.
  private static let sheet: Float = 0.006

  /// Frames whose grids are kept; about 1 MB each.
  private static let keptGrids = 24

  init(
    source: any ObservationSource, configuration c: TrainingConfiguration, space: FieldSpace,
    capacity: Int
  ) {
    (self.source, configuration, self.space, self.capacity) = (source, c, space, capacity)
    let perFrame =
      c.raysPerFrame * (1 + c.nearPerRay + c.freePerRay) + c.backgroundPerFrame + c.uniformPerFrame
      + c.hiddenPerFrame
      + c.renderedPerFrame * TrainingBatch.raySamples
    batch = TrainingBatch(capacity: perFrame * c.framesPerStep)
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

  /// Fills the batch for a step.
  func draw(step: Int) throws(CaptureError) {
    batch.clear()
    for slot in 0..<configuration.framesPerStep {
      let index = frameIndex(step * configuration.framesPerStep + slot)
      var random = SeededGenerator(
        seed: configuration.seed &* 0x9e37_79b9_7f4a_7c15
          &+ UInt64(step * configuration.framesPerStep + slot) &* 0xd134_2543_de82_ef95)
      _ = random.next()
      try draw(frame: index, &random)
    }
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

  private func grid(
    _ index: Int, _ camera: Int?, _ frame: any FrameObservations
  ) -> SurfaceGrid {
    if let at = grids.firstIndex(where: { $0.frame == index && $0.camera == camera }) {
      return grids[at].grid
    }
    let grid = SurfaceGrid(
      frame, box: source.box, radius: Float(configuration.targetRadius))
    if grids.count == Self.keptGrids { grids.removeFirst() }
    grids.append((index, camera, grid))
    return grid
  }

  private func draw(frame index: Int, _ random: inout SeededGenerator) throws(CaptureError) {
    let whole = try source.frame(index)
    let camera = cameraOfItsOwnTime(index, whole, &random)
    let frame = camera.map { CameraPart(whole, camera: $0) } ?? whole
    let grid = grid(index, camera, frame)
    let setPosition = space.position(frame: index, capacity: capacity)
    let position =
      camera.map {
        space.position(
          time: source.times[index] + source.timing(frame: index, camera: $0).depth,
          capacity: capacity)
      } ?? setPosition
    let first = batch.count
    drawSurface(frame, grid, &random)
    close(first, position, gradient: true, color: true)
    let uniform = batch.count
    let size = source.box.size
    for _ in 0..<configuration.uniformPerFrame {
      let u = SIMD3(random.uniform(), random.uniform(), random.uniform())
      batch.append(.uniform, space.fieldFromWorld(source.box.lower + u * size))
    }
    close(uniform, position, gradient: true, color: false)
    var plain = batch.count
    drawNear(frame, grid, &random)
    drawBackground(frame, &random)
    if position != setPosition {
      close(plain, position, gradient: false, color: false)
      plain = batch.count
    }
    // What is believed is believed of the set, not of a camera.
    drawHidden(whole.hidden, &random)
    close(plain, setPosition, gradient: false, color: false)
    let rendered = batch.count
    drawRendered(frame, &random)
    close(rendered, position, gradient: false, color: true)
  }

  /// Where cameras took a frame set's images at different times, the one whose images this draw is
  /// from, by how many observations it has; the field is then asked at that camera's own time. Nil
  /// where all were taken at the set's time, as wired cameras do.
  private func cameraOfItsOwnTime(
    _ index: Int, _ frame: any FrameObservations, _ random: inout SeededGenerator
  ) -> Int? {
    guard source.isApart(frame: index), !frame.surface.isEmpty else { return nil }
    return Int(frame.surface[Self.index(frame.surface.count, &random)].camera)
  }

  private func close(_ first: Int, _ position: Double, gradient: Bool, color: Bool) {
    guard batch.count > first else { return }
    batch.groups.append(
      PointGroup(
        position: position, first: first, count: batch.count - first, needsGradient: gradient,
        needsColor: color))
  }

  private func drawSurface(
    _ frame: any FrameObservations, _ grid: SurfaceGrid, _ random: inout SeededGenerator
  ) {
    let surface = frame.surface
    guard !surface.isEmpty else { return }
    for _ in 0..<configuration.raysPerFrame {
      let o = surface[Self.index(surface.count, &random)]
      var (p, n) = (o.position, o.normal)
      if let e = grid.estimate(p, in: frame.surface) { (p, n) = (p - e.normal * e.distance, e.normal) }
      batch.append(.surface, space.fieldFromWorld(p), weight: o.confidence)
      batch.describeLast(normal: n, color: o.color)
    }
  }

  /// Points near the surface with their distance, and in front of it with bounds.
  private func drawNear(
    _ frame: any FrameObservations, _ grid: SurfaceGrid, _ random: inout SeededGenerator
  ) {
    let surface = frame.surface
    guard !surface.isEmpty else { return }
    let sigma = Float(configuration.nearSigma)
    let truncation = Float(configuration.truncation)
    let hidden = frame.hidden
    for _ in 0..<configuration.raysPerFrame {
      let o = surface[Self.index(surface.count, &random)]
      for _ in 0..<configuration.nearPerRay {
        let offset = max(-1.9, min(1.9, random.normal())) * sigma
        let x = o.position + o.normal * offset
        let seen = grid.estimate(x, in: frame.surface) ?? SurfaceGrid.Estimate(distance: offset, normal: o.normal)
        guard let target = target(x, seen, hidden) else { continue }
        batch.append(.near, space.fieldFromWorld(x), target: target, weight: o.confidence)
      }
      for _ in 0..<configuration.freePerRay {
        let end = o.range - truncation / max(o.incidence, 0.3)
        guard end > o.near else { continue }
        let t = o.near + (end - o.near) * random.uniform()
        let x = origins[Int(o.camera)] + o.direction * t
        // A grazing ray passes close to the surface long before it meets it.
        let lower = min(truncation, (o.range - t) * o.incidence * 0.5)
        batch.append(.free, space.fieldFromWorld(x), target: lower, ceiling: o.range - t)
      }
    }
  }

  /// The distance at a point near the surface. A sheet whose other side is open has that side a little
  /// behind the one that was seen; nil where the point lies in yet another part of the subject.
  private func target(
    _ x: SIMD3<Float>, _ seen: SurfaceGrid.Estimate, _ hidden: HiddenCells
  ) -> Float? {
    let depth = -seen.distance
    guard depth > 0.5 * Self.sheet, !hidden.packed.isEmpty else { return seen.distance }
    // The cell right behind what was seen is inside, whatever lies beyond; it ends before this.
    let beyond = 1.75 * hidden.edge
    if hidden.isInside(x + seen.normal * (depth - beyond)) { return seen.distance }
    return depth > beyond && hidden.isInside(x) ? nil : depth - Self.sheet
  }

  private func drawBackground(
    _ frame: any FrameObservations, _ random: inout SeededGenerator
  ) {
    let rays = frame.freeRays
    guard !rays.isEmpty else { return }
    for _ in 0..<configuration.backgroundPerFrame {
      let ray = rays[Self.index(rays.count, &random)]
      let c = Int(ray.camera)
      let t = ray.near + (ray.far - ray.near) * random.uniform()
      let x = origins[c] + SIMD3(ray.dx, ray.dy, ray.dz) * t
      let lateral = max(0, ray.silhouette - 2) * t / focals[c]
      let lower = min(Float(configuration.truncation), min(0.7 * lateral, ray.far - t))
      batch.append(.free, space.fieldFromWorld(x), target: max(0, lower))
    }
  }

  /// Points that no camera sees, held to the side of the surface that they are believed to be on.
  /// Half of them lie close to it.
  private func drawHidden(_ hidden: HiddenCells, _ random: inout SeededGenerator) {
    guard !hidden.packed.isEmpty else { return }
    for n in 0..<configuration.hiddenPerFrame {
      let (wanted, tries) = n % 2 == 0 ? (2...3, 8) : (2...HiddenCells.deepest, 2)
      var k = Self.index(hidden.packed.count, &random)
      for _ in 0..<tries where !wanted.contains(abs(hidden.layer(k))) {
        k = Self.index(hidden.packed.count, &random)
      }
      // The surface passes somewhere through the cells of the first layers.
      let layer = hidden.layer(k)
      guard abs(layer) >= 2 else { continue }
      let u = SIMD3(random.uniform(), random.uniform(), random.uniform())
      let x = space.fieldFromWorld(hidden.corner(k) + hidden.edge * u)
      let bound = min(Float(configuration.truncation), Float(abs(layer) - 2) * hidden.edge)
      let (lower, upper) = layer < 0 ? (-Float.infinity, -bound) : (bound, Float.infinity)
      batch.append(.free, x, target: lower, ceiling: upper, weight: Self.hiddenWeight)
    }
  }

  private func drawRendered(_ frame: any FrameObservations, _ random: inout SeededGenerator) {
    let (surface, free) = (frame.surface, frame.freeRays)
    guard !surface.isEmpty, configuration.renderedPerFrame > 0 else { return }
    let start = (point: batch.count, ray: batch.rays.count)
    let reach = 2 * Float(configuration.truncation)
    for k in 0..<configuration.renderedPerFrame {
      if k % 4 == 3, !free.isEmpty {
        let r = free[Self.index(free.count, &random)]
        batch.append(
          TrainingBatch.RenderedRay(
            range: 0, rgb: .zero, hasColor: false, isSubject: false, confidence: 1))
        drawRay(Int(r.camera), SIMD3(r.dx, r.dy, r.dz), r.near...r.far, &random)
      } else {
        let o = surface[Self.index(surface.count, &random)]
        batch.append(
          TrainingBatch.RenderedRay(
            range: o.range, rgb: o.color ?? .zero, hasColor: o.color != nil, isSubject: true,
            confidence: o.confidence))
        drawRay(Int(o.camera), o.direction, o.range - reach...o.range + reach, &random)
      }
    }
    batch.renderedStarts.append(start)
  }

  /// Stratified points: one in each of 32 equal parts, so that they stay in order.
  private func drawRay(
    _ camera: Int, _ direction: SIMD3<Float>, _ interval: ClosedRange<Float>,
    _ random: inout SeededGenerator
  ) {
    let n = TrainingBatch.raySamples
    let part = (interval.upperBound - interval.lowerBound) / Float(n)
    for i in 0..<n {
      let t = interval.lowerBound + (Float(i) + random.uniform()) * part
      batch.append(.rendered, space.fieldFromWorld(origins[camera] + direction * t), target: t)
    }
  }

  private static func index(_ count: Int, _ random: inout SeededGenerator) -> Int {
    Int(((random.next() >> 32) &* UInt64(count)) >> 32)
  }
}

extension SurfaceObservation {
  /// sRGB 0...1, or nil.
  fileprivate var color: SIMD3<Float>? {
    hasColor == 1 ? SIMD3(Float(red), Float(green), Float(blue)) / 255 : nil
  }
}
