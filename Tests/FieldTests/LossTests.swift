import CaptureCore
import CaptureTestSupport
import NeuralFields
import Testing

@testable import FieldTraining

/// One tile of 64 points with every kind in it, and outputs a loss can look at.
private final class LossCase {
  let batch = TrainingBatch(capacity: 64)
  let settings = LossSettings(scale: 1.3, beta: 0.02)
  var distance, gradient, rgb: [Float]

  init(_ kinds: (Int) -> PointKind) {
    var random = SeededGenerator(seed: 9)
    func draw(_ range: ClosedRange<Float>) -> Float { .random(in: range, using: &random) }
    batch.renderedStarts = [(point: 0, ray: 0)]
    for p in 0..<64 {
      let kind = kinds(p)
      if kind == .rendered {
        // Two rays across a surface in the middle of the samples.
        batch.append(.rendered, .zero, target: 1 + 0.004 * (Float(p % 32) + draw(0.2...0.8)))
        continue
      }
      // Distances lie below some bounds, between others and above the rest.
      let target = draw(-0.02...0.02)
      batch.append(
        kind, .zero, target: target, ceiling: target + draw(0...0.03), weight: draw(0.2...1))
      let n = SIMD3(draw(-1...1), draw(-1...1), draw(0.2...1))
      batch.describeLast(normal: n.normalized, color: SIMD3(draw(0...1), draw(0...1), draw(0...1)))
    }
    if kinds(0) == .rendered {
      for subject in [true, false] {
        batch.append(
          TrainingBatch.RayTarget(
            range: 1.07, rgb: SIMD3(0.3, 0.6, 0.1), hasColor: true, isSubject: subject,
            confidence: 0.8))
      }
    }
    distance = (0..<64).map { 0.002 * Float(16 - $0 % 32) + draw(-0.003...0.003) }
    gradient = (0..<192).map { _ in draw(-1...1) }
    rgb = (0..<192).map { _ in draw(0...1) }
  }

  func value(_ term: any LossTerm.Type) -> (value: Float, d: [[Float]]) {
    var (d, g, c) = (
      [Float](repeating: 0, count: 64), [Float](repeating: 0, count: 192),
      [Float](repeating: 0, count: 192)
    )
    var value: Float = 0
    d.withUnsafeMutableBufferPointer { d in
      g.withUnsafeMutableBufferPointer { g in
        c.withUnsafeMutableBufferPointer { c in
          let tile = LossTile(
            first: 0, count: 64, stride: 64, hasGradient: true, hasColor: true,
            distance: distance, gradient: gradient, rgb: rgb, dDistance: d.baseAddress!,
            dGradient: g.baseAddress!, dRGB: c.baseAddress!)
          value = term.evaluate(tile, batch, settings, weight: 1)
        }
      }
    }
    return (value, [d, g, c])
  }
}

@Suite struct LossTests {
  static let names = BuiltinLosses.all.map { $0.weightKey }

  private static func term(_ name: String) -> any LossTerm.Type {
    BuiltinLosses.all.first { $0.weightKey == name }!
  }

  private static func example(_ name: String) -> LossCase {
    if name.hasPrefix("render") { return LossCase { _ in .rendered } }
    return LossCase { [.surface, .near, .free, .uniform][$0 % 4] }
  }

  @Test(arguments: names) func gradientsMatchDifferences(_ name: String) {
    let example = Self.example(name)
    let analytic = example.value(Self.term(name)).d
    #expect(analytic.joined().contains { $0 > 0 } && analytic.joined().contains { $0 < 0 })
    let paths: [ReferenceWritableKeyPath<LossCase, [Float]>] = [\.distance, \.gradient, \.rgb]
    // Central differences in single precision leave about a hundredth of the largest entry.
    for (path, gradient) in zip(paths, analytic) {
      let largest = gradient.map(abs).max() ?? 0
      for i in stride(from: 0, to: gradient.count, by: 3) {
        let h: Float = path == \.distance ? 2e-4 : 2e-3
        let old = example[keyPath: path][i]
        example[keyPath: path][i] = old + h
        let above = example.value(Self.term(name)).value
        example[keyPath: path][i] = old - h
        let below = example.value(Self.term(name)).value
        example[keyPath: path][i] = old
        let difference = (above - below) / (2 * h)
        #expect(
          abs(difference - gradient[i]) < 0.03 * largest + 2e-4,
          "\(name), entry \(i): \(difference) against \(gradient[i])")
      }
    }
  }

  /// Which points a loss looks at.
  private static func kinds(_ name: String) -> Set<PointKind> {
    switch name {
    case "distanceWeight": [.surface, .near]
    case "freeWeight": [.free]
    case "eikonalWeight": [.surface, .near, .free, .uniform]
    case "normalWeight", "colorWeight": [.surface]
    default: [.rendered]
    }
  }

  @Test(arguments: names) func pointsOfOtherKindsAreLeftAlone(_ name: String) {
    let example = Self.example(name)
    let result = example.value(Self.term(name))
    let kinds = Self.kinds(name)
    for d in result.d {
      for i in d.indices where !kinds.contains(example.batch.kinds[i % 64]) {
        #expect(d[i] == 0, "\(name), point \(i % 64)")
      }
    }
    // Nor is there anything to divide by without its own kinds.
    let other = name.hasPrefix("render") ? LossCase { _ in .surface } : LossCase { _ in .rendered }
    let none = other.value(Self.term(name))
    #expect(none.value == 0 && none.d.joined().allSatisfy { $0 == 0 })
  }

  @Test func aPerfectFieldHasNoLoss() {
    let c = LossCase { $0 % 2 == 0 ? .surface : .near }
    for p in 0..<64 {
      c.distance[p] = c.batch.targets[p] / c.settings.scale
      for k in 0..<3 {
        c.gradient[k * 64 + p] = c.batch.normals[3 * p + k]
        c.rgb[k * 64 + p] = c.batch.colors[3 * p + k]
      }
    }
    for term in [DistanceLoss.self, EikonalLoss.self, NormalLoss.self, ColorLoss.self]
      as [any LossTerm.Type]
    {
      #expect(c.value(term).value < 1e-6, "\(term)")
    }
  }

  @Test func aRayThatIsHalfFreeIsNotReadAsHalfAsFar() {
    let c = LossCase { _ in .rendered }
    // A thin veil: little opacity, all of it at the true range.
    for p in 0..<64 { c.distance[p] = abs(c.batch.targets[p] - 1.07) < 0.003 ? 0.01 : 10 }
    #expect(c.value(RenderedDepthLoss.self).value < 0.005)
  }
}
