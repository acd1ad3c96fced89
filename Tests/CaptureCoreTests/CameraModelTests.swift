import CaptureCore
import CaptureTestSupport
import Testing

@Suite struct CameraModelTests {
  static let tof = CameraModel(
    width: 320, height: 288, intrinsics: Intrinsics(fx: 252.16, fy: 252.16, cx: 162.2, cy: 143.1),
    distortion: Distortion(
      k1: 5.2, k2: 3.5, k3: 0.18, k4: 5.55, k5: 5.3, k6: 0.95, p1: -4e-5, p2: -2e-5))

  @Test func projectionUndoesUnprojectionOverTheWholeImage() throws {
    for v in stride(from: 0.0, through: 287, by: 7) {
      for u in stride(from: 0.0, through: 319, by: 11) {
        let ray = try #require(Self.tof.unproject(SIMD2(u, v)))
        let pixel = try #require(Self.tof.project(ray * 1.7))
        #expect(abs(pixel.x - u) < 1e-5 && abs(pixel.y - v) < 1e-5)
      }
    }
  }

  @Test func aPointBehindTheCameraHasNoPixel() {
    #expect(Self.tof.project(SIMD3(0, 0, -1)) == nil)
  }

  @Test func zDepthIsShorterThanTheRayBy15PercentAt30Degrees() throws {
    let pinhole = CameraModel(
      width: 640, height: 480, intrinsics: Intrinsics(fx: 500, fy: 500, cx: 320, cy: 240))
    let u = 320 + 500 * 0.5773502691896257
    let ray = try #require(pinhole.unproject(SIMD2(u, 240)))
    #expect(abs(ray.length - 1.1547005) < 1e-6)
  }
}

@Suite struct RigidTransformTests {
  static let turn = RigidTransform(
    rows: (SIMD3(0, -1, 0), SIMD3(1, 0, 0), SIMD3(0, 0, 1)), translation: SIMD3(1, 2, 3))

  @Test func inverseUndoes() {
    let p = SIMD3(0.3, -0.7, 2.0)
    #expect((Self.turn.inverse.apply(Self.turn.apply(p)) - p).length < 1e-12)
    let product = Self.turn * Self.turn.inverse
    #expect((product.apply(p) - p).length < 1e-12)
  }

  @Test func refusesWhatIsNoRotation() {
    #expect(throws: CaptureError.self) {
      try RigidTransform(validating: [1, 0, 0, 0, 1, 0, 0, 0, -1], translation: [0, 0, 0])
    }
    #expect(throws: CaptureError.self) {
      try RigidTransform(validating: [2, 0, 0, 0, 1, 0, 0, 0, 1], translation: [0, 0, 0])
    }
    #expect(throws: CaptureError.self) {
      try RigidTransform(validating: [.nan, 0, 0, 0, 1, 0, 0, 0, 1], translation: [0, 0, 0])
    }
  }
}

@Suite struct PixelProjectionTests {
  @Test func agreesWithTheExactModel() throws {
    let place = RigidTransform(
      rows: (SIMD3(0, -1, 0), SIMD3(1, 0, 0), SIMD3(0, 0, 1)), translation: SIMD3(0.5, -1, 2))
    let model = CameraModelTests.tof
    let projection = PixelProjection(model, worldFromCamera: place)
    for v in stride(from: 0.0, through: 287, by: 41) {
      for u in stride(from: 0.0, through: 319, by: 29) {
        let ray = try #require(model.unproject(SIMD2(u, v)))
        let world = SIMD3<Float>(place.apply(ray * 1.9))
        let hit = try #require(projection.project(world))
        #expect(abs(hit.u - Float(u)) < 2e-3 && abs(hit.v - Float(v)) < 2e-3)
        #expect(abs(hit.z - 1.9) < 1e-5)
      }
    }
  }

  @Test func whatIsOutOfViewHasNoPixel() {
    let projection = PixelProjection(CameraModelTests.tof, worldFromCamera: .identity)
    #expect(projection.project(SIMD3(0, 0, -1)) == nil)
    #expect(projection.project(SIMD3(0, 0, 0)) == nil)
    #expect(projection.project(SIMD3(.nan, 0, 1)) == nil)
    // Far outside, the rational model comes back into the image.
    for x in stride(from: Float(1.5), through: 400, by: 0.5) {
      #expect(projection.project(SIMD3(x, 0.1, 1)) == nil)
    }
  }

  @Test func aLensThatFoldsInsideItsImageStillProjects() throws {
    // Beyond a radius of 0.58 this lens maps two rays to one pixel; the image's rim has no ray.
    let lens = CameraModel(
      width: 101, height: 101, intrinsics: Intrinsics(fx: 50, fy: 50, cx: 50, cy: 50),
      distortion: Distortion(k1: -1))
    #expect(lens.unproject(SIMD2(100, 50)) == nil)
    let projection = PixelProjection(lens, worldFromCamera: .identity)
    let hit = try #require(projection.project(SIMD3(0.3, 0, 1)))
    #expect(abs(hit.u - (50 + 50 * (0.3 - 0.027))) < 1e-3)
    #expect(projection.project(SIMD3(0.9, 0, 1)) == nil)
  }
}
