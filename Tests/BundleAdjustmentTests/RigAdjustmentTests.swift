import CaptureCore
import CaptureTestSupport
import Foundation
import LinearAlgebra
import Testing

@testable import BundleAdjustment

@Suite struct RigAdjustmentTests {
  /// Errors of all cameras but the first against the truth: the largest of a place or a direction in
  /// deviations, and each pose's six numbers, made independent and of deviation 1 by its covariance.
  private func errors(
    _ rig: CornerRig, freedom: CameraFreedom = .held
  ) throws -> (worst: Double, normal: [Double]) {
    let result = try RigAdjustment(cameras: rig.cameras(freedom: freedom), views: rig.views())
    var (worst, normal) = (0.0, [Double]())
    for (index, truth) in rig.truth.enumerated().dropFirst() {
      let uncertainty = result.uncertainty(camera: index)
      let found = result.adjusted.problem.cameras[index].cameraFromRig
      let place = (found.inverse.translation - truth.inverse.translation).length
      let change = found * truth.inverse
      worst = max(worst, place / uncertainty.position, change.angle / uncertainty.rotation)
      // A small turn is half the difference of the rotation to its transpose.
      let r = change.rotation
      let turn = SIMD3(r[7] - r[5], r[2] - r[6], r[3] - r[1]) / 2
      let shift = change.translation
      let covariance = result.adjusted.covariance(of: index, index)
      var own = DenseMatrix(rows: 6, columns: 6)
      for a in 0..<6 { for b in 0..<6 { own[a, b] = covariance[a, b] } }
      let lower = try #require(CholeskyFactor(own)).lower
      // found = exp(turn) truth + shift, as the adjustment moves poses.
      var white = [turn.x, turn.y, turn.z, shift.x, shift.y, shift.z]
      for a in 0..<6 {
        for b in 0..<a { white[a] -= lower[a, b] * white[b] }
        white[a] /= lower[a, a]
      }
      normal += white
    }
    return (worst, normal)
  }

  @Test("In 95 of 100 rigs all cameras lie within three deviations, and errors are distributed so")
  func honesty() throws {
    var (within, normal) = (0, [Double]())
    for seed in 0..<100 {
      var rig = CornerRig(seed: UInt64(1000 + seed))
      (rig.columns, rig.rows) = (4, 3)
      rig.cameras = 3 + seed % 2
      rig.frames = 5 + seed % 4
      rig.noise = 0.1 + 0.1 * Double(seed % 6)
      rig.outliers = [0, 0.02, 0.08][seed % 3]
      rig.missing = [0, 0.1, 0.25][seed / 3 % 3]
      if seed % 4 == 0 { rig.depthNoise = nil }
      if seed % 5 == 0 { rig.distortion = .none }
      let errors = try errors(rig)
      if errors.worst <= 3 { within += 1 }
      normal += errors.normal
    }
    #expect(within >= 95, "\(within) of 100")
    let shares = [1.0, 2, 3].map { k in
      Double(normal.count { abs($0) <= k }) / Double(normal.count)
    }
    let mean = normal.map { $0 * $0 }.reduce(0, +) / Double(normal.count)
    // A normal distribution has 68, 95 and 99.7 per cent, and a mean square of 1.
    #expect((0.64...0.73).contains(shares[0]), "\(shares)")
    #expect((0.93...0.97).contains(shares[1]), "\(shares)")
    #expect(shares[2] > 0.99, "\(shares)")
    #expect((0.9...1.15).contains(mean), "\(mean)")
  }

  @Test("Lenses that may move with a prior leave the deviations honest")
  func refinedLenses() throws {
    var freedom = CameraFreedom()
    freedom.focal = 9
    freedom.center = 8
    var within = 0
    for seed in 0..<12 {
      var rig = CornerRig(seed: UInt64(seed + 50))
      (rig.columns, rig.rows, rig.frames) = (4, 3, 8)
      if try errors(rig, freedom: freedom).worst <= 3 { within += 1 }
    }
    #expect(within >= 11)
  }

