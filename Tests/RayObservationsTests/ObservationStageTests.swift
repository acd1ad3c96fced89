import CaptureCore
import CaptureTestSupport
import Foundation
import Testing

@testable import RayObservations

@Suite struct ObservationStageTests {
  let folder = Scratch.unused()

  private func build(
    _ scene: SphereScene, _ configuration: ObservationConfiguration = .unaveraged,
    resumes: Bool = false, noise: (Int, Int) -> Double = { _, _ in 0 }
  ) throws -> (ObservationReport, ObservationCache) {
    let images = try scene.frames.map { set in
      try scene.images(set.index, noise: { noise(set.index, $0) })
    }
    let report = try ObservationStage.build(
      cameras: scene.cameras, frames: scene.frames, load: { images[$0.index] },
      configuration: configuration, folder: folder, resumes: resumes)
    return (report, try ObservationCache.open(folder: folder))
  }

  @Test func everyCamerasOwnTimesAreKept() throws {
    var scene = SphereScene()
    scene.frames[2].entries[1].error = 0.004
    scene.frames[2].entries[1].colorError = -0.002
    let (report, cache) = try build(scene)
    #expect(cache.timing(frame: 2, camera: 1) == ObservationTiming(depth: 0.004, color: -0.002))
    #expect(cache.timing(frame: 2, camera: 0) == ObservationTiming())
    #expect(cache.timing(frame: 3, camera: 1) == ObservationTiming())
    #expect(report.frames.allSatisfy { $0.timings.count == 4 })
  }

  @Test(arguments: [
    ("\"freePixels\" : 2", "\"freePixels\" : -1"), ("\"width\" : ", "\"width\" : -"),
    ("\"lower\" : [", "\"lower\" : [-3e38, -3e38, -3e38], \"unused\" : ["),
  ])
  func anIndexWithImpossibleNumbersIsRefused(_ found: String, _ instead: String) throws {
    _ = try build(SphereScene())
    let file = folder.appendingPathComponent(ObservationIndex.name)
    let text = try String(contentsOf: file, encoding: .utf8)
    #expect(text.contains(found))
    try text.replacingOccurrences(of: found, with: instead)
      .write(to: file, atomically: true, encoding: .utf8)
    #expect(throws: CaptureError.self) { try ObservationCache.open(folder: folder) }
  }

  @Test func whatOneCameraSeesWellIsNotFreeToAnother() throws {
    let scene = SphereScene()
    let images = try scene.frames.map {
      try scene.images($0.index, lookingPast: $0.index == 3 ? 1 : nil)
    }
    _ = try ObservationStage.build(
      cameras: scene.cameras, frames: scene.frames, load: { images[$0.index] },
      configuration: .init(), folder: folder)
    let cache = try ObservationCache.open(folder: folder)
    let frame = try cache.frame(3)
    #expect(!frame.surface.contains { $0.camera == 1 })
    let seen = frame.surface.filter { $0.incidence > 0.6 }.map(\.position)
    #expect(seen.count > 200)
    var freedom = [Float](repeating: 9, count: seen.count)
    seen.withUnsafeBufferPointer { p in
      freedom.withUnsafeMutableBufferPointer { frame.freedom(of: p, into: $0) }
    }
    #expect(freedom.allSatisfy { $0 <= 0 })
    // Beside the sphere the camera's word counts as before.
    let side = scene.cameras[1].worldFromDepth.translation
    let toward = (side - SphereScene.center(3)).normalized
    let beside = [SIMD3<Float>(SphereScene.center(3) + toward * 0.5)]
    var free: Float = -9
    beside.withUnsafeBufferPointer { p in
      withUnsafeMutablePointer(to: &free) {
        frame.freedom(of: p, into: UnsafeMutableBufferPointer(start: $0, count: 1))
      }
    }
    #expect(free > 0)
  }

