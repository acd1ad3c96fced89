public import CalibrationTargets
public import CaptureCore
internal import CaptureTestSupport

/// A picture of a board as a pinhole camera without noise would take it.
public struct BoardPicture: Sendable {
  /// The board.
  public var target: CalibrationTarget
  /// Size of the picture and focal length, pixels; the optical axis meets the middle.
  public var width = 320, height = 240
  /// Focal length, pixels.
  public var focal = 330.0
  /// Rotation vector of the board, radians, and where its middle is before the camera, metres.
  public var turn = SIMD3(0.25, -0.3, 0.1)
  /// Place of the board's middle, metres.
  public var middle: SIMD3<Double>

  /// A board that fills a share of the picture.
  public init(_ target: CalibrationTarget, fill: Double = 0.8) {
    self.target = target
    middle = SIMD3(0, 0, 330 * max(target.size.x / 320, target.size.y / 240) / fill)
  }

  /// The lens.
  public var model: CameraModel {
    CameraModel(
      width: width, height: height,
      intrinsics: Intrinsics(
        fx: focal, fy: focal, cx: Double(width) / 2, cy: Double(height) / 2))
  }

  /// Board to lens.
  public var pose: RigidTransform {
    let rotation = RigidTransform.turn(turn)
    let center = SIMD3(target.size.x / 2, target.size.y / 2, 0)
    return RigidTransform(rows: rotation.rows, translation: middle - rotation.rotate(center))
  }

  /// The pixel of a point of the board.
  public func pixel(_ p: SIMD3<Double>) -> SIMD2<Double> {
    model.project(pose.apply(p)) ?? .zero
  }

  /// The picture.
  public func image() throws -> GreyImage {
    var samples = [UInt8](repeating: PrintedBoard.white, count: width * height)
    PrintedBoard(target, cells: 5000).draw(
      into: &samples, width: width, height: height, model.intrinsics, cameraFromBoard: pose)
    return try GreyImage(width: width, height: height, samples: samples)
  }
}
