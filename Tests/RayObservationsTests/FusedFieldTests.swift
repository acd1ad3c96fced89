import CaptureCore
import CaptureTestSupport
import DepthFusion
import Foundation
import Testing

/// A frame of which only some cameras are known, and some observations lie before the subject.
private final class AlteredFrame: FrameObservations, @unchecked Sendable {
  let surface: UnsafeBufferPointer<SurfaceObservation>
  var freeRays: UnsafeBufferPointer<FreeRay> { base.freeRays }
  var hidden: HiddenCells { isSheet ? .none : base.hidden }
  private let base: any FrameObservations
  private let cameras: Set<Int>
  private let isSheet: Bool

  /// How far stray observations are moved towards their camera, metres.
  static let shift: Float = 0.15

  /// - Parameter isSheet: Whether nothing is said about what is hidden.
  init(
    _ base: any FrameObservations, cameras: Set<Int>, isSheet: Bool = false,
    stray: (SurfaceObservation) -> Bool = { _ in false }
  ) {
    (self.base, self.cameras, self.isSheet) = (base, cameras, isSheet)
    var kept = base.surface.filter { cameras.contains(Int($0.camera)) }
    for i in kept.indices where stray(kept[i]) {
      let place = kept[i].position - kept[i].direction * Self.shift
      (kept[i].x, kept[i].y, kept[i].z) = (place.x, place.y, place.z)
      kept[i].range -= Self.shift
    }
    let copy = UnsafeMutableBufferPointer<SurfaceObservation>.allocate(capacity: kept.count)
    _ = copy.initialize(from: kept)
    surface = UnsafeBufferPointer(copy)
  }

  deinit { surface.deallocate() }

  func depth(ofCamera camera: Int) -> ObservedDepth? {
    cameras.contains(camera) ? base.depth(ofCamera: camera) : nil
  }
  func freedom(
    of points: UnsafeBufferPointer<SIMD3<Float>>, into result: UnsafeMutableBufferPointer<Float>
  ) { base.freedom(of: points, into: result) }
}

@Suite struct FusedFieldTests {
  static let take = SphereTake(frames: 1)
  static let settings: FusionConfiguration = {
    var configuration = FusionConfiguration()
    configuration.voxel = 0.02
    return configuration
  }()

  static func field(_ frame: (any FrameObservations)? = nil, threads: Int? = nil) throws
    -> FusedField
  {
    try FusedField(
      try frame ?? take.frame(0), cameras: take.cameras, box: take.box, configuration: settings,
      threads: threads)
  }

  /// The field of the whole frame.
  static let whole = Result { try field() }

  static func distance(_ field: FusedField, _ points: [SIMD3<Float>]) -> [Float] {
    var result = [Float](repeating: .nan, count: points.count)
    points.withUnsafeBufferPointer { points in
      result.withUnsafeMutableBufferPointer { field.distances(at: points, into: $0) }
    }
    return result
  }

  /// Points at a height over the sphere, towards the camera on the given side.
  static func around(_ height: Float, count: Int = 200) -> [SIMD3<Float>] {
    var random = SeededGenerator(seed: 5)
    return (0..<count).map { _ in
      // Within 45 degrees of the horizon, where the four cameras see the sphere well.
      let (turn, y) = (
        Float.random(in: 0...(2 * .pi), using: &random),
        Float.random(in: -0.7...0.7, using: &random)
      )
      let r = (1 - y * y).squareRoot()
      return SIMD3(r * cosf(turn), y, r * sinf(turn)) * (take.radius + height)
    }
  }

  @Test func nearTheSurfaceDistancesAreThoseOfTheSphere() throws {
    let field = try Self.whole.get()
    for height: Float in [-0.03, -0.01, 0, 0.015, 0.04] {
      // A pixel of this take covers 28 mm, and twice that where it sees the sphere at 60 degrees.
      let errors = Self.distance(field, Self.around(height)).map { abs($0 - height) }
      let mean = errors.reduce(0, +) / Float(errors.count)
      #expect(mean < 0.004 + 0.2 * abs(height), "\(mean) at \(height)")
      // Where planes run out at the silhouettes, all that is said is "outside".
      #expect(errors.count { $0 > 0.02 } < 20, "at \(height)")
    }
  }

  @Test func gradientsPointOutward() throws {
    let field = try Self.whole.get()
    let points = Self.around(0.002)
    var distances = [Float](repeating: 0, count: points.count)
    var gradients = [SIMD3<Float>](repeating: .zero, count: points.count)
    points.withUnsafeBufferPointer { points in
      distances.withUnsafeMutableBufferPointer { d in
        gradients.withUnsafeMutableBufferPointer {
          field.gradients(at: points, into: d, gradients: $0)
        }
      }
    }
    #expect(distances == Self.distance(field, points))
    for (p, g) in zip(points, gradients) {
      #expect(g.normalized.dot(p.normalized) > 0.9)
      #expect((0.4...2).contains(g.length))
    }
  }

