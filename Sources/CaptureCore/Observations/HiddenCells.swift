/// The part of the region of interest that no camera saw through, cell by cell, and on which side of the
/// surface each cell is believed to lie.
///
/// Cells are `edge` metres wide, counted from `origin`; index `(z × ny + y) × nx + x`. Only cells that
/// are not surely free are listed.
public struct HiddenCells: Sendable {
  /// Layers beyond this one are counted as this one.
  public static let deepest = 6

  /// Lower corner of cell 0, world metres.
  public let origin: SIMD3<Float>
  /// Edge of a cell, metres.
  public let edge: Float
  /// Cells on each axis.
  public let counts: SIMD3<Int32>
  /// Ascending; made by ``pack(index:layer:)``.
  nonisolated(unsafe) public let packed: UnsafeBufferPointer<UInt32>

  /// A view of packed cells.
  public init(
    origin: SIMD3<Float>, edge: Float, counts: SIMD3<Int32>, packed: UnsafeBufferPointer<UInt32>
  ) {
    (self.origin, self.edge, self.counts, self.packed) = (origin, edge, counts, packed)
  }

  /// No cells at all: everything is free.
  public static let none = HiddenCells(
    origin: .zero, edge: 1, counts: .zero, packed: UnsafeBufferPointer(start: nil, count: 0))

  /// A cell and its layer in one word, of which the index takes 28 bits: a grid has fewer cells than that.
  public static func pack(index: Int, layer: Int) -> UInt32 {
    UInt32(index) << 4 | UInt32(layer + 8)
  }

  /// The grid's index of the k-th listed cell.
  @inlinable public func index(_ k: Int) -> Int { Int(packed[k] >> 4) }

  /// Cells between the k-th listed one and the surface, itself included: `-1` is just inside, `1` just
  /// outside. Its centre is at least `(|layer| - 1) × edge` from any cell centre of the other side.
  @inlinable public func layer(_ k: Int) -> Int { Int(packed[k] & 15) - 8 }

  /// Lower corner of the k-th listed cell, world metres.
  @inlinable public func corner(_ k: Int) -> SIMD3<Float> {
    let (i, nx, ny) = (index(k), Int(counts.x), Int(counts.y))
    return origin + SIMD3(Float(i % nx), Float(i / nx % ny), Float(i / (nx * ny))) * edge
  }

  /// Whether the point lies in a cell that is believed to be inside. O(log cells).
  public func isInside(_ p: SIMD3<Float>) -> Bool {
    let q = (p - origin) / edge
    guard all(q .>= 0), all(q .< SIMD3<Float>(counts)) else { return false }
    let wanted = UInt32(
      (Int(q.z) * Int(counts.y) + Int(q.y)) * Int(counts.x) + Int(q.x))
    let low = packed.partitionPoint { $0 >> 4 < wanted }
    return low < packed.count && packed[low] >> 4 == wanted && layer(low) < 0
  }

  /// The cells that are believed to be inside, for many questions.
  public func insideMask() -> InsideMask { InsideMask(self) }
}

/// Which places are believed to be inside, among those that no camera saw through: a bit a cell.
public struct InsideMask: Sendable {
  private let origin: SIMD3<Float>
  private let inverseEdge: Float
  private let counts: SIMD3<Float>
  private let strides: SIMD3<Int>
  private let bits: [UInt8]

  init(_ cells: HiddenCells) {
    (origin, inverseEdge, counts) = (cells.origin, 1 / cells.edge, SIMD3<Float>(cells.counts))
    let n = SIMD3(Int(cells.counts.x), Int(cells.counts.y), Int(cells.counts.z))
    strides = SIMD3(1, n.x, n.x * n.y)
    let total = n.x * n.y * n.z
    var bits = [UInt8](repeating: 0, count: (total + 7) / 8)
    for k in 0..<cells.packed.count where cells.layer(k) < 0 {
      let i = cells.index(k)
      if i < total { bits[i >> 3] |= 1 << UInt8(i & 7) }
    }
    self.bits = bits
  }

  /// Whether nothing at all is known of hidden places.
  public var isEmpty: Bool { bits.isEmpty }

  /// Whether the point lies in a cell that is believed to be inside.
  @inline(__always) public func contains(_ p: SIMD3<Float>) -> Bool {
    let q = (p - origin) * inverseEdge
    guard all(q .>= 0), all(q .< counts) else { return false }
    let i = Int(q.z) * strides.z + Int(q.y) * strides.y + Int(q.x)
    return bits[i >> 3] >> UInt8(i & 7) & 1 == 1
  }
}
