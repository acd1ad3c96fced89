public import CaptureCore
internal import FieldTraining
internal import Meshing

/// A configuration with a name.
public struct JobPreset: Sendable {
  /// What `--preset` calls it.
  public let name: String
  /// What it is for, as a sentence.
  public let sentence: String
  /// The configuration.
  public let configuration: JobConfiguration

  private init(
    _ name: String, _ sentence: String, _ change: (inout JobConfiguration) -> Void = { _ in }
  ) {
    var configuration = JobConfiguration()
    change(&configuration)
    (self.name, self.sentence, self.configuration) = (name, sentence, configuration)
  }

  /// Every preset; one line adds one.
  public static let all = [
    JobPreset("preview", "A small field and coarse meshes: a first look.") {
      ($0.training.width, $0.training.depth) = (64, 6)
      ($0.training.rank, $0.training.bands, $0.training.steps) = (8, 6, 1500)
      $0.meshing.voxel = 0.008
    },
    JobPreset("standard", "The default."),
    JobPreset("fine", "Longer training and finer meshes.") {
      $0.training.steps = 40_000
      $0.meshing.voxel = 0.003
    },
  ]

  /// The preset of a name.
  /// - Throws: ``CaptureError`` `usage`, listing the names there are.
  public static func named(_ name: String) throws(CaptureError) -> JobPreset {
    guard let preset = all.first(where: { $0.name == name }) else {
      throw CaptureError(
        .usage, "There is no preset '\(name)'.", at: "--preset",
        remedy: "Choose one of: \(all.map(\.name).joined(separator: ", ")).")
    }
    return preset
  }
}
