/// An indexed triangle mesh in world metres, counter-clockwise seen from outside.
public struct TriangleMesh: Equatable, Sendable {
  /// Vertex positions, metres. Shape `[V]`.
  public var positions: [SIMD3<Float>]
  /// Unit outward normals, `[V]`, or empty.
  public var normals: [SIMD3<Float>]
  /// sRGB colours 0...255, `[V]`, or empty.
  public var colors: [SIMD3<UInt8>]
  /// Vertex indices, `[F]`, each below V.
  public var triangles: [SIMD3<UInt32>]

  /// A mesh of the given parts; `normals` and `colors` may be left out.
  public init(
    positions: [SIMD3<Float>] = [], normals: [SIMD3<Float>] = [], colors: [SIMD3<UInt8>] = [],
    triangles: [SIMD3<UInt32>] = []
  ) {
    (self.positions, self.normals, self.colors, self.triangles) = (
      positions, normals, colors, triangles
    )
  }

  /// Smallest box around all vertices.
  public var bounds: BoundingBox {
    var box = BoundingBox.empty
    for p in positions { box.include(p) }
    return box
  }
}