  @Test func bodiesAreSolidAndTheRestIsEmpty() throws {
    let field = try Self.whole.get()
    let points: [SIMD3<Float>] = [
      .zero, SIMD3(0.1, 0.1, -0.1), SIMD3(0.5, 0.4, 0.4), SIMD3(-0.5, -0.4, 0.3), SIMD3(9, 9, 9),
      SIMD3(repeating: .nan), SIMD3(.infinity, 0, 0), SIMD3(0, -.infinity, 0),
    ]
    let values = Self.distance(field, points)
    #expect(values[0] < 0 && values[1] < 0)
    #expect(values[2...].allSatisfy { $0 > 0 })
    // Far from the surface a lower bound of the distance lets searches step ahead.
    #expect(values[2] > 0.079 && values[2] < SIMD3<Float>(0.5, 0.4, 0.4).length - 0.3)
  }

  @Test func whereNothingIsSaidOfHiddenPlacesASurfaceIsAShell() throws {
    let frame = AlteredFrame(try Self.take.frame(0), cameras: [0], isSheet: true)
    let field = try Self.field(frame)
    // Camera 0 looks along -x.
    let along = stride(from: Float(0.5), to: -0.5, by: -0.005).map { SIMD3<Float>($0, 0, 0) }
    let inside = zip(along, Self.distance(field, along)).filter { $0.1 < 0 }.map(\.0.x)
    let (first, last) = (try #require(inside.first), try #require(inside.last))
    // Planes are believed as far as the truncation of four voxels.
    #expect(abs(first - 0.3) < 0.01 && abs(last - 0.22) < 0.02, "\(first) \(last)")
    #expect(inside.count == Int((first - last) / 0.005 + 1.5))
  }

  @Test func whatOtherCamerasLookThroughIsNoSurface() throws {
    // Flying pixels of camera 0, far in front of the sphere: cameras 2 and 3 see the wall behind.
    let frame = try Self.take.frame(0)
    func field(_ cameras: Set<Int>) throws -> FusedField {
      try Self.field(
        AlteredFrame(frame, cameras: cameras) {
          $0.camera == 0 && abs($0.y) < 0.09 && abs($0.z) < 0.09
        })
    }
    let behind = [SIMD3<Float>(0.43, 0, 0)]
    // Alone, camera 0 contradicts itself: its depth image says that the place is free.
    #expect(Self.distance(try field([0, 1]), behind)[0] < Self.distance(try field([1]), behind)[0])
    #expect(Self.distance(try field([0, 1, 2, 3]), behind)[0] > 0)
  }

  @Test func colorsAreThoseThatWereSeen() throws {
    let field = try Self.whole.get()
    // The last two lie where no camera sees them: inside, and far away.
    let points = Self.around(0) + [.zero, SIMD3(0.55, 0.45, 0.45)]
    var colors = [SIMD3<Float>](repeating: .zero, count: points.count)
    let known = points.withUnsafeBufferPointer { points in
      colors.withUnsafeMutableBufferPointer { field.colors(at: points, into: $0) }
    }
    #expect(known)
    for c in colors { #expect((c * 255 - SIMD3(200, 100, 50)).length < 0.1) }
  }

  @Test func theSameValuesForAnyNumberOfThreads() throws {
    let points = Self.around(0.01) + Self.around(-0.1)
    let one = Self.distance(try Self.field(threads: 1), points)
    #expect(one == Self.distance(try Self.field(threads: 2), points))
  }

  @Test func impossibleInputsAreRefused() throws {
    let frame = try Self.take.frame(0)
    func message(
      _ box: BoundingBox, _ frame: any FrameObservations, voxel: Float = 0.02
    ) -> String? {
      var configuration = Self.settings
      configuration.voxel = voxel
      return
        (#expect(throws: CaptureError.self) {
          try FusedField(
            frame, cameras: Self.take.cameras, box: box, configuration: configuration)
        })?.description
    }
    #expect(
      message(Self.take.box, AlteredFrame(frame, cameras: []))
        == "No camera has depth for this frame.")
    #expect(message(.empty, frame) == "The box to fuse is empty or endless.")
    #expect(
      message(BoundingBox(lower: .zero, upper: SIMD3(repeating: 50)), frame, voxel: 0.002)
        == "A box of 50.0 x 50.0 x 50.0 m is too large for voxels of 0.002 m. "
        + "Choose a smaller box or larger voxels.")
    #expect(
      message(Self.take.box, frame, voxel: 0)
        == "voxel: 0.0 is out of range. Choose a value from 0.001 to 0.5.")
  }

  @Test func everyKeyIsDocumented() throws {
    let data = try JSONEncoder().encode(FusionConfiguration())
    let keys = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any]).keys
    #expect(Set(keys) == Set(FusionConfiguration.documentation.map(\.key)))
    try FusionConfiguration().validate()
  }
}