  @Test("Noise is found as it was made, and outliers are left out")
  func noise() throws {
    var rig = CornerRig(seed: 4)
    rig.outliers = 0.05
    let result = try RigAdjustment(cameras: rig.cameras(), views: rig.views()).adjusted
    #expect(abs(result.pixelNoise - 0.3) < 0.03)
    // Made as 3 mm of depth, found as distance from a board that leans by up to 45 degrees.
    #expect((0.002...0.004).contains(result.depthNoise))
    let share = Double(result.outliers) / Double(result.terms)
    #expect((0.01...0.04).contains(share), "half of the terms are depths, which have none")
  }

  @Test("What is known of a camera against another one does not depend on the reference")
  func pairs() throws {
    var rig = CornerRig(seed: 11)
    (rig.cameras, rig.frames, rig.columns, rig.rows) = (3, 6, 4, 3)
    let first = try RigAdjustment(cameras: rig.cameras(), views: rig.views())
    let second = try RigAdjustment(cameras: rig.cameras(), views: rig.views(), reference: 2)
    let own = first.uncertainty(camera: 1)
    let against = first.uncertainty(camera: 1, against: 0)
    #expect(abs(against.position - own.position) < 1e-9)
    #expect(abs(against.rotation - own.rotation) < 1e-9)
    let (a, b) = (
      first.uncertainty(camera: 1, against: 2), second.uncertainty(camera: 1, against: 2)
    )
    #expect(abs(a.position / b.position - 1) < 0.02 && abs(a.rotation / b.rotation - 1) < 0.02)
    #expect(abs(second.uncertainty(camera: 1).position - b.position) < 1e-9)
  }

  @Test("A depth bias shows in the figures and can be adjusted")
  func bias() throws {
    let rig = CornerRig(seed: 9)
    var views = rig.views()
    for i in views.indices where views[i].camera == 2 {
      for k in views[i].points.indices { views[i].points[k].depth?.depth *= 1.01 }
    }
    var held = RigFigures(try RigAdjustment(cameras: rig.cameras(), views: views))
    #expect(held.cameras[2].bias > 0.01)
    var cameras = rig.cameras()
    cameras[2].freedom.biasScale = 0.02
    let freed = try RigAdjustment(cameras: cameras, views: views)
    #expect(abs(freed.adjusted.problem.cameras[2].bias.scale + 0.0099) < 0.001)
    held = RigFigures(freed)
    #expect(abs(held.cameras[2].bias) < 0.001)
  }

  @Test("Figures of a clean rig are those of its noise")
  func figures() throws {
    let rig = CornerRig(seed: 3)
    let figures = RigFigures(try RigAdjustment(cameras: rig.cameras(), views: rig.views()))
    for camera in figures.cameras {
      #expect(abs(camera.reprojection - 0.3 * 2.0.squareRoot()) < 0.05)
      #expect((0.002...0.005).contains(camera.distance))
      #expect(abs(camera.scale - 1) < 0.01)
      #expect(camera.measured == 1)
    }
    #expect(figures.pairs.count == 6)
    for pair in figures.pairs { #expect((0.003...0.007).contains(pair.agreement ?? 0)) }
  }

  @Test("Groups of cameras that never see the board together are named")
  func components() {
    let rig = CornerRig(seed: 2)
    let views = rig.views().filter { ($0.camera < 2) == ($0.frame < 6) }
    let error = #expect(throws: CaptureError.self) {
      _ = try RigAdjustment(cameras: rig.cameras(), views: views)
    }
    #expect(
      error?.description
        == "The cameras fall into 2 groups that never see the board at the same time: `cam0`, `cam1` | `cam2`, `cam3`. Record the board where a camera of each group sees it together with one of another: for example `cam0` and `cam2`."
    )
  }

  @Test("A camera that never sees the board is named")
  func blind() {
    let rig = CornerRig(seed: 2)
    let error = #expect(throws: CaptureError.self) {
      _ = try RigAdjustment(
        cameras: rig.cameras(), views: rig.views().filter { $0.camera != 1 })
    }
    #expect(error?.what == "The board is never seen by camera `cam1`.")
    let none = #expect(throws: CaptureError.self) {
      _ = try RigAdjustment(cameras: rig.cameras(), views: [])
    }
    #expect(none?.what == "No camera ever sees the board.")
  }
}
