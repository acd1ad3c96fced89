internal import CaptureCore

/// Follows the same places of the subject's surface from frame to frame.
///
/// The places are spread evenly by area at one instant. Each belongs to its nearest limb, is
/// carried by that limb's rigid motion and moved onto the surface along the gradient; near joints,
/// where limbs melt into each other, this slides by a few millimetres.
public struct SurfaceTracker: Sendable {
  /// The places at one instant.
  public struct Places: Sendable {
    /// Positions, world metres, `[count]`.
    public var positions: [SIMD3<Float>]
    /// Unit outward normals, `[count]`.
    public var normals: [SIMD3<Float>]
    /// False where the place lies inside the subject at this instant and has no surface.
    public var exists: [Bool]
  }

  private let rig: SyntheticRig
  private let limbs: [Int]
  private let local: [SIMD3<Float>]
  private let sensor: DepthSensor

  /// Number of places.
  public var count: Int { local.count }

  /// Chooses up to `count` places on the surface of the middle frame.
  ///
  /// Random lines, uniform in direction and offset, enter a surface equally often anywhere
  /// (Crofton's formula); every entry is kept.
  public init(_ rig: SyntheticRig, count: Int) {
    self.rig = rig
    sensor = DepthSensor(rig.configuration)
    let figure = rig.figure(at: rig.triggerTime(rig.configuration.frames / 2))
    let scene = Scene(figure: figure, floor: false, wallDistance: 0)
    let box = figure.bounds
    let (center, radius) = (box.center, box.size.length / 2)
    var random = SeededGenerator(seed: RigLayout.mix(rig.configuration.seed, 17))
    let tracer = Tracer(scene)
    var (limbs, local) = ([Int](), [SIMD3<Float>]())
    var attempts = 0
    while local.count < count, attempts < 1000 * count {
      attempts += 1
      let direction = Self.normal(&random).normalized
      let offset = Self.normal(&random)
      let side = (offset - direction * offset.dot(direction)).normalized
      let reach = radius * random.uniform().squareRoot()
      var origin = center + reach * side - 2 * radius * direction
      // Limbs overlap along a line; more than a dozen entries do not occur.
      for _ in 0..<16 where local.count < count {
        let hit = tracer.trace(origin, direction)
        guard hit.kind == .subject else { break }
        let p = origin + hit.t * direction
        let limb = figure.nearestLimb(p)
        limbs.append(limb)
        local.append(figure.primitives[limb].local(p))
        origin = Self.leave(figure, p, direction)
      }
    }
    (self.limbs, self.local) = (limbs, local)
  }

  /// The places at a time.
  public func places(at time: Double) -> Places {
    let figure = rig.figure(at: time)
    return figure.withAll { primitives, active in
      var places = Places(positions: [], normals: [], exists: [])
      for (limb, local) in zip(limbs, local) {
        let start = SIMD3<Float>(
          figure.limbs[limb].worldFromLimb.apply(SIMD3<Double>(local)))
        var p = start
        for _ in 0..<6 {
          let d = Figure.distance(p, primitives, active)
          let g = Figure.gradient(p, primitives, active)
          p -= g * (d / max(g.dot(g), 0.05))
        }
        let g = Figure.gradient(p, primitives, active)
        let rest = abs(Figure.distance(p, primitives, active))
        places.positions.append(p)
        places.normals.append(g.normalized)
        // 20 mm: more than smooth joints move a place, less than any limb is thick.
        places.exists.append(rest < 2e-4 && (p - start).length < 0.02)
      }
      return places
    }
  }

  /// Which places the given depth cameras see at an instant: in the image and the working range,
  /// not grazing, with nothing in between.
  public func seen(_ places: Places, at time: Double, by cameras: [Int]) -> [Bool] {
    let tracer = Tracer(
      Scene(figure: rig.figure(at: time), floor: false, wallDistance: 0))
    var seen = [Bool](repeating: false, count: places.positions.count)
    for camera in cameras {
      let placed = rig.trueCameras[camera]
      guard let lens = placed.description.depth else { continue }
      let lensFromWorld = placed.worldFromDepth.inverse
      let eye = SIMD3<Float>(placed.worldFromDepth.translation)
      for i in seen.indices where !seen[i] && places.exists[i] {
        let p = lensFromWorld.apply(SIMD3<Double>(places.positions[i]))
        let ray = places.positions[i] - eye
        let incidence = -places.normals[i].dot(ray) / ray.length
        guard sensor.sees(incidence: incidence), placed.description.depthRange.contains(p.z),
          let pixel = lens.project(p), lens.holds(pixel)
        else { continue }
        // 3 mm: what a surface may rise in front of the place without hiding it.
        let first = tracer.firstSubject(eye, ray, before: 1)
        seen[i] = first.map { (1 - $0) * ray.length < 0.003 } ?? true
      }
    }
    return seen
  }

  private static func normal(_ random: inout SeededGenerator) -> SIMD3<Float> {
    SIMD3(random.normal(), random.normal(), random.normal())
  }

  /// The first point along the ray that is outside again; inside, the value is a bound as well.
  private static func leave(
    _ figure: Figure, _ entry: SIMD3<Float>, _ direction: SIMD3<Float>
  ) -> SIMD3<Float> {
    figure.withAll { primitives, active in
      var p = entry + 2e-4 * direction
      for _ in 0..<2000 {
        let d = Figure.distance(p, primitives, active)
        if d > 1e-4 { break }
        p += max(-d, 1e-4) * direction
      }
      return p
    }
  }
}

extension CameraModel {
  /// Whether a pixel position lies in the image, its outermost half pixels included.
  fileprivate func holds(_ pixel: SIMD2<Double>) -> Bool {
    pixel.x >= -0.5 && pixel.y >= -0.5 && pixel.x < Double(width) - 0.5
      && pixel.y < Double(height) - 0.5
  }
}
