import CFieldKernels
import CaptureCore
import CaptureTestSupport
import Foundation
import NeuralFields
import Testing

@testable import FieldBackendCPU

/// A small field with every kind of layer, its weights, and one evaluation by the reference.
struct KernelCase {
  let layout: ParameterLayout
  var field: cfk_field
  var weights: [Double]

  init(_ description: FieldDescription, seed: UInt64) throws {
    layout = try ParameterLayout(description)
    field = layout.kernelField(bandWeights: (0..<description.bands).map { 1 / Float($0 + 1) })
    weights = layout.freshParameters(seed: seed).prefix(layout.composedCount).map(Double.init)
    // The sphere start has zeros that would hide wrong gradients.
    // A sine of 30 z turns larger weights into chaos that no single precision follows.
    let spread = description.initialization == .siren ? 0.01 : 0.2
    var random = SeededGenerator(seed: seed)
    for layer in layout.layers {
      for o in 0..<layer.block.outputs {
        for i in 0..<layer.inputs {
          weights[layer.weight + o * layer.stride + i] += .random(
            in: -spread...spread, using: &random)
        }
        weights[layer.bias + o] += .random(in: -spread...spread, using: &random)
      }
    }
    // What the float kernels read must be the same numbers.
    weights = weights.map { Double(Float($0)) }
  }

  func reference(
    _ x: [Double], d: cfk_reference_output? = nil, weights: [Double]? = nil,
    into gradient: UnsafeMutablePointer<Double>? = nil
  ) -> cfk_reference_output {
    var field = field
    var output = cfk_reference_output()
    var scratch = [Double](repeating: 0, count: cfk_reference_scratch_doubles(&field))
    if var d {
      cfk_reference_point(&field, weights ?? self.weights, x, &output, &d, gradient, &scratch)
    } else {
      cfk_reference_point(&field, weights ?? self.weights, x, &output, nil, nil, &scratch)
    }
    return output
  }
}

/// A case with the kernels of a target and the memory that they work in.
struct TargetCase {
  let kernels: cfk_kernels
  let weights, scratch: AlignedFloats
  var field: cfk_field

  init(_ c: KernelCase, on target: String) throws {
    kernels = try #require(cfk_kernels_named(target)).pointee
    weights = AlignedFloats(c.weights.map { Float($0) })
    field = c.field
    scratch = AlignedFloats(count: cfk_scratch_floats(&field))
  }

  /// Distance, gradient and colour of each point [3]; `unwritten` where the kernels write nothing.
  mutating func answers(at points: [Float], unwritten: Float = .nan) -> [[Float]] {
    let count = points.count / 3
    var distance = [Float](repeating: unwritten, count: count)
    var gradient = [Float](repeating: unwritten, count: 3 * count)
    var rgb = gradient
    kernels.evaluate(
      &field, weights.base, points, Int64(count), &distance, &gradient, &rgb, scratch.base)
    return (0..<count).map { p in
      let vectors = gradient[3 * p..<3 * p + 3] + rgb[3 * p..<3 * p + 3]
      return [distance[p]] + vectors
    }
  }
}

/// By how much gradients of a target may err where single precision leaves `single`: bfloat16 numbers have
/// 8 bits, and sharp bends (beta 100, omega 30) multiply what rounding leaves.
func gradientError(_ target: String, single: Double) -> Double {
  target == "avx512bf16" ? max(single, 1.5e-2) : single
}

private func small(_ name: String) -> FieldDescription {
  var size = FieldSize(width: 40, depth: 4, rank: 3, bands: 2)
  if name == "siren" { size.width = 24 }
  var field = BuiltinFields.all.first { $0.name == name }!.make(size, 5)
  // Softplus(100) and sin(30 z) bend so sharply that differences need tiny steps.
  field.distance = field.distance.map {
    var block = $0
    if block.activation == .softplus(beta: 100) { block.activation = .softplus(beta: 3) }
    if block.activation == .sine(omega: 30) { block.activation = .sine(omega: 2) }
    return block
  }
  return field
}

