import CaptureCore
import CaptureTestSupport
import Testing

@testable import Meshing

@Suite struct SlopeInterpolationTests {
  private static let box = BoundingBox(
    lower: SIMD3(repeating: -0.3), upper: SIMD3(repeating: 0.3))

  /// A field's samples at a block of points, from (2, 2, 2) on, in steps of a tenth.
  private func samples(_ field: AnalyticField, size: SIMD3<Int32>) throws -> SparseSamples {
    var samples = SparseSamples(try Lattice(box: Self.box, voxel: 0.1), keepingGradients: true)
    samples.want(from: SIMD3(2, 2, 2), size: size)
    var sampler = FieldSampler(field, nil, threads: 1, .silent)
    _ = try samples.evaluate(&sampler, margin: 0)
    return samples
  }

  /// Places in the cell of which the block's first point is a corner.
  private func places(_ samples: SparseSamples) -> [SIMD3<Float>] {
    [SIMD3<Float>(0.5, 0.5, 0.5), SIMD3(0.1, 0.7, 0.3), SIMD3(0.9, 0.2, 0.6), SIMD3(0, 0.4, 0.99)]
      .map { samples.lattice.position(SIMD3(2, 2, 2)) + $0 * samples.lattice.voxel }
  }

  @Test func cubicsAreToldExactly() throws {
    let field = AnalyticField { p in
      let (x, y, z) = (p.x, p.y, p.z)
      return 0.3 + x - 0.7 * y + 0.2 * z + 0.6 * x * x - 0.5 * x * y + 0.4 * y * z
        + 0.8 * x * x * x - 0.6 * x * x * y + 0.7 * y * z * z - 0.9 * x * y * z
    }
    let samples = try samples(field, size: SIMD3(2, 2, 2))
    let interpolation = try #require(SlopeInterpolation(samples))
    var sampler = FieldSampler(field, nil, threads: 1, .silent)
    let places = places(samples)
    for (p, slope) in zip(places, try sampler.slopes(places)) {
      let difference = try #require(interpolation.slope(at: p)) - slope
      #expect(abs(difference.w) < 1e-6)
      #expect(SIMD3(difference.x, difference.y, difference.z).length < 1e-4)
    }
  }

  @Test func theErrorFallsWithTheFourthPowerOfTheStep() throws {
    let field = AnalyticField.sphere(.zero, radius: 0.4)
    func error(_ voxel: Float) throws -> Float {
      var samples = SparseSamples(try Lattice(box: Self.box, voxel: voxel), keepingGradients: true)
      samples.want(from: .zero, size: samples.lattice.points)
      var sampler = FieldSampler(field, nil, threads: 1, .silent)
      _ = try samples.evaluate(&sampler, margin: 0)
      let interpolation = try #require(SlopeInterpolation(samples))
      var worst: Float = 0
      for k in 0..<1000 {
        let q = SIMD3(Float(k % 10), Float(k / 10 % 10), Float(k / 100))
        let p = SIMD3<Float>(repeating: 0.12) + q * 0.0131
        let told = try #require(interpolation.slope(at: p))
        worst = max(worst, abs(told.w - Float(field.value(p))))
      }
      return worst
    }
    let ratio = try error(0.08) / error(0.04)
    #expect(ratio > 10, "\(ratio)")
  }

  @Test func oneCornerIsMadeUpAndTwoAreNot() throws {
    let field = AnalyticField { p in 0.1 + p.x - 0.4 * p.y + 0.5 * p.x * p.z - 0.3 * p.y * p.y }
    let whole = try samples(field, size: SIMD3(2, 2, 2))
    let at = places(whole)
    for corner in [SIMD3<Int32>(3, 3, 3), SIMD3(2, 3, 2)] {
      var samples = whole
      samples.distances[samples.place(corner)] = .infinity
      let interpolation = try #require(SlopeInterpolation(samples))
      for p in at {
        let told = try #require(interpolation.slope(at: p))
        #expect(abs(Double(told.w) - field.value(p)) < 1e-6)
      }
      samples.distances[samples.place(SIMD3(3, 2, 2))] = .infinity
      let less = try #require(SlopeInterpolation(samples))
      #expect(at.allSatisfy { less.slope(at: $0) == nil })
    }
  }

  @Test func creasesAndWhatLiesOutsideAreNotTold() throws {
    // In the middle of a cell the third difference of a crease is zero.
    let middle =
      Double(
        try samples(.sphere(.zero, radius: 0.4), size: SIMD3(2, 2, 2))
          .lattice.position(SIMD3(2, 2, 2)).x) + 0.05
    for field in [
      AnalyticField { abs($0.x - middle) - 0.02 },
      AnalyticField { abs($0.x - middle - 0.03) - 0.02 },
    ] {
      let samples = try samples(field, size: SIMD3(2, 2, 2))
      let interpolation = try #require(SlopeInterpolation(samples))
      #expect(places(samples).allSatisfy { interpolation.slope(at: $0) == nil })
    }
    let samples = try samples(.sphere(.zero, radius: 0.4), size: SIMD3(2, 2, 2))
    let interpolation = try #require(SlopeInterpolation(samples))
    for p in [
      SIMD3<Float>(9, 0, 0), SIMD3(-9, 0, 0), SIMD3(repeating: Float.nan), SIMD3(0.25, 0.25, 0.25),
    ] {
      #expect(interpolation.slope(at: p) == nil)
    }
  }

  @Test func fieldsWithoutGradientsAreAlwaysAsked() throws {
    #expect(SlopeInterpolation(SparseSamples(try Lattice(box: Self.box, voxel: 0.1))) == nil)
  }
}
