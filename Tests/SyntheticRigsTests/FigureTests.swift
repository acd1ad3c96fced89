import CaptureCore
import CaptureTestSupport
import Foundation
import Testing

@testable import SyntheticRigs

/// One solid of every kind, at no special place.
let everyShape: [Shape] = [
  .roundCone(r1: 0.1, r2: 0.05, height: 0.3), .roundCone(r1: 0.04, r2: 0.07, height: 0.2),
  .box(half: SIMD3(0.1, 0.2, 0.05), round: 0.03),
  .arcSheet(radius: 0.3, angle: 0.7, halfHeight: 0.2, halfThickness: 0.01),
  .shell(a: SIMD2(0, -0.2), b: SIMD2(0.1, -0.2), c: SIMD2(0.15, 0.1), halfThickness: 0.01),
  .ring(radius: 0.2, tube: 0.02),
]

@Suite struct FigureTests {
  private let place =
    RigidTransform.move(0.2, 1, -0.3) * .turnX(0.4) * .turnY(1.1) * .turnZ(-0.7)
  private let paint = Paint(.plain, .one)

  private func random(
    _ generator: inout SeededGenerator, in range: ClosedRange<Float>
  ) -> SIMD3<Float> {
    SIMD3(
      .random(in: range, using: &generator), .random(in: range, using: &generator),
      .random(in: range, using: &generator))
  }

  @Test(arguments: everyShape) func aStepOfTheDistanceAlongTheGradientEndsOnTheSurface(
    shape: Shape
  ) {
    var generator = SeededGenerator(seed: 1)
    let figure = Figure(limbs: [Limb(shape: shape, worldFromLimb: place, blend: 0.01, paint: paint)]
    )
    figure.withAll { primitives, active in
      for _ in 0..<200 {
        let p = SIMD3<Float>(place.translation) + random(&generator, in: -0.6...0.6)
        let d = Figure.distance(p, primitives, active)
        let g = Figure.gradient(p, primitives, active)
        // Where two surface points are equally near, there is no gradient; rare outside.
        guard d > 0.01, abs(g.length - 1) < 0.01 else { continue }
        #expect(abs(Figure.distance(p - g.normalized * d, primitives, active)) < 2e-3 * (1 + d))
        #expect(d >= (p - primitives[0].center).length - primitives[0].radius - 1e-5)
      }
    }
  }

  @Test func distancesOfSolidsWithAFormulaAreExact() {
    func distance(_ shape: Shape, _ x: Float, _ y: Float, _ z: Float) -> Float {
      Primitive(shape, worldFromLimb: .identity, blend: 0.01).distance(SIMD3(x, y, z))
    }
    let capsule = Shape.roundCone(r1: 0.1, r2: 0.1, height: 0.3)
    #expect(abs(distance(capsule, 0.3, 0.15, 0.4) - 0.4) < 1e-6)
    #expect(abs(distance(capsule, 0, 0.7, 0) - 0.3) < 1e-6)
    let box = Shape.box(half: SIMD3(0.1, 0.2, 0.3), round: 0.02)
    #expect(abs(distance(box, 0.5, 0, 0) - 0.4) < 1e-6)
    #expect(abs(distance(box, 0, 0, 0) + 0.1) < 1e-6)
    #expect(abs(distance(box, 0.38, 0.58, 0.28) - 0.48) < 1e-6)
    let ring = Shape.ring(radius: 0.2, tube: 0.02)
    #expect(abs(distance(ring, 0, 0, 0) - 0.18) < 1e-6)
    #expect(abs(distance(ring, 0.16, 0.3, 0.12) - 0.28) < 1e-6)
    let sheet = Shape.arcSheet(radius: 0.3, angle: 0.7, halfHeight: 0.2, halfThickness: 0.01)
    #expect(abs(distance(sheet, 0, 0, 0.1) - 0.09) < 1e-6)
    #expect(abs(distance(sheet, 0, 0.5, 0) - 0.29) < 1e-6)
    let cup = Shape.shell(
      a: SIMD2(0, 0), b: SIMD2(0.1, 0), c: SIMD2(0.1, 0.3), halfThickness: 0.01)
    #expect(abs(distance(cup, 0, 0.05, 0) - 0.04) < 1e-6)
    #expect(abs(distance(cup, 0.06, 0.2, 0.08) + 0.01) < 1e-6)
  }

