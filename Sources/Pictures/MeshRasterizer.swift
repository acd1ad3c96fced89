public import CaptureCore

/// Draws a mesh as a camera sees it: a depth-buffered picture with the light at the camera.
///
/// Pixel centres are integers, and a pixel belongs to the triangle that its centre lies in; on an
/// edge, to the one below or to the right, so that neighbours share no pixel. Vertices go through the
/// camera's lens, edges between them are straight. Colours are interpolated with perspective. Back
/// faces are red, so that surfaces that are turned inside out are seen.
///
/// Triangles that reach behind the camera or far outside its view are left out.
public enum MeshRasterizer {
  /// What the surface looks like.
  public enum Style: Sendable, CaseIterable {
    /// Grey, lit from the camera.
    case shaded
    /// The vertices' colours, unlit; as ``shaded`` where the mesh has none.
    case colored
    /// Directions of the world as colours: +x is red, +y green, +z blue; -1...1 becomes 0...255.
    case normals
  }

  /// A mesh as a camera sees it.
  public struct View: Sendable {
    /// The picture.
    public var image: ColorImage
    /// z-depth of what is drawn, metres, `[height × width]`; 0 where nothing is.
    public var depths: [Float]
  }

  /// The colour of a back face seen head on.
  public static let backFace = SIMD3<UInt8>(220, 40, 40)
  /// The colour of a shaded surface seen head on.
  public static let surface = SIMD3<UInt8>(215, 215, 210)

  /// Draws a mesh; normals are the mesh's own, or averaged from the triangles around each vertex.
  ///
  /// - Throws: ``CaptureError`` `badInput` for triangles beyond the vertices, `sizeMismatch` for
  ///   normals or colours of another count, and as ``PictureCanvas`` does for the camera's size.
  /// - Complexity: O(V + F + covered pixels); about 25 ms for 250 000 triangles at 640 × 360.
  public static func render(
    _ mesh: TriangleMesh, camera: CameraModel, worldFromCamera: RigidTransform, style: Style,
    background: SIMD3<UInt8> = SIMD3(16, 16, 20)
  ) throws(CaptureError) -> ColorImage {
    try view(
      mesh, camera: camera, worldFromCamera: worldFromCamera, style: style, background: background
    ).image
  }

  /// Draws a mesh as ``render(_:camera:worldFromCamera:style:background:)`` does, and says how far
  /// away it is.
  ///
  /// - Throws: As `render` does.
  public static func view(
    _ mesh: TriangleMesh, camera: CameraModel, worldFromCamera: RigidTransform, style: Style,
    background: SIMD3<UInt8> = SIMD3(16, 16, 20)
  ) throws(CaptureError) -> View {
    try check(mesh)
    let canvas = try PictureCanvas(width: camera.width, height: camera.height, color: background)
    let vertices = ScreenVertex.vertices(
      of: mesh, camera: camera, worldFromCamera: worldFromCamera, style: style)
    var image = canvas.image
    var depths = [Float](repeating: 0, count: camera.width * camera.height)
    image.pixels.withUnsafeMutableBufferPointer { pixels in
      depths.withUnsafeMutableBufferPointer { depths in
        vertices.withUnsafeBufferPointer { vertices in
          var target = RasterTarget(
            width: camera.width, height: camera.height, pixels: pixels, inverseDepths: depths)
          for t in mesh.triangles {
            target.draw(vertices[Int(t.x)], vertices[Int(t.y)], vertices[Int(t.z)])
          }
        }
      }
    }
    for i in depths.indices where depths[i] > 0 { depths[i] = 1 / depths[i] }
    return View(image: image, depths: depths)
  }

  private static func check(_ mesh: TriangleMesh) throws(CaptureError) {
    let count = mesh.positions.count
    guard mesh.triangles.allSatisfy({ Int($0.max()) < count }) else {
      throw CaptureError(.badInput, "The mesh has a triangle beyond its \(count) vertices.")
    }
    guard mesh.normals.isEmpty || mesh.normals.count == count,
      mesh.colors.isEmpty || mesh.colors.count == count
    else {
      throw CaptureError(
        .sizeMismatch,
        "A mesh of \(count) vertices has \(mesh.normals.count) normals and \(mesh.colors.count) colours."
      )
    }
  }
}
