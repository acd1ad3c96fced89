/// An indexed triangle mesh in world metres, counter-clockwise seen from outside.
public struct TriangleMesh: Equatable, Sendable {
  /// Vertex positions, metres. Shape `[V]`.
  public var positions: [SIMD3<Float>]
  /// Unit outward normals, `[V]`, or empty.
  public var normals: [SIMD3<Float>]
  /// sRGB colours 0...255, `[V]`, or empty.
  public var colors: [SIMD3<UInt8>]
  /// How well cameras saw each vertex, `[V]`, or empty: the sum over the cameras of weights 0...1, so that 0
  /// is what nobody saw.
  public var confidence: [Float]
  /// Vertex indices, `[F]`, each below V.
  public var triangles: [SIMD3<UInt32>]

  /// A mesh of the given parts; what a vertex has beside its position may be left out.
  public init(
    positions: [SIMD3<Float>] = [], normals: [SIMD3<Float>] = [], colors: [SIMD3<UInt8>] = [],
    confidence: [Float] = [], triangles: [SIMD3<UInt32>] = []
  ) {
    (self.positions, self.normals, self.colors) = (positions, normals, colors)
    (self.confidence, self.triangles) = (confidence, triangles)
  }

  /// Drops the faces of which `isKept` is false, and the vertices that none uses then; the others stay in
  /// their order.
  public mutating func keep(_ isKept: (SIMD3<UInt32>) -> Bool) {
    triangles.removeAll { !isKept($0) }
    var number = [UInt32?](repeating: nil, count: positions.count)
    for t in triangles { for corner in 0..<3 { number[Int(t[corner])] = 0 } }
    let used = number.indices.filter { number[$0] != nil }
    for (k, i) in used.enumerated() { number[i] = UInt32(k) }
    func chosen<Value>(_ values: [Value]) -> [Value] {
      values.isEmpty ? [] : used.map { values[$0] }
    }
    (positions, normals) = (chosen(positions), chosen(normals))
    (colors, confidence) = (chosen(colors), chosen(confidence))
    triangles = triangles.map { t in
      SIMD3(number[Int(t.x)] ?? 0, number[Int(t.y)] ?? 0, number[Int(t.z)] ?? 0)
    }
  }

  /// Smallest box around all vertices.
  public var bounds: BoundingBox {
    var box = BoundingBox.empty
    for p in positions { box.include(p) }
    return box
  }
}
