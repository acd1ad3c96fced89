public import CaptureCore

/// One camera as the alignment sees it.
public struct AlignmentCamera: Sendable {
  /// The device.
  public var description: CameraDescription
  /// Colour lens to world, as far as it is known.
  public var worldFromColor: RigidTransform
  /// Times of the depth images on the rig's clock, ascending, seconds.
  public var times: [Double]
  /// Which image of the recording's depth stream each time belongs to.
  public var indices: [Int]
  /// The clock of the camera: cameras of one number share it, 0 is the rig's own.
  public var clock: Int
  /// Standard deviation of the clock's offset, seconds; infinite where nothing is known.
  public var clockDeviation: Double

  /// A camera with its depth images.
  public init(
    description: CameraDescription, worldFromColor: RigidTransform, times: [Double],
    indices: [Int], clock: Int = 0, clockDeviation: Double = 0
  ) {
    (self.description, self.worldFromColor) = (description, worldFromColor)
    (self.times, self.indices) = (times, indices)
    (self.clock, self.clockDeviation) = (clock, clockDeviation)
  }
}
