import CaptureCore
import CaptureTestSupport
import Foundation
import Testing

@testable import BundleAdjustment

@Suite struct RigAdjustmentTests {
  /// Errors of all cameras but the first against the truth, over three deviations: the largest.
  private func worst(_ rig: CornerRig, freedom: CameraFreedom = .held) throws -> Double {
    let result = try RigAdjustment(cameras: rig.cameras(freedom: freedom), views: rig.views())
    var worst = 0.0
    for (index, truth) in rig.truth.enumerated().dropFirst() {
      let uncertainty = result.uncertainty(camera: index)
      let found = result.adjusted.problem.cameras[index].cameraFromRig
      let place = (found.inverse.translation - truth.inverse.translation).length
      let angle = (found * truth.inverse).angle
      worst = max(worst, place / uncertainty.position / 3, angle / uncertainty.rotation / 3)
    }
    return worst
  }

  @Test("In 95 of 100 rigs every camera lies within three deviations of the truth")
  func honesty() throws {
    var within = 0
    var typical: [Double] = []
    for seed in 0..<100 {
      var rig = CornerRig(seed: UInt64(1000 + seed))
      rig.cameras = 3 + seed % 3
      rig.frames = 6 + seed % 5
      rig.noise = 0.1 + 0.1 * Double(seed % 6)
      rig.outliers = [0, 0.02, 0.08][seed % 3]
      rig.missing = [0, 0.2, 0.35][seed / 3 % 3]
      if seed % 4 == 0 { rig.depthNoise = nil }
      if seed % 5 == 0 { rig.distortion = .none }
      let ratio = try worst(rig)
      typical.append(ratio)
      if ratio <= 1 { within += 1 }
    }
    #expect(within >= 95, "\(within) of 100")
    // Deviations that are far too large would pass the line above.
    let median = typical.sorted()[50]
    #expect(
      (0.2...0.7).contains(median), "the median of the worst errors is \(3 * median) deviations")
  }

  @Test("Lenses that may move with a prior leave the deviations honest")
  func refinedLenses() throws {
    var freedom = CameraFreedom()
    freedom.focal = 9
    freedom.center = 8
    var within = 0
    for seed in 0..<12 {
      let ratio = try worst(CornerRig(seed: UInt64(seed + 50)), freedom: freedom)
      if ratio <= 1 { within += 1 }
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
