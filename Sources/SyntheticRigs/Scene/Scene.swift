internal import CaptureCore
internal import Foundation

/// All that can be seen at one instant: the subject, a floor, a wall.
struct Scene: Sendable {
  var figure: Figure
  var floor: Bool
  /// Distance of a wall facing +z from the origin, metres; 0 for none.
  var wallDistance: Float
}

/// Where a ray first meets the scene.
struct Hit {
  /// What a ray can meet.
  enum Kind: UInt8 { case nothing, subject, floor, wall }
  var kind = Kind.nothing
  /// Ray parameter; the z-depth when the direction's third camera coordinate is 1.
  var t = Float.infinity
  var normal = SIMD3<Float>.zero
  /// Unlit sRGB colour, 0...1.
  var albedo = SIMD3<Float>.zero
}

/// Traces rays of one worker through a scene; owns the scratch memory.
struct Tracer: ~Copyable {
  private let scene: Scene
  private let primitives: UnsafeMutableBufferPointer<Primitive>
  private let active: UnsafeMutableBufferPointer<Int32>
  /// A sphere around all limbs, widened by the blend width.
  private let middle: SIMD3<Float>
  private let extent: Float

  /// Marching stops this near the surface, metres.
  static let tolerance: Float = 3e-5

  init(_ scene: Scene) {
    self.scene = scene
    primitives = .allocate(capacity: scene.figure.primitives.count)
    _ = primitives.initialize(from: scene.figure.primitives)
    active = .allocate(capacity: scene.figure.primitives.count)
    active.initialize(repeating: 0)
    let center = scene.figure.bounds.center
    let reaches = scene.figure.primitives.map { ($0.center - center).length + $0.radius }
    (middle, extent) = (center, (reaches.max() ?? 0) + scene.figure.widestBlend)
  }

  deinit {
    primitives.deallocate()
    active.deallocate()
  }

  /// First hit of the ray `origin + t · direction`, t > 0; the direction need not be of length 1.
  func trace(_ origin: SIMD3<Float>, _ direction: SIMD3<Float>) -> Hit {
    var hit = background(origin, direction)
    let (count, near, far) = select(origin, direction)
    let chosen = UnsafeBufferPointer(start: active.baseAddress, count: count)
    guard count > 0, let t = march(origin, direction, near, min(far, hit.t), chosen) else {
      return hit
    }
    let p = origin + t * direction
    let list = UnsafeBufferPointer(primitives)
    hit.kind = .subject
    hit.t = t
    hit.normal = Figure.gradient(p, list, chosen).normalized
    hit.albedo = Figure.albedo(p, scene.figure, chosen)
    return hit
  }

  /// Where the ray first meets the subject, as `t` below `limit`; nil where it does not.
  func firstSubject(
    _ origin: SIMD3<Float>, _ direction: SIMD3<Float>, before limit: Float
  ) -> Float? {
    let (count, near, far) = select(origin, direction)
    let chosen = UnsafeBufferPointer(start: active.baseAddress, count: count)
    return count > 0 ? march(origin, direction, near, min(far, limit), chosen) : nil
  }

  /// Sphere tracing. Each step is at most the distance to the surface, so none is jumped over;
  /// a grazing ray that still creeps after 400 steps counts as a hit within 1 mm.
  private func march(
    _ origin: SIMD3<Float>, _ direction: SIMD3<Float>, _ near: Float, _ far: Float,
    _ chosen: UnsafeBufferPointer<Int32>
  ) -> Float? {
    guard near < far else { return nil }
    let list = UnsafeBufferPointer(primitives)
    let length = direction.length
    let unit = direction / length
    var t = near * length
    let end = far * length
    var distance = Float.infinity
    for _ in 0..<400 {
      distance = Figure.distance(origin + t * unit, list, chosen)
      if distance < Self.tolerance { return t / length }
      t += distance
      if t > end { return nil }
    }
    return distance < 1e-3 ? t / length : nil
  }

  /// Collects the limbs whose sphere, widened by the blend width, the ray meets, and the stretch
  /// of the ray in which it does. Limbs left out cannot change the sign of the smooth minimum.
  private func select(
    _ origin: SIMD3<Float>, _ direction: SIMD3<Float>
  ) -> (count: Int, near: Float, far: Float) {
    let (ox, oy, oz) = (origin.x, origin.y, origin.z)
    let (dx, dy, dz) = (direction.x, direction.y, direction.z)
    let scale = 1 / (dx * dx + dy * dy + dz * dz)
    /// The stretch of the ray inside a sphere.
    func stretch(
      _ cx: Float, _ cy: Float, _ cz: Float, _ reach: Float
    ) -> (near: Float, far: Float)? {
      let (x, y, z) = (cx - ox, cy - oy, cz - oz)
      let middle = (x * dx + y * dy + z * dz) * scale
      let rest = middle * middle - (x * x + y * y + z * z - reach * reach) * scale
      guard rest >= 0 else { return nil }
      let half = rest.squareRoot()
      return middle + half < 0 ? nil : (max(middle - half, 0), middle + half)
    }
    var (count, near, far) = (0, Float.infinity, Float.zero)
    guard stretch(middle.x, middle.y, middle.z, extent) != nil else { return (0, near, far) }
    let (all, margin) = (primitives.count, scene.figure.widestBlend)
    var index = 0
    while index < all {
      let primitive = primitives.baseAddress! + index
      if let part = stretch(
        primitive.pointee.cx, primitive.pointee.cy, primitive.pointee.cz,
        primitive.pointee.radius + margin)
      {
        active[count] = Int32(index)
        count += 1
        near = min(near, part.near)
        far = max(far, part.far)
      }
      index += 1
    }
    return (count, near, far)
  }

  private func background(_ origin: SIMD3<Float>, _ direction: SIMD3<Float>) -> Hit {
    var hit = Hit()
    if scene.floor, direction.y < 0, origin.y > 0 {
      hit.t = -origin.y / direction.y
      hit.kind = .floor
    }
    if scene.wallDistance > 0, direction.z < 0 {
      let t = (-scene.wallDistance - origin.z) / direction.z
      if t > 0, t < hit.t {
        hit.t = t
        hit.kind = .wall
      }
    }
    let p = origin + hit.t * direction
    switch hit.kind {
    case .floor:
      hit.normal = SIMD3(0, 1, 0)
      hit.albedo = Self.tiles(p.x, p.z, light: 0.62, dark: 0.42, reach: hit.t)
    case .wall:
      hit.normal = SIMD3(0, 0, 1)
      hit.albedo = Self.tiles(p.x, p.y, light: 0.7, dark: 0.64, reach: hit.t) * SIMD3(1, 0.97, 0.9)
    case .nothing, .subject: break
    }
    return hit
  }

  /// Tiles of 0.25 m whose contrast fades with distance, where a pixel holds many.
  private static func tiles(
    _ x: Float, _ y: Float, light: Float, dark: Float, reach: Float
  ) -> SIMD3<Float> {
    guard abs(x) < 1e6, abs(y) < 1e6 else { return SIMD3(repeating: (light + dark) / 2) }
    let odd = (Int((4 * x).rounded(.down)) + Int((4 * y).rounded(.down))) & 1 == 1
    let fade = min(max((12 - reach) / 8, 0), 1)
    return SIMD3(repeating: (light + dark) / 2 + (odd ? -0.5 : 0.5) * fade * (light - dark))
  }
}
