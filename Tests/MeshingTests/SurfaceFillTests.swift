import CaptureCore
import Testing

@testable import Meshing

@Suite struct SurfaceFillTests {
  /// A tube of rings of vertices; closed to a ring itself if asked to.
  private func tube(rings: Int, around: Int, closed: Bool = false) -> [SIMD3<UInt32>] {
    func vertex(_ ring: Int, _ place: Int) -> UInt32 {
      UInt32(ring % rings * around + place % around)
    }
    return (0..<(closed ? rings : rings - 1)).flatMap { r in
      (0..<around).flatMap { k in
        [
          SIMD3(vertex(r, k), vertex(r, k + 1), vertex(r + 1, k)),
          SIMD3(vertex(r + 1, k), vertex(r, k + 1), vertex(r + 1, k + 1)),
        ]
      }
    }
  }

  private func difference(_ a: SIMD4<Float>, _ b: SIMD4<Float>) -> Float {
    (0..<4).map { abs(a[$0] - b[$0]) }.max()!
  }

  private let red = SIMD4<Float>(250, 0, 10, 1)
  private let grey = SIMD4<Float>(100, 100, 110, 1)

  @Test func betweenTwoKnownRingsValuesChangeEvenly() {
    let (rings, around) = (401, 30)
    var values = [SIMD4<Float>](repeating: .zero, count: rings * around)
    for k in 0..<around { (values[k], values[(rings - 1) * around + k]) = (red, grey) }
    SurfaceFill.fill(&values, over: tube(rings: rings, around: around))
    let errors = values.enumerated().map { i, value in
      difference(value, red + (grey - red) * (Float(i / around) / Float(rings - 1)))
    }
    #expect(errors.max()! < 9, "of 150: \(errors.max()!)")
  }

  @Test func valuesAgreeWithManySweepsOverTheMeshItself() {
    let (rings, around) = (24, 24)
    let triangles = tube(rings: rings, around: around, closed: true)
    var random = SeededGenerator(seed: 5)
    var values = (0..<rings * around).map { _ in
      Int.random(in: 0..<40, using: &random) > 0
        ? .zero
        : SIMD4<Float>(
          .random(in: 0...255, using: &random), .random(in: 0...255, using: &random), 7, 1)
    }
    var exact = values
    let open = exact.indices.filter { exact[$0].w == 0 }
    for i in open { exact[i] = SIMD4(100, 100, 7, 1) }
    for _ in 0..<3000 {
      var sums = [SIMD4<Float>](repeating: .zero, count: exact.count)
      for t in triangles {
        sums[Int(t.x)] += exact[Int(t.y)]
        sums[Int(t.y)] += exact[Int(t.z)]
        sums[Int(t.z)] += exact[Int(t.x)]
      }
      for i in open { exact[i] = sums[i] / sums[i].w }
    }
    SurfaceFill.fill(&values, over: triangles)
    let errors = zip(values, exact).map(difference)
    #expect(errors.max()! < 12, "of 255: \(errors.max()!)")
    #expect(errors.reduce(0, +) / Float(errors.count) < 4)
    #expect(values.allSatisfy { abs($0.z - 7) < 1e-4 && abs($0.w - 1) < 1e-6 })
  }

  @Test func knownValuesStayAndPartsWithoutAnyAreLeftOut() {
    let part = tube(rings: 6, around: 8)
    let triangles = part + part.map { $0 &+ 48 } + part.map { $0 &+ 96 }
    var values = [SIMD4<Float>](repeating: .zero, count: 144)
    values[20] = red
    for i in 96..<144 { values[i] = grey }
    let before = values
    SurfaceFill.fill(&values, over: triangles)
    #expect(values[0..<48].allSatisfy { difference($0, red) < 1e-3 })
    #expect(values[20] == red)
    #expect(values[48...] == before[48...])
    var nothing = [SIMD4<Float>](repeating: .zero, count: 48)
    SurfaceFill.fill(&nothing, over: part)
    #expect(nothing.allSatisfy { $0 == .zero })
  }
}
