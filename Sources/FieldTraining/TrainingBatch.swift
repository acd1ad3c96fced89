internal import CaptureCore
internal import NeuralFields

/// What a point of a batch is there for.
enum PointKind: UInt8, Sendable {
  /// A depth pixel's place.
  case surface
  /// Near the surface, with a known distance.
  case near
  /// In space that was seen through, or that nobody saw: bounds only.
  case free
  /// Anywhere: only the gradient's length is known.
  case uniform
  /// One of the points along a rendered ray.
  case rendered
}

/// The points of one step and what is known about each. Memory is taken once.
///
/// Arrays run over points; vectors are `[n][3]`. Lengths are in metres, positions in field units.
/// Losses read it from several threads while nothing writes.
final class TrainingBatch: @unchecked Sendable {
  /// A number for each point along a rendered ray; two rays fill a tile of 64.
  typealias RaySamples = [32 of Float]
  /// Points along a rendered ray.
  static let raySamples = RaySamples.count

  /// What a rendered ray should show.
  struct RayTarget {
    /// Length to the surface, metres; 0 when the ray meets nothing.
    var range: Float
    var rgb: SIMD3<Float>
    var hasColor: Bool
    /// Whether the ray meets the subject.
    var isSubject: Bool
    var confidence: Float
  }

  let capacity: Int
  let positions: UnsafeMutableBufferPointer<Float>
  let kinds: UnsafeMutableBufferPointer<PointKind>
  /// Signed distance (surface, near), or the lower bound (free), or the length along the ray
  /// (rendered), metres.
  let targets: UnsafeMutableBufferPointer<Float>
  /// Upper bound of the distance in free space, metres.
  let ceilings: UnsafeMutableBufferPointer<Float>
  let weights: UnsafeMutableBufferPointer<Float>
  let normals: UnsafeMutableBufferPointer<Float>
  /// Colour 0...1; negative where there is none.
  let colors: UnsafeMutableBufferPointer<Float>
  private(set) var rays: [RayTarget] = []
  /// First point of the rendered rays of each frame, with the index of its first ray.
  var renderedStarts: [(point: Int, ray: Int)] = []
  var groups: [PointGroup] = []
  var count = 0
  private var counts = [Float](repeating: 0, count: 5)

  init(capacity: Int) {
    self.capacity = capacity
    positions = .allocate(capacity: 3 * capacity)
    kinds = .allocate(capacity: capacity)
    targets = .allocate(capacity: capacity)
    ceilings = .allocate(capacity: capacity)
    weights = .allocate(capacity: capacity)
    normals = .allocate(capacity: 3 * capacity)
    colors = .allocate(capacity: 3 * capacity)
    for b in [positions, targets, ceilings, weights, normals, colors] { b.initialize(repeating: 0) }
    kinds.initialize(repeating: .uniform)
  }

  deinit {
    for b in [positions, targets, ceilings, weights, normals, colors] { b.deallocate() }
    kinds.deallocate()
  }

  func clear() {
    count = 0
    groups.removeAll(keepingCapacity: true)
    rays.removeAll(keepingCapacity: true)
    renderedStarts.removeAll(keepingCapacity: true)
    for i in counts.indices { counts[i] = 0 }
  }

  /// Appends a point; vectors that do not matter for its kind are left as they are.
  @inline(__always) func append(
    _ kind: PointKind, _ position: SIMD3<Float>, target: Float = 0, ceiling: Float = .infinity,
    weight: Float = 1
  ) {
    let i = count
    precondition(i < capacity, "the sampler's budget")
    for c in 0..<3 { positions[3 * i + c] = position[c] }
    kinds[i] = kind
    (targets[i], ceilings[i], weights[i]) = (target, ceiling, weight)
    count = i + 1
    if kind != .rendered { counts[Int(kind.rawValue)] += 1 }
  }

  /// Appends another batch's points, rays and groups.
  func append(contentsOf other: TrainingBatch) {
    let (first, n, firstRay) = (count, other.count, rays.count)
    precondition(first + n <= capacity, "the sampler's budget")
    func copy<Element>(
      _ target: UnsafeMutableBufferPointer<Element>,
      _ source: UnsafeMutableBufferPointer<Element>, _ width: Int
    ) {
      _ = UnsafeMutableBufferPointer(rebasing: target[(width * first)...])
        .update(fromContentsOf: source[..<(width * n)])
    }
    for (target, source) in [
      (targets, other.targets), (ceilings, other.ceilings), (weights, other.weights),
    ] {
      copy(target, source, 1)
    }
    for (target, source) in [
      (positions, other.positions), (normals, other.normals), (colors, other.colors),
    ] {
      copy(target, source, 3)
    }
    copy(kinds, other.kinds, 1)
    count = first + n
    for i in counts.indices { counts[i] += other.counts[i] }
    rays.append(contentsOf: other.rays)
    renderedStarts.append(
      contentsOf: other.renderedStarts.map { ($0.point + first, $0.ray + firstRay) })
    for var group in other.groups {
      group.first += first
      groups.append(group)
    }
  }

  /// Sets normal and colour of the last point.
  @inline(__always) func describeLast(normal: SIMD3<Float>, color: SIMD3<Float>?) {
    let i = count - 1
    for c in 0..<3 {
      normals[3 * i + c] = normal[c]
      colors[3 * i + c] = color?[c] ?? -1
    }
  }

  /// Points of a kind, or rays for ``PointKind/rendered``: what a mean over them divides by.
  func count(of kind: PointKind) -> Float { counts[Int(kind.rawValue)] }

  /// Appends what a ray should show; its points follow by ``append(_:_:target:ceiling:weight:)``.
  func append(_ ray: RayTarget) {
    rays.append(ray)
    counts[Int(PointKind.rendered.rawValue)] += 1
  }

  /// The rendered ray whose first point has this index in the batch.
  func ray(startingAt point: Int) -> RayTarget? {
    var found: Int?
    for start in renderedStarts where start.point <= point {
      found = start.ray + (point - start.point) / Self.raySamples
    }
    guard let found, found < rays.count else { return nil }
    return rays[found]
  }
}
