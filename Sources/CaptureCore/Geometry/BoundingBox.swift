/// An axis-aligned box in world metres.
public struct BoundingBox: Equatable, Sendable, Codable {
  /// Smallest coordinates.
  public var lower: SIMD3<Float>
  /// Largest coordinates.
  public var upper: SIMD3<Float>

  /// A box between two corners; `lower` must not exceed `upper`.
  public init(lower: SIMD3<Float>, upper: SIMD3<Float>) {
    (self.lower, self.upper) = (lower, upper)
  }

  /// The box of no points, which any union replaces.
  public static let empty = BoundingBox(
    lower: SIMD3(repeating: .infinity), upper: SIMD3(repeating: -.infinity))

  /// True when no point lies inside.
  public var isEmpty: Bool { !(lower.x <= upper.x && lower.y <= upper.y && lower.z <= upper.z) }
  /// Edge lengths in metres.
  public var size: SIMD3<Float> { upper - lower }
  /// The middle of the box.
  public var center: SIMD3<Float> { (lower + upper) * 0.5 }

  /// Whether the point lies inside or on the surface.
  @inlinable public func contains(_ p: SIMD3<Float>) -> Bool {
    p.x >= lower.x && p.y >= lower.y && p.z >= lower.z && p.x <= upper.x && p.y <= upper.y
      && p.z <= upper.z
  }

  /// Grows the box to hold the point.
  public mutating func include(_ p: SIMD3<Float>) {
    lower = pointwiseMin(lower, p)
    upper = pointwiseMax(upper, p)
  }

  /// The box with every side moved outward by `margin` metres.
  public func expanded(by margin: Float) -> BoundingBox {
    BoundingBox(lower: lower - SIMD3(repeating: margin), upper: upper + SIMD3(repeating: margin))
  }

  /// Ray parameters at which the ray enters and leaves, or nil when it misses (slab test) or is not finite.
  public func interval(
    origin: SIMD3<Float>, direction: SIMD3<Float>
  ) -> (near: Float, far: Float)? {
    var near: Float = 0
    var far = Float.infinity
    guard (origin + direction) * 0 == .zero else { return nil }
    for axis in 0..<3 {
      if direction[axis] == 0 {
        if origin[axis] < lower[axis] || origin[axis] > upper[axis] { return nil }
        continue
      }
      let a = (lower[axis] - origin[axis]) / direction[axis]
      let b = (upper[axis] - origin[axis]) / direction[axis]
      near = max(near, min(a, b))
      far = min(far, max(a, b))
    }
    return near <= far ? (near, far) : nil
  }
}