  @Test func theBoxHoldsTheMovingSphereAndTheFloorIsFound() throws {
    let (report, _) = try build(SphereScene())
    #expect(abs(try #require(report.floorHeight)) < 0.004)
    for frame in 0..<6 {
      let c = SIMD3<Float>(SphereScene.center(frame))
      #expect(report.box.contains(c - SIMD3(0.25, 0.25, 0.25)))
      #expect(report.box.contains(c + SIMD3(0.25, 0.25, 0.25)))
    }
    #expect(report.box.size.max() < 1.6)
  }

  @Test(arguments: [
    Distortion.none, Distortion(k1: 5.2, k2: 3.5, k3: 0.18, k4: 5.55, k5: 5.3, k6: 0.95, p1: -4e-5),
  ]) func pointsAndNormalsLieOnTheSphere(_ lens: Distortion) throws {
    let (_, cache) = try build(SphereScene(distortion: lens))
    for index in 0..<cache.frameCount {
      let frame = try cache.frame(index)
      #expect(frame.surface.count > 400)
      for o in frame.surface {
        let normal = (SIMD3<Double>(o.position) - SphereScene.center(index)).normalized
        // Pixels of 3 cm on a ball of 25 cm: the fit may be off by a millimetre, the normal by 10°.
        #expect(abs(cache.signedDistance(o, index)) < 0.005)
        #expect(SIMD3<Double>(o.normal).dot(normal) > 0.94)
        #expect(abs(o.incidence + o.normal.dot(o.direction)) < 1e-3)
        let back = SIMD3<Float>(cache.cameras[Int(o.camera)].worldFromDepth.translation)
        #expect(((back + o.direction * o.range) - o.position).length < 1e-4)
      }
    }
  }

  @Test func smoothingAveragesNoiseWithoutShrinkingTheSphere() throws {
    var random = SeededGenerator(seed: 2)
    let noise = (0..<400_000).map { _ in Double.random(in: -0.006...0.006, using: &random) }
    func statistics(_ smoothing: Double) throws -> (mean: Double, deviation: Double) {
      var c = ObservationConfiguration.unaveraged
      c.smoothing = smoothing
      let (_, cache) = try build(SphereScene(), c, noise: { noise[($0 * 40_503 + $1) % 400_000] })
      var errors: [Double] = []
      for index in 0..<cache.frameCount {
        errors += try cache.frame(index).surface.filter { $0.incidence > 0.7 }
          .map { cache.signedDistance($0, index) }
      }
      let mean = errors.reduce(0, +) / Double(errors.count)
      let square = errors.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(errors.count)
      return (mean, square.squareRoot())
    }
    let (raw, smooth) = (try statistics(0), try statistics(0.8))
    #expect(smooth.deviation < 0.8 * raw.deviation)
    #expect(abs(smooth.mean) < 0.0006)
  }

  @Test func whatCamerasSawThroughIsFreeAndTheSphereIsNot() throws {
    let (_, cache) = try build(SphereScene())
    let frame = try cache.frame(2)
    let center = SIMD3<Float>(SphereScene.center(2))
    let points = [
      center, center + SIMD3(0, 0.2, 0), center + SIMD3(0, 0.45, 0), center + SIMD3(0, -0.5, 0),
      center + SIMD3(0, 20, 0),
    ]
    var freedom = [Float](repeating: 0, count: points.count)
    points.withUnsafeBufferPointer { p in
      freedom.withUnsafeMutableBufferPointer { frame.freedom(of: p, into: $0) }
    }
    #expect(freedom[0] < -0.1 && freedom[1] < 0)
    #expect(freedom[2] > 0 && freedom[3] > 0)
    #expect(freedom[4] == -1, "no camera looks there")
  }

