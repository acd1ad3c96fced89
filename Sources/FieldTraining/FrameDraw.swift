internal import CaptureCore
internal import NeuralFields

/// Draws one frame's points of a step. Depends on nothing but what it holds.
struct FrameDraw {
  let index: Int
  /// The camera whose observations alone are drawn from; nil for all of the frame's.
  let camera: Int?
  /// All cameras' observations, and those that points are drawn from.
  let whole: any FrameObservations, frame: any FrameObservations
  /// Where the field is asked for the frame, and for the set.
  let position: Double, setPosition: Double
  let batch: TrainingBatch
  let configuration: TrainingConfiguration
  let space: FieldSpace
  let box: BoundingBox
  let origins: [SIMD3<Float>]
  let focals: [Float]
  var random: SeededGenerator
  /// Of `frame`; made by ``run()`` where there is none yet.
  var grid: SurfaceGrid?

  /// Weight of what is believed beside what was seen.
  private static let hiddenWeight: Float = 0.3
  /// Thickness of a sheet that was seen from one side only, metres.
  private static let sheet: Float = 0.006

  /// Fills the batch.
  mutating func run() {
    batch.clear()
    let grid =
      self.grid
      ?? SurfaceGrid(frame, box: box, radius: Float(configuration.targetRadius))
    self.grid = grid
    drawSurface(grid)
    close(0, position, gradient: true, color: true)
    let uniform = batch.count
    for _ in 0..<configuration.uniformPerFrame {
      let u = SIMD3(random.uniform(), random.uniform(), random.uniform())
      batch.append(.uniform, space.fieldFromWorld(box.lower + u * box.size))
    }
    close(uniform, position, gradient: true, color: false)
    var plain = batch.count
    drawNear(grid)
    drawBackground()
    if position != setPosition {
      close(plain, position, gradient: false, color: false)
      plain = batch.count
    }
    // What is believed is believed of the set, not of a camera.
    drawHidden()
    close(plain, setPosition, gradient: false, color: false)
    let rendered = batch.count
    drawRendered()
    close(rendered, position, gradient: false, color: true)
  }

  private func close(_ first: Int, _ position: Double, gradient: Bool, color: Bool) {
    guard batch.count > first else { return }
    batch.groups.append(
      PointGroup(
        position: position, first: first, count: batch.count - first, needsGradient: gradient,
        needsColor: color))
  }

  private mutating func drawSurface(_ grid: SurfaceGrid) {
    let surface = frame.surface
    guard !surface.isEmpty else { return }
    for _ in 0..<configuration.raysPerFrame {
      let o = surface[random.index(surface.count)]
      var (p, n) = (o.position, o.normal)
      if let e = grid.estimate(p) {
        (p, n) = (p - e.normal * e.distance, e.normal)
      }
      batch.append(.surface, space.fieldFromWorld(p), weight: o.confidence)
      batch.describeLast(normal: n, color: o.color)
    }
  }

  /// Points near the surface with their distance, and in front of it with bounds.
  private mutating func drawNear(_ grid: SurfaceGrid) {
    let surface = frame.surface
    guard !surface.isEmpty else { return }
    let sigma = Float(configuration.nearSigma)
    let truncation = Float(configuration.truncation)
    let hidden = frame.hidden
    // Those in free space stand together: backward passes leave out what lies within its bounds.
    var free: [(place: SIMD3<Float>, lower: Float, ceiling: Float)] = []
    free.reserveCapacity(configuration.raysPerFrame * configuration.freePerRay)
    for _ in 0..<configuration.raysPerFrame {
      let o = surface[random.index(surface.count)]
      for _ in 0..<configuration.nearPerRay {
        let offset = max(-1.9, min(1.9, random.normal())) * sigma
        let x = o.position + o.normal * offset
        let seen =
          grid.estimate(x)
          ?? SurfaceGrid.Estimate(distance: offset, normal: o.normal)
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
        free.append((x, lower, o.range - t))
      }
    }
    for point in free {
      batch.append(
        .free, space.fieldFromWorld(point.place), target: point.lower, ceiling: point.ceiling)
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

  private mutating func drawBackground() {
    let rays = frame.freeRays
    guard !rays.isEmpty else { return }
    for _ in 0..<configuration.backgroundPerFrame {
      let ray = rays[random.index(rays.count)]
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
  private mutating func drawHidden() {
    let hidden = whole.hidden
    guard !hidden.packed.isEmpty else { return }
    for n in 0..<configuration.hiddenPerFrame {
      let (wanted, tries) = n % 2 == 0 ? (2...3, 8) : (2...HiddenCells.deepest, 2)
      var k = random.index(hidden.packed.count)
      for _ in 0..<tries where !wanted.contains(abs(hidden.layer(k))) {
        k = random.index(hidden.packed.count)
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

  private mutating func drawRendered() {
    let (surface, free) = (frame.surface, frame.freeRays)
    guard !surface.isEmpty, configuration.renderedPerFrame > 0 else { return }
    let start = (point: batch.count, ray: batch.rays.count)
    let reach = 2 * Float(configuration.truncation)
    for k in 0..<configuration.renderedPerFrame {
      if k % 4 == 3, !free.isEmpty {
        let r = free[random.index(free.count)]
        batch.append(
          TrainingBatch.RayTarget(
            range: 0, rgb: .zero, hasColor: false, isSubject: false, confidence: 1))
        drawRay(Int(r.camera), SIMD3(r.dx, r.dy, r.dz), r.near...r.far)
      } else {
        let o = surface[random.index(surface.count)]
        batch.append(
          TrainingBatch.RayTarget(
            range: o.range, rgb: o.color ?? .zero, hasColor: o.color != nil, isSubject: true,
            confidence: o.confidence))
        drawRay(Int(o.camera), o.direction, o.range - reach...o.range + reach)
      }
    }
    batch.renderedStarts.append(start)
  }

  /// Stratified points: one in each of so many equal parts, so that they stay in order.
  private mutating func drawRay(
    _ camera: Int, _ direction: SIMD3<Float>, _ interval: ClosedRange<Float>
  ) {
    let n = TrainingBatch.raySamples
    let part = (interval.upperBound - interval.lowerBound) / Float(n)
    for i in 0..<n {
      let t = interval.lowerBound + (Float(i) + random.uniform()) * part
      batch.append(.rendered, space.fieldFromWorld(origins[camera] + direction * t), target: t)
    }
  }
}

extension SeededGenerator {
  /// One of the first `count` numbers.
  @inline(__always) mutating func index(_ count: Int) -> Int {
    Int(((next() >> 32) &* UInt64(count)) >> 32)
  }
}