  @Test(arguments: Subject.all.map(\.name)) func skippingFarLimbsChangesNothing(
    name: String
  ) throws {
    let figure = try figure(name)
    var generator = SeededGenerator(seed: 2)
    figure.withAll { primitives, active in
      for _ in 0..<600 {
        let p = SIMD3<Float>(0, 1, 0) + random(&generator, in: -1.2...1.2)
        var plain = Float.infinity
        for primitive in primitives {
          let next = primitive.distance(p)
          let overlap = max(primitive.blend - abs(plain - next), 0)
          plain = min(plain, next) - overlap * overlap / (4 * primitive.blend)
        }
        #expect(Figure.distance(p, primitives, active) == plain)
      }
    }
  }

  @Test(arguments: Subject.all.map(\.name)) func distancesNeverChangeFasterThanPlaces(
    name: String
  ) throws {
    let figure = try figure(name)
    var generator = SeededGenerator(seed: 3)
    figure.withAll { primitives, active in
      for _ in 0..<600 {
        let p = SIMD3<Float>(0, 1, 0) + random(&generator, in: -1...1)
        let q = p + random(&generator, in: -0.1...0.1)
        let change = Figure.distance(p, primitives, active) - Figure.distance(q, primitives, active)
        #expect(abs(change) <= (p - q).length + 1e-5)
      }
    }
  }

  @Test func gradientsAgreeWithDifferencesAlongTheAxes() throws {
    let field = FigureField(figure: try figure("walker"))
    var generator = SeededGenerator(seed: 4)
    let points = (0..<300).map { _ in SIMD3<Float>(0, 1, 0) + random(&generator, in: -0.6...0.6) }
    let (_, gradients) = field.sampled(points)
    var worst: [Float] = []
    for (p, g) in zip(points, gradients) {
      let h: Float = 1e-3
      var plain = SIMD3<Float>.zero
      for axis in 0..<3 {
        var step = SIMD3<Float>.zero
        step[axis] = h
        let (d, _) = field.sampled([p + step, p - step])
        plain[axis] = (d[0] - d[1]) / (2 * h)
      }
      worst.append((plain - g).length)
    }
    // Where a point is equally far from two limbs the two differences may disagree.
    #expect(worst.sorted()[285] < 0.01)
  }

  @Test(arguments: Subject.all.map(\.name)) func subjectsStandOnTheFloorAndKeepTheirLimbs(
    name: String
  ) throws {
    var knobs = SyntheticRigConfiguration.tiny
    knobs.subject = name
    let rig = try SyntheticRig(knobs)
    let count = rig.figure(at: 0).limbs.count
    for time in stride(from: 0.0, to: 4, by: 0.61) {
      let figure = rig.figure(at: time)
      #expect(figure.limbs.count == count)
      let soles = (-25...25).flatMap { x in
        (-25...25).map { z in SIMD3(Float(x) * 0.03, 0.003, Float(z) * 0.03) }
      }
      let touching = FigureField(figure: figure).sampled(soles).distances.min() ?? 1
      #expect(touching < 0 && touching > -0.01)
      let below = FigureField(figure: figure).sampled(soles.map { $0 - SIMD3(0, 0.006, 0) })
      #expect((below.distances.min() ?? 0) > 0)
    }
  }

  private func figure(_ name: String) throws -> Figure {
    var knobs = SyntheticRigConfiguration.tiny
    knobs.subject = name
    return try SyntheticRig(knobs).figure(at: 1.23)
  }
}

extension ScalarField {
  /// Distances and gradients at points.
  func sampled(_ points: [SIMD3<Float>]) -> (distances: [Float], gradients: [SIMD3<Float>]) {
    var distances = [Float](repeating: 0, count: points.count)
    var gradients = [SIMD3<Float>](repeating: .zero, count: points.count)
    points.withUnsafeBufferPointer { points in
      distances.withUnsafeMutableBufferPointer { distances in
        gradients.withUnsafeMutableBufferPointer {
          self.gradients(at: points, into: distances, gradients: $0)
        }
      }
    }
    return (distances, gradients)
  }

  /// sRGB colours at points.
  func colored(_ points: [SIMD3<Float>]) -> [SIMD3<Float>] {
    var colors = [SIMD3<Float>](repeating: .zero, count: points.count)
    points.withUnsafeBufferPointer { points in
      colors.withUnsafeMutableBufferPointer { _ = self.colors(at: points, into: $0) }
    }
    return colors
  }
}
