import CaptureCore
import Pictures
import Testing

@Suite struct MeshRasterizerTests {
  /// At z = 2 m a pixel is 0.25 m, so that corners lie on pixel centres without rounding.
  let camera = CameraModel(
    width: 9, height: 7, intrinsics: Intrinsics(fx: 8, fy: 8, cx: 4, cy: 3))
  let background = SIMD3<UInt8>(1, 2, 3)

  /// A rectangle between two pixels, facing the camera, with its corners' colours.
  func rectangle(
    _ left: Float, _ top: Float, _ right: Float, _ bottom: Float, z: Float = 2,
    color: SIMD3<UInt8> = SIMD3(100, 110, 120)
  ) -> TriangleMesh {
    func point(_ u: Float, _ v: Float) -> SIMD3<Float> {
      SIMD3((u - 4) / 8 * z, (v - 3) / 8 * z, z)
    }
    return TriangleMesh(
      positions: [point(left, top), point(left, bottom), point(right, bottom), point(right, top)],
      colors: [SIMD3<UInt8>](repeating: color, count: 4),
      triangles: [SIMD3(0, 1, 2), SIMD3(0, 2, 3)])
  }

  func render(
    _ mesh: TriangleMesh, _ style: MeshRasterizer.Style = .colored,
    pose: RigidTransform = .identity
  ) throws -> ColorImage {
    try MeshRasterizer.render(
      mesh, camera: camera, worldFromCamera: pose, style: style, background: background)
  }

  func color(_ image: ColorImage, _ u: Int, _ v: Int) -> SIMD3<UInt8> {
    let i = 3 * (v * image.width + u)
    return SIMD3(image.pixels[i], image.pixels[i + 1], image.pixels[i + 2])
  }

  /// The pixels that are not background, row by row.
  func covered(_ image: ColorImage) -> [SIMD2<Int>] {
    (0..<image.height).flatMap { v in
      (0..<image.width).map { SIMD2($0, v) }
    }.filter { color(image, $0.x, $0.y) != background }
  }

  func pixels(_ columns: Range<Int>, _ rows: Range<Int>) -> [SIMD2<Int>] {
    rows.flatMap { v in columns.map { SIMD2($0, v) } }
  }

  @Test func edgesThroughPixelCentresBelongToTheLeftAndTheTop() throws {
    let image = try render(rectangle(2, 1, 6, 4))
    #expect(covered(image) == pixels(2..<6, 1..<4))
    #expect(color(image, 3, 2) == SIMD3(100, 110, 120))
  }

  @Test func aHalfPixelFurtherCoversTheNextCentre() throws {
    #expect(covered(try render(rectangle(1.5, 0.5, 5.5, 3.5))) == pixels(2..<6, 1..<4))
    #expect(covered(try render(rectangle(2.25, 1, 6.25, 4))) == pixels(3..<7, 1..<4))
  }

  @Test func neighboursShareNoPixelAndLeaveNone() throws {
    let whole = rectangle(1, 1, 7, 5)
    let halves = try whole.triangles.map { t in
      var half = whole
      half.triangles = [t]
      return covered(try render(half))
    }
    #expect(Set(halves[0]).isDisjoint(with: halves[1]))
    #expect(Set(halves[0] + halves[1]) == Set(pixels(1..<7, 1..<5)))
  }

  @Test(arguments: [false, true]) func theNearerSurfaceIsSeen(_ nearFirst: Bool) throws {
    let near = rectangle(2, 2, 4, 4, z: 1, color: SIMD3(10, 20, 30))
    let far = rectangle(1, 1, 6, 6, z: 3)
    var both = nearFirst ? near : far
    let second = nearFirst ? far : near
    both.triangles += second.triangles.map { $0 &+ 4 }
    both.positions += second.positions
    both.colors += second.colors
    let image = try render(both)
    for p in pixels(1..<6, 1..<6) {
      let expected = pixels(2..<4, 2..<4).contains(p) ? near.colors[0] : far.colors[0]
      #expect(color(image, p.x, p.y) == expected)
    }
  }

