import CaptureCore
import Foundation
import Testing

@testable import DepthAlignment

@Suite struct ToneTests {
  /// Grey values that change smoothly over the image.
  private static func grey(_ u: Double, _ v: Double) -> Double {
    120 + 40 * sin(0.05 * u + 0.3) + 30 * cos(0.04 * v - 0.02 * u)
  }

  @Test func slopesAreThoseOfMovedPoints() throws {
    let lens = try #require(DepthLens(BoxScene.description("a"), longest: 320))
    let values = (0..<lens.width * lens.height).map {
      Float(Self.grey(Double($0 % lens.width), Double($0 / lens.width)))
    }
    let depth = [Float](repeating: 1.5, count: values.count)
    func slope(_ q: SIMD3<Float>) throws -> GreySlope {
      let pixel = try #require(lens.projection.project(q))
      let at = Int(pixel.v + 0.5) * lens.width + Int(pixel.u + 0.5)
      let slope = values.withUnsafeBufferPointer { grey in
        depth.withUnsafeBufferPointer { depth in
          lens.directions.withUnsafeBufferPointer { directions in
            GreySlope(
              q, u: pixel.u, v: pixel.v, at: at, grey: grey, depth: depth, directions: directions,
              width: lens.width)
          }
        }
      }
      return try #require(slope)
    }
    for q in [SIMD3<Float>(0.11, -0.07, 1.5), SIMD3(-0.42, 0.3, 1.4), SIMD3(0.5, 0.45, 1.6)] {
      let found = try slope(q)
      let pixel = try #require(lens.projection.project(q))
      #expect(abs(Double(found.value) - Self.grey(Double(pixel.u), Double(pixel.v))) < 0.05)
      for axis in 0..<3 {
        var (more, less) = (q, q)
        more[axis] += 1e-3
        less[axis] -= 1e-3
        let (a, b) = (
          try #require(lens.projection.project(more)), try #require(lens.projection.project(less))
        )
        let measured =
          (Self.grey(Double(a.u), Double(a.v)) - Self.grey(Double(b.u), Double(b.v))) / 2e-3
        #expect(
          abs(Double(found.slope[axis]) - measured) < 0.02 * abs(measured) + 1.5,
          "\(q) \(axis): \(found.slope[axis]), \(measured)")
      }
      let steps = (found.noise.0 * found.noise.0).sum()
      #expect(steps > 0 && found.steepness > 0)
    }
  }

  @Test func gainAndBiasOfExposuresAreFound() {
    var random = SeededGenerator(seed: 3)
    var (tone, sums) = (Tone(), ToneSums())
    for _ in 0..<2000 {
      let own = 40 + 150 * Float(random.uniform())
      sums.add(own: own, other: 1.3 * own - 12 + 2 * Float(random.normal()), weight: 1)
    }
    tone = tone.updated(by: sums)
    #expect(abs(tone.gain - 1.3) < 0.01 && abs(tone.bias + 12) < 1)
    #expect(tone.deviation == 40 && tone.isUseful && tone.looks == 0)
    // Too little that is drawn says nothing new; half of it wrong says that it is of no use.
    (sums.drawn, sums.robust, sums.robustSquares) = (300, 100, 100 * 9)
    let next = tone.updated(by: sums).updated(by: sums)
    #expect(!next.isUseful && (next.deviation ?? 0) < 4)
  }

  @Test func whatIsDrawnOnAFloorTellsWhatItsShapeDoesNot() throws {
    let truth = BoxScene.ring(2, spread: 1.2)
    let said = BoxScene.disturbed(truth, degrees: 1, metres: 0.02, seed: 4)
    let result = try BoxScene.floorAlone.aligner(
      truth, said: said, times: [[0, 1], [0, 1]], isColored: true
    ).refined()
    #expect(result.unknown.isEmpty)
    let error = truth[1].inverse * result.cameras[1].worldFromColor
    #expect(error.turn.length * 180 / .pi < 0.15 && error.translation.length < 0.006)
    var shapes = BoxScene.brief
    shapes.colorWeight = 0
    let without = try BoxScene.floorAlone.aligner(
      truth, said: said, times: [[0, 1], [0, 1]], configuration: shapes, isColored: true
    ).refined()
    #expect(without.unknown.count == 3)
  }
}
