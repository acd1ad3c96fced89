import CBundleAdjustment
import CaptureCore
import CaptureTestSupport
import Testing

@testable import BundleAdjustment

@Suite struct DerivativeTests {
  private var camera: cba_camera {
    AdjustableCamera(
      cameraFromRig: RigidTransform(
        rows: RigidTransform.turn(SIMD3(0.2, -0.4, 0.1)).rows, translation: SIMD3(0.1, -0.2, 0.3)),
      model: CameraModel(
        width: 1000, height: 800, intrinsics: Intrinsics(fx: 700, fy: 710, cx: 490, cy: 410),
        distortion: Distortion(
          k1: 0.3, k2: -0.2, k3: 0.1, k4: 0.25, k5: -0.15, k6: 0.05, p1: 0.01, p2: -0.02)),
      bias: DepthBias(offset: 0.01, scale: 0.02, radial: 0.03),
      colorFromDepth: RigidTransform(
        rows: RigidTransform.turn(SIMD3(0.02, 0.01, -0.03)).rows,
        translation: SIMD3(-0.03, 0.002, 0.004))
    ).raw
  }
  private var view: cba_view {
    cba_view(
      pose: RigidTransform(
        rows: RigidTransform.turn(SIMD3(-0.3, 0.5, 0.2)).rows, translation: SIMD3(0.2, 0.1, 1.4)
      ).raw, held: 0)
  }

  private func moved(_ camera: cba_camera, _ parameter: Int, _ h: Double) -> cba_camera {
    var result = camera
    var step = [Double](repeating: 0, count: 6)
    switch parameter {
    case 0..<6:
      step[parameter] = h
      cba_move(&result.pose, step)
    case 21...:
      step[parameter - 21] = h
      cba_move(&result.depth_pose, step)
    default:
      withUnsafeMutableBytes(of: &result) { bytes in
        // The lens and the bias follow the twelve numbers of the pose.
        let at = 8 * (12 + parameter - 6)
        bytes.storeBytes(
          of: bytes.load(fromByteOffset: at, as: Double.self) + h, toByteOffset: at,
          as: Double.self)
      }
    }
    return result
  }

  private func moved(_ view: cba_view, _ parameter: Int, _ h: Double) -> cba_view {
    var (result, step) = (view, [Double](repeating: 0, count: 6))
    step[parameter] = h
    cba_move(&result.pose, step)
    return result
  }

  private func compare(
    _ count: Int, _ terms: (cba_camera, cba_view) -> (r: [Double], a: [Double], b: [Double])
  ) {
    let h = 1e-6
    let base = terms(camera, view)
    for row in 0..<count {
      for k in 0..<27 {
        let slope =
          (terms(moved(camera, k, h), view).r[row] - terms(moved(camera, k, -h), view).r[row])
          / (2 * h)
        #expect(abs(slope - base.a[27 * row + k]) < 1e-5 * max(1, abs(slope)), "camera \(k)")
      }
      for k in 0..<6 {
        let slope =
          (terms(camera, moved(view, k, h)).r[row] - terms(camera, moved(view, k, -h)).r[row])
          / (2 * h)
        #expect(abs(slope - base.b[6 * row + k]) < 1e-5 * max(1, abs(slope)), "view \(k)")
      }
    }
  }

  @Test("A corner's derivatives are those of finite differences")
  func corner() {
    var corner = cba_corner(
      camera: 0, view: 0, board: (0.1, -0.2, 0.03), pixel: (500, 300), sigma: 0.7)
    compare(2) { camera, view in
      var (camera, view) = (camera, view)
      var (r, a, b) = (
        [Double](repeating: 0, count: 2), [Double](repeating: 0, count: 54),
        [Double](repeating: 0, count: 12)
      )
      #expect(cba_corner_terms(&camera, &view, &corner, &r, &a, &b) == 1)
      return (r, a, b)
    }
  }

  @Test("A depth's derivatives are those of finite differences")
  func depth() {
    var depth = cba_depth(camera: 0, view: 0, ray: (0.2, -0.1), depth: 1.5, sigma: 0.01)
    compare(1) { camera, view in
      var (camera, view) = (camera, view)
      var (r, a, b) = (
        [Double](repeating: 0, count: 1), [Double](repeating: 0, count: 27),
        [Double](repeating: 0, count: 6)
      )
      cba_depth_terms(&camera, &view, &depth, &r, &a, &b)
      return (r, a, b)
    }
  }

  @Test("Pixels are those of the camera model")
  func model() {
    let lens = AdjustableCamera(
      model: CameraModel(
        width: 1000, height: 800, intrinsics: Intrinsics(fx: 700, fy: 710, cx: 490, cy: 410),
        distortion: Distortion(k1: 0.3, k2: -0.2, k4: 0.1, p1: 0.01, p2: -0.02)))
    let point = SIMD3(0.3, -0.2, 1.5)
    var (camera, view) = (lens.raw, cba_view(pose: RigidTransform.identity.raw, held: 1))
    var corner = cba_corner(
      camera: 0, view: 0, board: (point.x, point.y, point.z), pixel: (0, 0), sigma: 1)
    var r = [0.0, 0]
    #expect(cba_corner_terms(&camera, &view, &corner, &r, nil, nil) == 1)
    let pixel = lens.model.project(point) ?? .zero
    #expect(abs(r[0] - pixel.x) < 1e-9 && abs(r[1] - pixel.y) < 1e-9)
  }
}
