/// Points in the order of the cells of a grid that lies over them, for those near a place.
public struct PointCells: Sendable {
  /// Most cells: 16 MB of them.
  private static let mostCells: Float = 4_194_304

  /// The points' numbers, cell by cell.
  public let order: [Int32]
  @usableFromInline let edge: Float
  @usableFromInline let low: SIMD3<Float>
  @usableFromInline let counts: SIMD3<Int32>
  @usableFromInline let limit: SIMD3<Float>
  /// Place in ``order`` of each cell's first point; one more at the end.
  @usableFromInline let starts: [Int32]

  /// Sorts points, metres, in O(points + cells).
  /// - Parameter reach: Edge of the cells; where that would make too many, they are larger.
  public init(_ points: some Collection<SIMD3<Float>>, reach: Float) {
    var box = BoundingBox.empty
    for p in points { box.include(p) }
    let (low, size) = points.isEmpty ? (.zero, .zero) : (box.lower, box.size)
    func sides(_ edge: Float) -> SIMD3<Float> { (size / edge).rounded(.down) + 1 }
    var wide = reach
    while sides(wide).x * sides(wide).y * sides(wide).z > Self.mostCells { wide *= 1.26 }
    let (edge, limit) = (wide, sides(wide))
    let counts = Self.cell(limit)
    let sorted = CellOrder(
      points.map { p in
        let c = Self.cell(((p - low) / edge).rounded(.down))
          .clamped(lowerBound: .zero, upperBound: counts &- 1)
        return (c.z * counts.y + c.y) * counts.x + c.x
      }, cells: Int(counts.x) * Int(counts.y) * Int(counts.z))
    (self.edge, self.low, self.counts, self.limit) = (edge, low, counts, limit)
    (starts, order) = (sorted.starts, sorted.order)
  }

  /// Number by number: conversions of vectors take ten times as long.
  @inlinable @inline(__always)
  static func cell(_ q: SIMD3<Float>) -> SIMD3<Int32> { SIMD3(Int32(q.x), Int32(q.y), Int32(q.z)) }

  /// Calls `body` with places in ``order``: those of all points within `reach` of a place, and of some
  /// beyond.
  @inlinable @inline(__always)
  public func near(_ p: SIMD3<Float>, _ body: (Range<Int>) -> Void) {
    let at = ((p - low) / edge).rounded(.down)
    // Also leaves out what is not a number.
    guard all(at .>= -1), all(at .<= limit) else { return }
    let c = Self.cell(at)
    visit(c &- 1, c &+ 1, body)
  }

  /// Calls `body` with places in ``order``: those of all points in a box, and of some around it. A corner that is not a
  /// number has none.
  @inlinable @inline(__always)
  public func inside(_ box: BoundingBox, _ body: (Range<Int>) -> Void) {
    let (from, to) = ((box.lower - low) / edge, (box.upper - low) / edge)
    guard all(from .<= limit), all(to .>= 0) else { return }
    visit(
      Self.cell(pointwiseMax(from, .zero).rounded(.down)),
      Self.cell(pointwiseMin(to, limit).rounded(.down)), body)
  }

  /// Calls `body` with the places of the points in a block of cells, as far as there are such.
  @inlinable @inline(__always)
  func visit(_ first: SIMD3<Int32>, _ last: SIMD3<Int32>, _ body: (Range<Int>) -> Void) {
    let from = pointwiseMax(first, .zero)
    let to = pointwiseMin(last, counts &- 1)
    guard all(from .<= to) else { return }
    for z in from.z...to.z {
      for y in from.y...to.y {
        let row = (z * counts.y + y) * counts.x
        // The cells of a row stand one behind the other.
        body(Int(starts[Int(row + from.x)])..<Int(starts[Int(row + to.x) + 1]))
      }
    }
  }
}
