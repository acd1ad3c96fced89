import CaptureCore
import CaptureTestSupport
import Foundation
import Testing

@testable import Meshing

extension PlacedCamera {
  /// A square depth lens without distortion that looks at the origin; `focal` in pixels.
  static func flatLens(at eye: SIMD3<Double>, pixels: Int, focal: Double) -> PlacedCamera {
    let center = Double(pixels - 1) / 2
    let lens = CameraModel(
      width: pixels, height: pixels,
      intrinsics: Intrinsics(fx: focal, fy: focal, cx: center, cy: center))
    return PlacedCamera(
      description: CameraDescription(
        id: "cam", sync: SyncRole(mode: .master), color: nil, depth: lens),
      worldFromColor: .looking(from: eye, at: .zero))
  }
}

/// The plane z = 0 as cameras one metre before and behind it see it, a pixel a millimetre.
@Suite struct PixelColorsTests {
  private static let front = PlacedCamera.flatLens(at: SIMD3(0, 0, 1), pixels: 40, focal: 1000)
  private static let back = PlacedCamera.flatLens(at: SIMD3(0, 0, -1), pixels: 40, focal: 1000)

  /// What a camera saw of the plane: by pixel, its grey level, or nil.
  private static func plane(
    _ camera: PlacedCamera, number: UInt32 = 0, noise: Float = 0,
    _ grey: (_ x: Float, _ y: Float) -> UInt8?
  ) -> [SurfaceObservation] {
    let lens = camera.description.depth!
    return lens.directionTable().enumerated().compactMap { i, direction in
      var p = SIMD3<Float>(camera.worldFromDepth.apply(SIMD3<Double>(direction)))
      guard let level = grey(p.x, p.y) else { return nil }
      let eye = SIMD3<Float>(camera.worldFromDepth.translation)
      p = eye + (p - eye) * (1 + (i % 2 == 0 ? noise : -noise))
      var o = SurfaceObservation()
      (o.x, o.y, o.z, o.nz) = (p.x, p.y, p.z, eye.z)
      (o.camera, o.confidence, o.incidence) = (number, 0.5, 1)
      (o.red, o.green, o.blue, o.hasColor) = (level, level, level, 1)
      return o
    }
  }

  private static func grey(_ sum: PixelColors.Sum) -> Float { sum.color.x / sum.color.w }

  @Test func anEdgeOfColoursIsAsSharpAsThePixels() throws {
    let seen = SeenPlaces(Self.plane(Self.front, noise: 0.005) { x, _ in x < 0 ? 20 : 220 })
    let colors = try #require(PixelColors(seen, camera: 0, Self.front, voxel: 0.001))
    for k in -12...12 where abs(k) > 1 {
      let sum = colors.around(SIMD3(0.001 * Float(k), 0.0023, 0), facing: SIMD3(0, 0, 1))
      #expect(abs(Self.grey(sum) - (k < 0 ? 20 : 220)) < 0.5, "\(k) mm")
    }
    let middle = Self.grey(colors.around(SIMD3(0, 0.0023, 0), facing: SIMD3(0, 0, 1)))
    #expect(abs(middle - 120) < 30)
  }

  @Test func verticesFartherApartThanPixelsTakeTheMean() throws {
    let seen = SeenPlaces(
      Self.plane(Self.front) { x, y in
        (Int((x * 1000).rounded(.down)) + Int((y * 1000).rounded(.down))) % 2 == 0 ? 0 : 200
      })
    let fine = try #require(PixelColors(seen, camera: 0, Self.front, voxel: 0.001))
    let coarse = try #require(PixelColors(seen, camera: 0, Self.front, voxel: 0.01))
    let place = SIMD3<Float>(0.0025, 0.0035, 0)
    #expect(abs(Self.grey(coarse.around(place, facing: SIMD3(0, 0, 1))) - 100) < 15)
    #expect(abs(Self.grey(fine.around(place, facing: SIMD3(0, 0, 1))) - 100) > 90)
  }

  /// A sheet without thickness has some in a mesh.
  @Test func eachSideOfASheetHasItsOwnColour() throws {
    let seen = SeenPlaces(
      Self.plane(Self.front, number: 0) { _, _ in 200 }
        + Self.plane(Self.back, number: 1) { _, _ in 40 })
    let cameras = [Self.front, Self.back]
    let views = cameras.indices.compactMap {
      PixelColors(seen, camera: $0, cameras[$0], voxel: 0.004)
    }
    #expect(views.count == 2)
    for (side, level) in [(Float(1), Float(200)), (-1, 40)] {
      var sum = PixelColors.Sum()
      for view in views {
        sum += view.around(SIMD3(0.003, 0.001, 0.006 * side), facing: SIMD3(0, 0, side))
      }
      #expect(sum.weight > 0.3)
      #expect(abs(Self.grey(sum) - level) < 0.5)
    }
  }

  @Test func whatLiesFartherBehindIsNotSeen() throws {
    let seen = SeenPlaces(Self.plane(Self.front) { _, _ in 200 })
    let colors = try #require(PixelColors(seen, camera: 0, Self.front, voxel: 0.004))
    let up = SIMD3<Float>(0, 0, 1)
    let at = { (height: Float) in colors.around(SIMD3(0, 0, height), facing: up).weight }
    #expect(at(0) > at(0.006) && at(0.006) > at(-0.012) && at(-0.012) > 0)
    #expect(at(-0.017) == 0 && at(0.017) == 0)
    #expect(colors.around(.zero, facing: SIMD3(1, 0, 0)).weight == 0)
    #expect(colors.around(SIMD3(0.5, 0, 0), facing: up).weight == 0)
  }

  @Test func coloursAtAnEdgeCountLessThanThoseInTheMidst() throws {
    let seen = SeenPlaces(
      Self.plane(Self.front, number: 0) { x, _ in x < 0.0052 ? 200 : nil }
        + Self.plane(Self.front, number: 1) { _, _ in 100 })
    let views = (0..<2).compactMap {
      PixelColors(seen, camera: $0, Self.front, voxel: 0.001)
    }
    func grey(_ x: Float) -> Float {
      var sum = PixelColors.Sum()
      for view in views { sum += view.around(SIMD3(x, 0.0005, 0), facing: SIMD3(0, 0, 1)) }
      return Self.grey(sum)
    }
    #expect(abs(grey(0.0005) - 150) < 0.5)
    #expect(grey(0.0045) < 120)
    #expect(abs(grey(0.0075) - 100) < 0.5)
  }

  @Test func ofTwoThatFallOnAPixelTheSurerOneCounts() throws {
    var both = Self.plane(Self.front) { _, _ in 200 }
    for o in both {
      var less = o
      (less.confidence, less.red) = (0.2, 10)
      both.append(less)
    }
    for order in [both, Array(both.reversed())] {
      let colors = try #require(
        PixelColors(SeenPlaces(order), camera: 0, Self.front, voxel: 0.001))
      #expect(abs(Self.grey(colors.around(.zero, facing: SIMD3(0, 0, 1))) - 200) < 0.5)
    }
  }

  @Test func aCameraWithoutColoursHasNone() {
    var seen = Self.plane(Self.front) { _, _ in 200 }
    #expect(PixelColors(SeenPlaces(seen), camera: 1, Self.front, voxel: 0.001) == nil)
    for i in seen.indices { seen[i].hasColor = 0 }
    #expect(PixelColors(SeenPlaces(seen), camera: 0, Self.front, voxel: 0.001) == nil)
  }
}
