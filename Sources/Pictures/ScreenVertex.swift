internal import CaptureCore

/// A vertex on its way to the picture.
struct ScreenVertex {
  /// Pixel; NaN when the vertex is not in front of the camera or far outside its view.
  var x, y: Double
  /// 1 / z-depth, per metre: linear over the picture, unlike depth itself.
  var inverseDepth: Float
  /// Colour 0...255 of the front, and in the last lane how much light falls on the surface, 0...1.
  var color: SIMD4<Float>

  /// The mesh's vertices as a camera sees them.
  static func vertices(
    of mesh: TriangleMesh, camera: CameraModel, worldFromCamera: RigidTransform,
    style: MeshRasterizer.Style
  ) -> [ScreenVertex] {
    let cameraFromWorld = worldFromCamera.inverse
    let eye = SIMD3<Float>(worldFromCamera.translation)
    let normals = mesh.normals.isEmpty ? smoothNormals(mesh) : mesh.normals
    let reach = viewRadius(camera)
    let colored = style == .colored && !mesh.colors.isEmpty
    let grey = SIMD3<Float>(MeshRasterizer.surface)
    return mesh.positions.indices.map { i in
      let position = mesh.positions[i]
      let unit = normals[i].normalized
      // A normal that is no number would become a colour that is none.
      let normal = unit * 0 == .zero ? unit : .zero
      let light = 0.2 + 0.8 * abs(normal.dot((eye - position).normalized))
      let color: SIMD3<Float> =
        if colored {
          SIMD3<Float>(mesh.colors[i])
        } else if style == .normals {
          (normal + 1) * 127.5
        } else {
          grey * light
        }
      let p = cameraFromWorld.apply(SIMD3<Double>(position))
      var vertex = ScreenVertex(
        x: .nan, y: .nan, inverseDepth: 0, color: SIMD4(color, light))
      let (u, v) = (p.x / p.z, p.y / p.z)
      // A lens model may fold back on itself beyond the view, and bring what is outside into it.
      if p.z > 1e-3, p.z < 1e6, u * u + v * v < reach * reach, let pixel = camera.project(p) {
        (vertex.x, vertex.y, vertex.inverseDepth) = (pixel.x, pixel.y, Float(1 / p.z))
      }
      return vertex
    }
  }

  /// How far from the axis vertices may be, on the plane z = 1: somewhat beyond the view's corners.
  private static func viewRadius(_ camera: CameraModel) -> Double {
    let (w, h) = (Double(camera.width), Double(camera.height))
    var radius = 0.0
    for u in [-0.5, w / 2, w - 0.5] {
      for v in [-0.5, h / 2, h - 0.5] {
        guard let d = camera.unproject(SIMD2(u, v)) else { continue }
        radius = max(radius, (d.x * d.x + d.y * d.y).squareRoot())
      }
    }
    return camera.distortion == .none ? 100 * radius : 1.2 * radius
  }

  /// Normals of the triangles around each vertex, weighted by their areas.
  private static func smoothNormals(_ mesh: TriangleMesh) -> [SIMD3<Float>] {
    var sums = [SIMD3<Float>](repeating: .zero, count: mesh.positions.count)
    for t in mesh.triangles {
      let a = mesh.positions[Int(t.x)]
      let normal = (mesh.positions[Int(t.y)] - a).cross(mesh.positions[Int(t.z)] - a)
      sums[Int(t.x)] += normal
      sums[Int(t.y)] += normal
      sums[Int(t.z)] += normal
    }
    return sums.map(\.normalized)
  }
}