  @Test func freeRaysMissTheSphere() throws {
    let (_, cache) = try build(SphereScene())
    for index in 0..<cache.frameCount {
      let frame = try cache.frame(index)
      #expect(frame.freeRays.count > 100)
      for ray in frame.freeRays {
        let origin = cache.cameras[Int(ray.camera)].worldFromDepth.translation
        for step in 0...20 {
          let t = Double(ray.near + (ray.far - ray.near) * Float(step) / 20)
          let p = origin + SIMD3(Double(ray.dx), Double(ray.dy), Double(ray.dz)) * t
          #expect((p - SphereScene.center(index)).length > SphereScene.radius)
        }
      }
    }
  }

  @Test func cornersThatTheLensHasNoRayForSayNothing() throws {
    let scene = SphereScene(radius: 0.6)
    let lens = try #require(scene.cameras[0].description.depth)
    #expect(lens.directionTable().contains { !$0.x.isFinite })
    let (_, cache) = try build(scene)
    for index in 0..<cache.frameCount {
      let frame = try cache.frame(index)
      #expect(frame.surface.count > 400 && frame.freeRays.count > 100)
      #expect(
        frame.freeRays.allSatisfy {
          ($0.dx + $0.dy + $0.dz + $0.near + $0.far).isFinite && $0.far > $0.near
        })
    }
  }

  @Test func whatLiesBeyondTheRangeIsAsFreeAsWhatNeverReturns() throws {
    // Walls all around at 3.9 m, which the cameras measure but are not to be believed.
    func rays(_ configuration: ObservationConfiguration, wall: Double?) throws -> Int {
      let scene = SphereScene()
      let images = try scene.frames.map { set in
        try IdealCameras.images(scene.cameras) { _, _, origin, ray in
          let m = origin - SphereScene.center(set.index)
          let (a, b) = (ray.dot(ray), ray.dot(m))
          let d = b * b - a * (m.dot(m) - SphereScene.radius * SphereScene.radius)
          return d > 0 ? (-b - d.squareRoot()) / a : wall ?? .infinity
        }
      }
      _ = try ObservationStage.build(
        cameras: scene.cameras, frames: scene.frames, load: { images[$0.index] },
        configuration: configuration, folder: folder)
      return try ObservationCache.open(folder: folder).frame(2).freeRays.count
    }
    var near = ObservationConfiguration.unaveraged
    near.farthest = 3.5
    let expected = try rays(near, wall: nil)
    #expect(expected > 100)
    #expect(try rays(near, wall: 3.9) == expected)
    near.noReturnIsFree = false
    #expect(try rays(near, wall: 3.9) == 0)
  }

  @Test func aFloorThatLeansIsCutWhereItIsLowestUnderTheSubject() {
    let floor = FloorPlane(a: 0.04, b: -0.02, c: 0.1)
    let box = BoundingBox(lower: SIMD3(-2, 0, 1), upper: SIMD3(-1, 2, 3))
    #expect(abs(floor.lowest(under: box) - (0.1 - 0.08 - 0.06)) < 1e-6)
    for corner in [SIMD3<Float>(-2, 0, 1), SIMD3(-1, 0, 1), SIMD3(-2, 0, 3), SIMD3(-1, 0, 3)] {
      #expect(floor.height(SIMD3(corner.x, floor.lowest(under: box), corner.z)) < 1e-6)
    }
  }

  @Test func whatAnInterruptedRunLeftIsKeptAndTheRestIsTheSame() throws {
    var scene = SphereScene(frames: 10)
    scene.frames[9].entries[2].error = 0.003
    let (report, _) = try build(scene, .init())
    func contents() throws -> [String: Data] {
      let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      return try Dictionary(
        uniqueKeysWithValues: names.map {
          ($0, try Data(contentsOf: folder.appendingPathComponent($0)))
        })
    }
    func file(_ number: Int) throws -> Int? {
      let url = folder.appendingPathComponent(ObservationIndex.file(number))
      return try FileManager.default.attributesOfItem(atPath: url.path)[.systemFileNumber] as? Int
    }
    let (whole, files) = (try contents(), try (0..<4).map(file))
    #expect(whole.count == 11)
    let (lost, damaged) = (
      folder.appendingPathComponent(ObservationIndex.file(5)),
      folder.appendingPathComponent(ObservationIndex.file(9))
    )
    try FileManager.default.removeItem(at: lost)
    var bad = try Data(contentsOf: damaged)
    bad[bad.count - 100] ^= 4
    try bad.write(to: damaged)
    try FileManager.default.removeItem(at: folder.appendingPathComponent(ObservationIndex.name))
    let (again, _) = try build(scene, .init(), resumes: true)
    #expect(again == report)
    #expect(try contents() == whole)
    #expect(try (0..<4).map(file) == files)
  }

  @Test func flyingPixelsAreLeftOut() throws {
    // One pixel in nine stands 12 cm before the surface.
    let (_, cache) = try build(SphereScene(), noise: { _, i in i % 9 == 4 ? -0.12 : 0 })
    var far = 0
    for index in 0..<cache.frameCount {
      far += try cache.frame(index).surface.count { abs(cache.signedDistance($0, index)) > 0.05 }
    }
    #expect(far == 0)
  }

  @Test func aDamagedOrCutFileIsNamed() throws {
    let (_, cache) = try build(SphereScene())
    let url = folder.appendingPathComponent("frame_000003.obs")
    let whole = try Data(contentsOf: url)
    var bad = whole
    bad[whole.count - 100] ^= 4
    try bad.write(to: url)
    let error = #expect(throws: CaptureError.self) { try cache.frame(3) }
    #expect(
      error?.description
        == "\(url.path): The observation file has a wrong checksum. Remove it and run `fieldmesh observe` again, which writes what is missing."
    )
    for length in stride(from: 0, to: whole.count, by: 4999) {
      try whole.prefix(length).write(to: url)
      #expect(throws: CaptureError.self, "\(length) bytes") { try cache.frame(3) }
    }
    var huge = whole
    huge.replaceSubrange(16..<24, with: [255, 255, 255, 255, 255, 255, 255, 0])
    try huge.write(to: url)
    #expect(throws: CaptureError.self) { try cache.frame(3) }
  }

  @Test func emptyDepthIsAnError() {
    let scene = SphereScene(frames: 1)
    let error = #expect(throws: CaptureError.self) {
      try ObservationStage.build(
        cameras: scene.cameras, frames: scene.frames,
        load: { _ in
          scene.cameras.map { _ in
            CameraFrame(
              depth: try? DepthImage(
                width: 80, height: 72, samples: [UInt16](repeating: 0, count: 80 * 72),
                unit: 0.001), color: nil)
          }
        }, configuration: .init(), folder: folder)
    }
    #expect(error?.what == "No depth image holds a measurement within its camera's range.")
  }

  @Test func aWrongBoxIsNamed() {
    var c = ObservationConfiguration.unaveraged
    c.box = [0, 0, 0, 1, -1, 1]
    let error = #expect(throws: CaptureError.self) { try c.validate() }
    #expect(error?.place == "observations.box")
  }
}

extension ObservationCache {
  fileprivate func signedDistance(_ o: SurfaceObservation, _ frame: Int) -> Double {
    (SIMD3<Double>(o.position) - SphereScene.center(frame)).length - SphereScene.radius
  }
}

@Suite struct PixelDistanceTests {
  @Test func distancesAreEuclideanToThreePercent() {
    var marked = [Bool](repeating: false, count: 61 * 47)
    marked[20 * 61 + 30] = true
    let d = PixelDistance.to(marked, width: 61, height: 47)
    for v in 0..<47 {
      for u in 0..<61 {
        let exact = Float((u - 30) * (u - 30) + (v - 20) * (v - 20)).squareRoot()
        #expect(abs(d[v * 61 + u] - exact) <= 0.03 * exact + 0.01)
      }
    }
    #expect(PixelDistance.to([false, false], width: 2, height: 1) == [.infinity, .infinity])
  }
}
