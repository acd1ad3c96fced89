public import CaptureCore
public import ClockEstimation
public import DepthFusion
public import FieldTraining
public import FrameSync
public import Meshing
public import RayObservations

/// Everything that a run can be told, as one tree: the effective one is `OUT/config.json`.
public struct JobConfiguration: DocumentedConfiguration {
  /// How surfaces are made.
  public enum Method: String, Codable, Sendable, CaseIterable {
    /// A field in space and time, trained on all frames.
    case field
    /// Fusion of each frame's depth images alone, in seconds: a preview, and what a field has to beat.
    case tsdf
  }

  /// How surfaces are made.
  public var method = Method.field
  /// Whether an image or a frame that cannot be used ends the run.
  public var strict = false
  /// Names of the cameras used; every camera without any. Frame sets are numbered as with all cameras.
  public var cameras: [String] = []
  /// Which frame sets are used.
  public var frames = FrameSelection()
  /// How the clocks of cameras are related that share no wire.
  public var clocks = ClockConfiguration()
  /// How images are put together into frame sets.
  public var sync = FrameSyncConfiguration()
  /// How depth images become observations.
  public var observations = ObservationConfiguration()
  /// How the field is trained.
  public var training = TrainingConfiguration()
  /// How a frame's depth images are fused, for the method `tsdf`.
  public var fusion = FusionConfiguration()
  /// How a surface is taken from a field.
  public var meshing = MeshingConfiguration()
  /// Which formats leave the program.
  public var export = ExportConfiguration()

  /// All defaults.
  public init() {}

  /// One line a key, the stages' keys behind the stages' names.
  public static let documentation: [ConfigurationField] =
    [
      .init(
        "method", "", "A trained field, or fusion of each frame alone.",
        choices: Method.allCases.map(\.rawValue)),
      .init("strict", "", "Whether an image or frame that cannot be used ends the run."),
      .init("cameras", "", "Names of the cameras used; an empty list uses all."),
    ]
    + lines(of: FrameSelection.self, under: "frames")
    + lines(of: ClockConfiguration.self, under: "clocks")
    + lines(of: FrameSyncConfiguration.self, under: "sync")
    + lines(of: ObservationConfiguration.self, under: "observations")
    + lines(of: TrainingConfiguration.self, under: "training")
    + lines(of: FusionConfiguration.self, under: "fusion")
    + lines(of: MeshingConfiguration.self, under: "meshing")
    + lines(of: ExportConfiguration.self, under: "export")

  private static func lines<Part: DocumentedConfiguration>(
    of part: Part.Type, under name: String
  ) -> [ConfigurationField] {
    Part.documentation.map {
      ConfigurationField("\(name).\($0.key)", $0.unit, $0.sentence, choices: $0.choices)
    }
  }

  /// How many fields a take of so many frame sets is trained as; see `training.window`.
  public func windows(frames: Int) -> Int {
    method == .field ? TrainingWindows(frames: max(0, frames), training).ranges.count : 1
  }

  /// Checks every range of every stage.
  public func validate() throws(CaptureError) {
    if let twice = cameras.indices.first(where: { cameras[..<$0].contains(cameras[$0]) }) {
      throw CaptureError(
        .usage, "Camera '\(cameras[twice])' is named twice.", at: "cameras",
        remedy: "Name each camera once.")
    }
    try validate(frames, "frames")
    try validate(clocks, "clocks")
    try validate(sync, "sync")
    try validate(observations, "observations")
    try validate(training, "training")
    try validate(fusion, "fusion")
    try validate(meshing, "meshing")
    try validate(export, "export")
  }

  /// Stages name their own keys; here they stand behind the stage's name.
  private func validate(_ part: some DocumentedConfiguration, _ name: String) throws(CaptureError) {
    do throws(CaptureError) {
      try part.validate()
    } catch {
      var error = error
      if !error.place.hasPrefix(name + ".") { error.place = "\(name).\(error.place)" }
      throw error
    }
  }
}
