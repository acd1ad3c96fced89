public import CaptureCore

/// How the depth images of one instant are fused.
public struct FusionConfiguration: DocumentedConfiguration {
  /// Edge of the voxels, metres.
  public var voxel: Float = 0.006
  /// Largest distance that is told apart from empty space, in voxels.
  public var truncation: Float = 4

  /// All defaults.
  public init() {}

  /// A line for every key.
  public static let documentation = [
    ConfigurationField("voxel", "m", "Edge of the voxels that depth is fused into."),
    ConfigurationField(
      "truncation", "voxels", "Largest distance that is told apart from empty space."),
  ]

  /// - Throws: ``CaptureError`` `usage`, naming the key, when a value is out of its range.
  public func validate() throws(CaptureError) {
    try require("voxel", voxel, in: 0.001...0.5)
    try require("truncation", truncation, in: 2...16)
  }
}