@Suite struct KernelTests {
  static let names = BuiltinFields.all.map(\.name)

  @Test(arguments: names) func spatialGradientMatchesDifferences(_ name: String) throws {
    let c = try KernelCase(small(name), seed: 1)
    let x = [0.31, -0.22, 0.47]
    let analytic = c.reference(x).gradient
    for (axis, g) in [analytic.0, analytic.1, analytic.2].enumerated() {
      let h = 1e-6
      var (a, b) = (x, x)
      a[axis] += h
      b[axis] -= h
      let difference = (c.reference(a).distance - c.reference(b).distance) / (2 * h)
      #expect(abs(difference - g) < 1e-6 * max(1, abs(g)))
    }
  }

  @Test(arguments: names) func referenceBackwardMatchesDifferences(_ name: String) throws {
    let c = try KernelCase(small(name), seed: 2)
    let x = [0.31, -0.22, 0.47]
    let d = cfk_reference_output(
      distance: 0.7, gradient: (0.3, -1.1, 0.5), rgb: (0.9, -0.4, 0.2))
    func loss(_ weights: [Double]) -> Double {
      let o = c.reference(x, weights: weights)
      return 0.7 * o.distance + 0.3 * o.gradient.0 - 1.1 * o.gradient.1 + 0.5 * o.gradient.2
        + 0.9 * o.rgb.0 - 0.4 * o.rgb.1 + 0.2 * o.rgb.2
    }
    var gradient = [Double](repeating: 0, count: c.weights.count)
    _ = c.reference(x, d: d, into: &gradient)
    var random = SeededGenerator(seed: 3)
    for (index, layer) in c.layout.layers.enumerated() {
      for _ in 0..<12 {
        let o = Int.random(in: 0..<layer.block.outputs, using: &random)
        let i = Int.random(in: 0..<layer.inputs, using: &random)
        for at in [layer.weight + o * layer.stride + i, layer.bias + o] {
          let h = 1e-5
          var (a, b) = (c.weights, c.weights)
          a[at] += h
          b[at] -= h
          let difference = (loss(a) - loss(b)) / (2 * h)
          #expect(
            abs(difference - gradient[at]) < 2e-6 * max(1, abs(difference)),
            "layer \(index), parameter \(at)")
        }
      }
    }
  }

  @Test(arguments: KernelTarget.supported.map(\.name), names)
  func targetsMatchTheReference(_ target: String, _ name: String) throws {
    var description = BuiltinFields.all.first { $0.name == name }!.make(
      FieldSize(width: 48, depth: 4, rank: 3, bands: 3), 5)
    if target == "avx512bf16" {
      // Its colours are rounded in training, and what is rounded may turn a ReLU on or off, which no
      // tolerance catches.
      description.color[0].activation = .softplus(beta: 3)
    }
    let c = try KernelCase(description, seed: 4)
    var on = try TargetCase(c, on: target)
    let (kernels, weights, scratch) = (on.kernels, on.weights, on.scratch)
    var random = SeededGenerator(seed: 5)
    for count in [0, 1, 63, 64, 65, 1000] {
      let points = (0..<3 * count).map { _ in Float.random(in: -0.9...0.9, using: &random) }
      var distance = [Float](repeating: .nan, count: count)
      var gradient = [Float](repeating: .nan, count: 3 * count)
      var rgb = gradient
      kernels.prepare(&on.field, weights.base, scratch.base)
      kernels.evaluate(
        &on.field, weights.base, points, Int64(count), &distance, &gradient, &rgb, scratch.base)
      let recorder = LossRecorder()
      let d = AlignedFloats(count: c.weights.count)
      kernels.train(
        &on.field, weights.base, points, 0, Int64(count),
        Int32(CFK_NEEDS_GRADIENT | CFK_NEEDS_COLOR), LossRecorder.callback,
        Unmanaged.passUnretained(recorder).toOpaque(), d.base, scratch.base, nil)
      #expect(recorder.points == count)
      var expected = [Double](repeating: 0, count: c.weights.count)
      for p in 0..<count {
        let x = (0..<3).map { Double(points[3 * p + $0]) }
        let r = c.reference(x, d: LossRecorder.wish(p), into: &expected)
        let (g, k) = (r.gradient, r.rgb)
        #expect(abs(Double(distance[p]) - r.distance) < 2e-5 * max(1, abs(r.distance)))
        let length = max(1, abs(g.0) + abs(g.1) + abs(g.2))
        for (i, value) in [g.0, g.1, g.2].enumerated() {
          #expect(
            abs(Double(gradient[3 * p + i]) - value)
              < gradientError(target, single: 5e-4) * length)
        }
        for (i, value) in [k.0, k.1, k.2].enumerated() {
          #expect(abs(Double(rgb[3 * p + i]) - value) < 2e-4)
        }
      }
      // Norm-relative: single precision through sharp bends (beta 100, omega 30) leaves about 1e-4.
      for (index, layer) in c.layout.layers.enumerated() {
        var (error, norm) = (0.0, 0.0)
        for i in layer.weight..<layer.bias + layer.block.outputs {
          error += pow(Double(d.base[i]) - expected[i], 2)
          norm += expected[i] * expected[i]
        }
        #expect(
          error.squareRoot() <= gradientError(target, single: 2e-3) * norm.squareRoot(),
          "layer \(index), \(count) points")
      }
    }
  }

  /// What is flat for a block of close points is left out of their products; among strangers little is.
  @Test(arguments: KernelTarget.supported.map(\.name), names)
  func answersDoNotDependOnNeighbours(_ target: String, _ name: String) throws {
    let c = try KernelCase(
      BuiltinFields.all.first { $0.name == name }!.make(
        FieldSize(width: 63, depth: 5, rank: 3, bands: 3), 5), seed: 4)
    var on = try TargetCase(c, on: target)
    on.kernels.prepare(&on.field, on.weights.base, on.scratch.base)
    var random = SeededGenerator(seed: 6)
    func points(_ count: Int, reach: Float, around x: Float) -> [Float] {
      (0..<3 * count).map { _ in x + .random(in: -reach...reach, using: &random) }
    }
    let close = points(64, reach: 0.004, around: 0.3)
    let together = on.answers(at: close)
    for p in 0..<64 {
      let own = Array(close[3 * p..<3 * p + 3])
      #expect(on.answers(at: own)[0] == together[p])
      #expect(on.answers(at: points(p, reach: 0.9, around: 0) + own)[p] == together[p])
      let r = c.reference(own.map(Double.init))
      #expect(abs(Double(together[p][0]) - r.distance) < 2e-5 * max(1, abs(r.distance)))
    }
  }

  /// Tiles in which few points have a loss are gathered; the first tile here is full of them, the fifth has none.
  @Test(arguments: KernelTarget.supported.map(\.name), names)
  func pointsWithoutLossCountForNothing(_ target: String, _ name: String) throws {
    let c = try KernelCase(
      BuiltinFields.all.first { $0.name == name }!.make(
        FieldSize(width: 48, depth: 4, rank: 3, bands: 3), 5), seed: 10)
    var on = try TargetCase(c, on: target)
    let (kernels, weights, scratch) = (on.kernels, on.weights, on.scratch)
    var random = SeededGenerator(seed: 11)
    for count in [1, 64, 100, 1500] {
      let points = (0..<3 * count).map { _ in Float.random(in: -0.9...0.9, using: &random) }
      let recorder = LossRecorder()
      recorder.speaksOf = { $0 < 64 || $0 / 64 != 4 && $0 % 7 == 3 }
      let d = AlignedFloats(count: c.weights.count)
      kernels.train(
        &on.field, weights.base, points, 0, Int64(count), 0, LossRecorder.callback,
        Unmanaged.passUnretained(recorder).toOpaque(), d.base, scratch.base, nil)
      #expect(recorder.points == count)
      var expected = [Double](repeating: 0, count: c.weights.count)
      for p in 0..<count where recorder.speaksOf(p) {
        let x = (0..<3).map { Double(points[3 * p + $0]) }
        let distance = cfk_reference_output(
          distance: LossRecorder.wish(p).distance, gradient: (0, 0, 0), rgb: (0, 0, 0))
        _ = c.reference(x, d: distance, into: &expected)
      }
      let error = expected.indices.reduce(0) { $0 + pow(Double(d.base[$1]) - expected[$1], 2) }
      let norm = expected.reduce(0) { $0 + $1 * $1 }
      #expect(norm > 0)
      #expect(
        error.squareRoot() <= gradientError(target, single: 2e-3) * norm.squareRoot(),
        "\(count) points")
    }
  }

  @Test(arguments: KernelTarget.supported.map(\.name), names)
  func aPointThatIsNotANumberSpoilsItselfAlone(_ target: String, _ name: String) throws {
    let c = try KernelCase(
      BuiltinFields.all.first { $0.name == name }!.make(
        FieldSize(width: 48, depth: 4, rank: 3, bands: 3), 5), seed: 6)
    var on = try TargetCase(c, on: target)
    on.kernels.prepare(&on.field, on.weights.base, on.scratch.base)
    var random = SeededGenerator(seed: 7)
    let good = (0..<3 * 20).map { _ in Float.random(in: -0.9...0.9, using: &random) }
    for poison in [Float.nan, .infinity] {
      var points = good
      points[3 * 7 + 1] = poison
      let clean = on.answers(at: good, unwritten: 0)
      let spoilt = on.answers(at: points, unwritten: 0)
      for p in 0..<20 where p != 7 { #expect(clean[p] == spoilt[p]) }
      #expect(spoilt[7].allSatisfy { $0.isNaN })
    }
  }

  @Test(arguments: KernelTarget.supported.map(\.name))
  func adamFollowsItsFormula(_ target: String) throws {
    let kernels = try #require(cfk_kernels_named(target)).pointee
    var random = SeededGenerator(seed: 8)
    let (p, g) = (AlignedFloats(count: 48), AlignedFloats(count: 48))
    let (m, v) = (AlignedFloats(count: 48), AlignedFloats(count: 48))
    var (ep, em, ev) = ([Double](repeating: 0, count: 48), [Double](), [Double]())
    (em, ev) = (ep, ep)
    for step in 1...5 {
      for i in 0..<48 {
        g.base[i] = .random(in: -2...2, using: &random) * powf(10, Float(i % 7) - 5)
        let gradient = Double(g.base[i])
        em[i] = 0.9 * em[i] + 0.1 * gradient
        ev[i] = 0.99 * ev[i] + 0.01 * gradient * gradient
        let (c1, c2) = (1 - pow(0.9, Double(step)), 1 - pow(0.99, Double(step)))
        ep[i] -= 1e-2 * (em[i] / c1) / ((ev[i] / c2).squareRoot() + 1e-8)
      }
      let c1 = Float(1 - pow(0.9, Double(step)))
      let c2 = Float((1 - pow(0.99, Double(step))).squareRoot())
      kernels.adam(p.base, g.base, m.base, v.base, 48, 1e-2 * c2 / c1, 0.9, 0.99, 1e-8 * c2)
      for i in 0..<48 {
        #expect(abs(Double(p.base[i]) - ep[i]) < 1e-7)
        #expect(g.base[i] == 0)
      }
    }
  }

  @Test(arguments: KernelTarget.supported.map(\.name))
  func orthogonalFactorsFollowTheirFormula(_ target: String) throws {
    let kernels = try #require(cfk_kernels_named(target)).pointee
    var random = SeededGenerator(seed: 9)
    for (rows, columns) in [(1, 16), (5, 16), (16, 16), (90, 16), (40, 32), (24, 48), (33, 64)] {
      let matrix = AlignedFloats(count: rows * columns)
      let scratch = AlignedFloats(
        count: cfk_orthogonalize_floats(Int64(rows), Int64(columns)))
      var exact = [Double](repeating: 0, count: rows * columns)
      for i in exact.indices {
        // The last columns are padding.
        matrix.base[i] = i % columns < columns - 3 ? 1e-4 * .random(in: -1...1, using: &random) : 0
        exact[i] = Double(matrix.base[i])
      }
      cfk_reference_orthogonalize(&exact, Int64(rows), Int64(columns))
      kernels.orthogonalize(matrix.base, Int64(rows), Int64(columns), scratch.base)
      // The iteration spreads what is rounded; bfloat16 leaves an eighth, of a single row's length a fifth.
      let error = exact.indices.reduce(0) { $0 + pow(Double(matrix.base[$1]) - exact[$1], 2) }
      let tolerance = target == "avx512bf16" ? (rows == 1 ? 0.25 : 0.15) : 1e-4
      let norm = exact.reduce(0) { $0 + $1 * $1 }
      #expect((error / norm).squareRoot() < tolerance, "\(rows) x \(columns)")
      for i in exact.indices where i % columns >= columns - 3 { #expect(matrix.base[i] == 0) }
      // A projection, near enough, along the shorter side.
      let trace = exact.reduce(0) { $0 + $1 * $1 } / Double(min(rows, columns - 3))
      #expect((0.4...1.5).contains(trace), "\(rows) x \(columns): \(trace)")
    }
    let zero = AlignedFloats(count: 256)
    let scratch = AlignedFloats(count: cfk_orthogonalize_floats(16, 16))
    kernels.orthogonalize(zero.base, 16, 16, scratch.base)
    #expect((0..<256).allSatisfy { zero.base[$0] == 0 })
  }

  @Test func anUnknownTargetIsNamedInTheError() {
    let error = #expect(throws: CaptureError.self) {
      try KernelTarget.choose(environment: ["FIELDMESH_FORCE_TARGET": "mmx"])
    }
    let names = KernelTarget.supported.map(\.name).joined(separator: ", ")
    #expect(
      error?.description
        == "FIELDMESH_FORCE_TARGET: The kernel target 'mmx' does not run here. Choose one of: \(names)."
    )
  }
}