  @Test func coloursAreInterpolatedInSpaceNotInThePicture() throws {
    // A wall from (-1, 1 m) to (3, 5 m), so that x = z - 2, coloured by x.
    let corners: [SIMD3<Float>] = [
      SIMD3(-1, -9, 1), SIMD3(-1, 9, 1), SIMD3(3, 9, 5), SIMD3(3, -9, 5),
    ]
    let mesh = TriangleMesh(
      positions: corners,
      colors: corners.map { SIMD3(UInt8(($0.x + 1) * 60), 0, 200) },
      triangles: [SIMD3(0, 1, 2), SIMD3(0, 2, 3)])
    let image = try render(mesh)
    for u in 0..<8 {
      // x / z = (u - 4) / 8 on the ray of column u.
      let slope = Float(u - 4) / 8
      let x = 2 * slope / (1 - slope)
      #expect(abs(Float(color(image, u, 3).x) - (x + 1) * 60) <= 0.51, "column \(u)")
      #expect(color(image, u, 3).z == 200)
    }
  }

  @Test(arguments: MeshRasterizer.Style.allCases) func backFacesAreRed(
    _ style: MeshRasterizer.Style
  ) throws {
    var mesh = rectangle(2, 1, 6, 4)
    mesh.triangles = mesh.triangles.map { SIMD3($0.x, $0.z, $0.y) }
    let image = try render(mesh, style)
    #expect(covered(image) == pixels(2..<6, 1..<4))
    // The square's centre is nearly head on.
    let seen = color(image, 4, 3)
    #expect(seen.x > 200 && seen.y < 45 && seen.z < 45)
  }

  @Test func aSurfaceIsBrightestWhereItFacesTheCamera() throws {
    let sphere = TestSurfaces.sphere(radius: 0.6, center: SIMD3(0, 0, 2), level: 3)
    let image = try render(sphere, .shaded)
    #expect(color(image, 4, 3).x >= MeshRasterizer.surface.x - 2)
    #expect(color(image, 6, 3).x < 150)
    #expect(color(image, 8, 3) == background)
  }

  @Test func normalsAreDirectionsOfTheWorld() throws {
    #expect(color(try render(rectangle(2, 1, 6, 4), .normals), 3, 2) == SIMD3(128, 128, 0))
  }

  @Test func theCameraStandsWhereItsPoseSays() throws {
    // Half a turn about y: the camera at z = 4 looks back along -z.
    let pose = RigidTransform(
      rows: (SIMD3(-1, 0, 0), SIMD3(0, 1, 0), SIMD3(0, 0, -1)), translation: SIMD3(0, 0, 4))
    var mesh = rectangle(2, 1, 6, 4)
    mesh.triangles = mesh.triangles.map { SIMD3($0.x, $0.z, $0.y) }
    // x is mirrored about column 4, and the left edge is now the one at column 2.
    #expect(covered(try render(mesh, pose: pose)) == pixels(2..<6, 1..<4))
  }

  @Test func verticesGoThroughTheLens() throws {
    var lens = camera
    lens.distortion = Distortion(k1: -0.3, p1: 0.01)
    let pixel = try #require(lens.project(SIMD3(0.5, 0.25, 2)))
    var mesh = rectangle(0, 0, 1, 1)
    // A pixel large, so that it holds one centre.
    let corners: [SIMD3<Float>] = [
      SIMD3(-1, -1, 0), SIMD3(-1, 1, 0), SIMD3(1, 1, 0), SIMD3(1, -1, 0),
    ]
    mesh.positions = corners.map { $0 * 0.125 + SIMD3(0.5, 0.25, 2) }
    let image = try MeshRasterizer.render(
      mesh, camera: lens, worldFromCamera: .identity, style: .colored, background: background)
    #expect(covered(image) == [SIMD2(Int(pixel.x.rounded()), Int(pixel.y.rounded()))])
  }

  @Test func whatCannotBeDrawnIsLeftOut() throws {
    var mesh = rectangle(2, 1, 6, 4)
    mesh.normals = [SIMD3<Float>](repeating: SIMD3(.nan, 0, 0), count: 4)
    #expect(covered(try render(mesh, .shaded)).count == 12)
    for z in [-2, 0, .nan, .infinity, 1e30] as [Float] {
      mesh.positions[0].z = z
      #expect(covered(try render(mesh, .shaded)).isEmpty)
    }
  }

  @Test func meshesThatDoNotHoldTogetherAreRefused() {
    var mesh = rectangle(2, 1, 6, 4)
    mesh.colors.removeLast()
    var error = #expect(throws: CaptureError.self) { try render(mesh) }
    #expect(error?.what == "A mesh of 4 vertices has 0 normals and 3 colours.")
    mesh.triangles.append(SIMD3(0, 1, 4))
    error = #expect(throws: CaptureError.self) { try render(mesh) }
    #expect(error?.what == "The mesh has a triangle beyond its 4 vertices.")
  }
}
