public import CaptureCore
public import Foundation
internal import NumpyFiles

/// `<camera>/cameras_sphere.npz` of NeuS, IDR and ResFields: `world_mat_0 = K [R t]`, world to pixel,
/// metres, pixel centres at one half; `scale_mat_0` takes the unit sphere to the scene.
///
/// The sphere is put where the lenses look: its centre is nearest to all optical axes, its radius
/// half the mean distance of the lenses. On reading it is not needed: `world_mat` is metric here.
public enum NeuSFormat: CalibrationFormat {
  /// `neus`.
  public static let name = "neus"
  /// A folder with one for each camera.
  public static let isFolder = true
  private static let file = "cameras_sphere.npz"

  /// Writes a rig.
  public static func write(_ rig: CalibratedRig, to url: URL) throws(CaptureError) {
    let (center, radius) = sphere(rig)
    let scale = [
      radius, 0, 0, center.x, 0, radius, 0, center.y, 0, 0, radius, center.z, 0, 0, 0, 1,
    ]
    for camera in rig.cameras {
      guard !camera.id.contains(where: { $0 == "/" || $0 == "\0" }),
        !["", ".", ".."].contains(camera.id)
      else {
        throw CaptureError(
          .badInput,
          "The name `\(camera.id)` of a camera can be no folder's, and \(name) has one for each.",
          remedy: "Rename the camera in the calibration.")
      }
      let lens = try rig.lens(of: camera, format: name) { $0 == .none }
      let folder = url.appendingPathComponent(camera.id)
      try AtomicFile.makeFolder(folder)
      let arrays = [
        ("world_mat_0", projection(camera.worldFromColor, lens)), ("scale_mat_0", scale),
      ]
      var named: [(name: String, array: NumpyArray)] = []
      for (name, values) in arrays {
        named.append((name, try NumpyArray(shape: [4, 4], elements: .float64(values))))
      }
      try NumpyArchive.write(named, to: folder.appendingPathComponent(file))
    }
  }

  /// `K [R t]` with a fourth row, row-major.
  private static func projection(_ pose: RigidTransform, _ lens: CameraModel) -> [Double] {
    let m = pose.inverse.matrix
    let k = lens.intrinsics
    func row(_ f: Double, _ axis: Int, _ c: Double) -> [Double] {
      (0..<4).map { f * m[axis][$0] + (c + 0.5) * m[2][$0] }
    }
    return row(k.fx, 0, k.cx) + row(k.fy, 1, k.cy) + m[2] + [0, 0, 0, 1]
  }

  /// The point nearest to all optical axes by least squares, held near 2 m before the lenses where
  /// they are parallel.
  private static func sphere(_ rig: CalibratedRig) -> (SIMD3<Double>, Double) {
    let lenses = rig.cameras.map(\.worldFromColor)
    let count = Double(lenses.count)
    var point = lenses.reduce(.zero) { $0 + $1.apply(SIMD3(0, 0, 2)) } / count
    for _ in 0..<200 {
      let pulls = lenses.map { lens -> SIMD3<Double> in
        let (axis, d) = (lens.rotate(SIMD3(0, 0, 1)), point - lens.translation)
        return axis * d.dot(axis) - d
      }
      point += pulls.reduce(.zero, +) / count
    }
    let distance = lenses.reduce(0) { $0 + ($1.translation - point).length } / count
    return (point, max(0.1, distance / 2))
  }

  /// Reads a rig: a folder with one for each camera, in the order of their names.
  public static func read(_ url: URL) throws(CaptureError) -> CalibratedRig {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? []
    var cameras: [CalibratedRig.Camera] = []
    for id in names.sorted() {
      let archive = url.appendingPathComponent(id).appendingPathComponent(file)
      guard FileManager.default.fileExists(atPath: archive.path) else { continue }
      cameras.append(try camera(id, archive))
    }
    guard !cameras.isEmpty else {
      throw CaptureError(
        .badInput, "No folder in it holds a `\(file)`.", at: url.path,
        remedy: "Name the folder that has one for each camera.")
    }
    do {
      return try CalibratedRig(rig: url.lastPathComponent, cameras: cameras).checked()
    } catch {
      throw error.within(url.path)
    }
  }

  private static func camera(
    _ id: String, _ url: URL
  ) throws(CaptureError) -> CalibratedRig.Camera {
    let arrays = try NumpyArchive.read(url, limit: CalibrationFormats.limit)
    guard let world = arrays["world_mat_0"], [[4, 4], [3, 4]].contains(world.shape),
      let matrix = ProjectionMatrix(world.doubles())
    else {
      throw CaptureError(
        .badInput, "`world_mat_0` is missing, or no invertible 3x4 or 4x4 projection.",
        at: url.path)
    }
    let k = matrix.intrinsics
    // The layout does not tell the image's size; its centre is taken for the middle.
    let (width, height) = (2 * k.cx.rounded(), 2 * k.cy.rounded())
    guard (2...16384).contains(width), (2...16384).contains(height), abs(matrix.skew) < 1e-3 * k.fx
    else {
      throw CaptureError(
        .badInput, "`world_mat_0` is no camera with upright pixels and its centre in the image.",
        at: url.path)
    }
    return CalibratedRig.Camera(
      id: id, worldFromColor: matrix.cameraFromWorld.inverse,
      lens: CameraModel(
        width: Int(width), height: Int(height),
        intrinsics: Intrinsics(fx: k.fx, fy: k.fy, cx: k.cx - 0.5, cy: k.cy - 0.5)))
  }
}
