import CaptureCore
import Foundation
import Testing

@testable import DepthAlignment

@Suite struct JointSystemTests {
  @Test func aTurnAndItsVectorAreInverse() {
    for vector in [
      SIMD3(0.3, -0.2, 0.9), SIMD3(1e-9, 0, 2e-9), SIMD3(0, 3.1, 0), SIMD3(-1.2, 2.1, 0.4), .zero,
    ] as [SIMD3<Double>] {
      #expect((RigidTransform(turn: vector).turn - vector).length < 1e-9)
    }
    let half = RigidTransform(turn: SIMD3(0, 0, .pi)).turn
    #expect(abs(half.length - .pi) < 1e-9 && abs(half.z) > 3.14)
  }

  /// The derivatives of a residual `n · (p_a − p_b)` against differences of moved poses.
  @Test func derivativesAreThoseOfMovedPoints() {
    let places = BoxScene.ring(3)
    let system = JointSystem(cameras: [1, 2], clocks: [1], lever: 2)
    let clockOf = [0, 0, 1]
    let (p, n) = (SIMD3(0.2, 0.5, -0.1), SIMD3(0.6, 0.0, 0.8))
    let speed = 0.7
    let m = p.cross(n)
    let moments = [m.x, m.y, m.z, n.x, n.y, n.z, speed]
    for pair in [JointSystem.Pair(from: 1, to: 2), .init(from: 2, to: 0), .init(from: 0, to: 1)] {
      let derivatives = system.derivatives(
        of: pair, lenses: places.map(\.translation), clockOf: clockOf)
      for column in 0..<system.size {
        let row = derivatives.columns.firstIndex(of: column).map { derivatives.rows[$0] }
        let own = zip(row ?? [], moments).reduce(0) { $0 + $1.0 * $1.1 }
        let h = 1e-5
        func residual(_ h: Double) -> Double {
          guard column < system.poseColumns else {
            let shift = { (camera: Int) in clockOf[camera] == 1 ? h : 0 }
            return speed * (shift(pair.from) - shift(pair.to))
          }
          let (camera, axis) = (system.cameras[column / 6], column % 6)
          var (turn, shift) = (SIMD3<Double>.zero, SIMD3<Double>.zero)
          if axis < 3 { turn[axis] = h / system.lever } else { shift[axis - 3] = h }
          let motion =
            places[camera].nudged(turn: turn, shift: shift) * places[camera].inverse
          let moved = motion.apply(p) - p
          return n.dot(moved) * (camera == pair.from ? 1 : camera == pair.to ? -1 : 0)
        }
        let measured = (residual(h) - residual(-h)) / (2 * h)
        #expect(abs(own - measured) < 1e-8, "\(pair) \(column)")
      }
    }
  }

  @Test func normalsOfAPlaneAreItsOwn() throws {
    let place = BoxScene.ring(1)[0]
    var scene = BoxScene.floorAlone
    scene.noise = 0
    let lens = try #require(DepthLens(BoxScene.description("a"), longest: 320))
    let depth = try #require(lens.reduce(scene.image(place, seed: 1)))
    let surface = SurfaceImage(depth: depth, lens: lens, AlignmentConfiguration())
    let up = (place * BoxScene.colorFromDepth).inverse.rotate(SIMD3(0, 1, 0))
    let normals = surface.normals.compactMap { SurfaceImage.unpack($0)?.normal }
    #expect(normals.count > 1000)
    #expect(normals.allSatisfy { SIMD3<Double>($0).dot(up) > 0.9995 })
  }
}