final class AlignedFloats {
  let base: UnsafeMutablePointer<Float>
  init(count: Int) {
    base = UnsafeMutableRawPointer.allocate(byteCount: max(64, count * 4), alignment: 64)
      .bindMemory(to: Float.self, capacity: count)
    base.initialize(repeating: 0, count: count)
  }
  convenience init(_ values: [Float]) {
    self.init(count: values.count)
    base.update(from: values, count: values.count)
  }
  deinit { UnsafeMutableRawPointer(base).deallocate() }
}

/// A loss that is linear in every output, with weights that depend on the point's index.
final class LossRecorder {
  var points = 0
  /// Whether a point has a loss.
  var speaksOf: (Int) -> Bool = { _ in true }

  static func wish(_ p: Int) -> cfk_reference_output {
    func w(_ k: Int) -> Double { Double(Float((p * 7 + k * 5) % 11) / 11 - 0.45) }
    return cfk_reference_output(
      distance: w(0), gradient: (w(1), w(2), w(3)), rgb: (w(4), w(5), w(6)))
  }

  static let callback: cfk_loss = { context, tile in
    guard let context, let tile = tile?.pointee else { return }
    let recorder = Unmanaged<LossRecorder>.fromOpaque(context).takeUnretainedValue()
    recorder.points += Int(tile.count)
    for p in 0..<Int(tile.count) where recorder.speaksOf(Int(tile.first) + p) {
      let w = wish(Int(tile.first) + p)
      tile.d_distance[p] = Float(w.distance)
      for (c, v) in [w.gradient.0, w.gradient.1, w.gradient.2].enumerated() {
        tile.d_gradient[c * CFK_TILE + p] = Float(v)
      }
      for (c, v) in [w.rgb.0, w.rgb.1, w.rgb.2].enumerated() {
        tile.d_rgb[c * CFK_TILE + p] = Float(v)
      }
    }
  }
}
