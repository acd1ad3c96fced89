public import CaptureCore
internal import Foundation
internal import SyntheticRigs

/// What a small synthetic rig saw, for writing it in every format that is read.
public struct FixtureSource: Sendable {
  /// One camera: where it stands, its lenses, its images.
  public struct Camera: Sendable {
    /// Name, and serial number.
    public var id: String
    /// The lenses, without distortion.
    public var color, depth: CameraModel
    /// Depth lens to colour lens.
    public var colorFromDepth: RigidTransform
    /// Colour lens to world.
    public var worldFromColor: RigidTransform
    /// The images, one of each kind for each of ``FixtureSource/times``.
    public var colors: [ColorImage], depths: [DepthImage]
  }

  /// Rate of the images, hertz.
  public static let rate = 15.0
  /// Times of the images, seconds.
  public static let times = (0..<3).map { 1 + Double($0) / rate }

  /// The cameras.
  public var cameras: [Camera]

  /// Where the cameras stand.
  public var calibration: RigCalibration {
    let worldFromRig = cameras[0].worldFromColor
    return RigCalibration(
      rig: "fixture", reference: cameras[0].id,
      rigFromColor: Dictionary(
        uniqueKeysWithValues: cameras.map { ($0.id, worldFromRig.inverse * $0.worldFromColor) }),
      worldFromRig: worldFromRig)
  }

  /// Four cameras with a lens for depth and another one for colour.
  public static let twoLenses: FixtureSource = {
    var knobs = SyntheticRigConfiguration.tiny
    (knobs.frames, knobs.framesPerSecond, knobs.distortion) = (times.count, rate, 0)
    (knobs.colorWidth, knobs.colorHeight) = (64, 36)
    guard let rig = try? SyntheticRig(knobs) else { fatalError("the knobs are in their limits") }
    return FixtureSource(
      cameras: rig.trueCameras.indices.map { camera in
        let placed = rig.trueCameras[camera]
        guard let color = placed.description.color, let depth = placed.description.depth else {
          fatalError("synthetic cameras have both lenses")
        }
        return Camera(
          id: placed.description.id, color: color, depth: depth,
          colorFromDepth: placed.description.colorFromDepth,
          worldFromColor: placed.worldFromColor,
          colors: times.indices.map { rig.color(camera: camera, frame: $0) },
          depths: times.indices.map { rig.depth(camera: camera, frame: $0).measured })
      })
  }()

  /// The same, with colour carried to the depth lens: one lens, registered images.
  public static let oneLens = FixtureSource(
    cameras: twoLenses.cameras.map { camera in
      var camera = camera
      camera.colors = zip(camera.colors, camera.depths).map { registered($0, to: $1, camera) }
      camera.worldFromColor = camera.worldFromColor * camera.colorFromDepth
      (camera.color, camera.colorFromDepth) = (camera.depth, .identity)
      return camera
    })

  private static func registered(
    _ color: ColorImage, to depth: DepthImage, _ camera: Camera
  ) -> ColorImage {
    var pixels: [UInt8] = []
    for v in 0..<depth.height {
      for u in 0..<depth.width {
        let z = depth.meters(u, v) > 0 ? Double(depth.meters(u, v)) : 2
        let ray = camera.depth.unproject(SIMD2(Double(u), Double(v))) ?? SIMD3(0, 0, 1)
        let pixel = camera.color.project(camera.colorFromDepth.apply(ray * z)) ?? .zero
        let x = min(max(Int(pixel.x.rounded()), 0), color.width - 1)
        let y = min(max(Int(pixel.y.rounded()), 0), color.height - 1)
        pixels += color.pixels[3 * (y * color.width + x)..<3 * (y * color.width + x + 1)]
      }
    }
    guard let image = try? ColorImage(width: depth.width, height: depth.height, pixels: pixels)
    else { fatalError("one colour a pixel") }
    return image
  }
}
