/// The stages that a take passes, in this order; each has a folder of this name in the output.
public enum StageName: String, Codable, CaseIterable, Sendable {
  /// Pairs the images of the cameras and checks that each can be read.
  case pair
  /// Turns depth images into surface points, free rays and cleaned depth.
  case observe
  /// Fits the field to all observations.
  case train
  /// Extracts one mesh a frame.
  case mesh
  /// Writes the meshes in the formats asked for, with their table of contents.
  case export
}
