public import CaptureCore

/// How a surface is taken from a field.
public struct MeshingConfiguration: DocumentedConfiguration {
  /// What is cut off a closed surface.
  public enum Trim: String, Codable, Sendable, CaseIterable {
    /// Nothing: what nobody saw is closed plausibly.
    case none
    /// Faces with a corner that no camera saw: the surface is open there.
    case unseen
  }

  /// Edge of the cells that the surface is cut from, metres.
  public var voxel: Float = 0.004
  /// Halvings between the coarsest and the finest cells.
  public var halvings = 5
  /// Largest gradient norm that the field is trusted to have: how fast distances may change.
  public var steepness: Float = 1.25
  /// Newton steps that move vertices onto the zero set.
  public var refinementSteps = 1
  /// Frames before and after one whose fields steady its surface; 0: none.
  public var steadyFrames = 1
  /// What sheets of which cameras saw one side alone measure across, metres; 0 leaves them as the field has them.
  public var sheets: Float = 0.003
  /// Smallest component that is kept, as a share of the largest one's area.
  public var smallestShare: Float = 0.002
  /// Smallest component that is kept, square metres.
  public var smallestArea: Float = 0.001
  /// How near observations a tenth of a component must lie for it to be kept, metres; 0 keeps
  /// unobserved ones. A lone component always stays.
  public var observedWithin: Float = 0.05
  /// Whether closed surfaces that face inward, hollows that nobody can see, are kept.
  public var hollows = false
  /// Whether space that a camera saw through is cut away.
  public var carve = true
  /// Whether vertices get colours.
  public var color = true
  /// Whether vertices take the colours that were seen there at the mesh's instant, or around what nobody saw.
  public var seenColors = true
  /// Whether vertices get a confidence: how well cameras saw them. Previews do without, unless trimmed.
  public var confidence = true
  /// What is cut off.
  public var trim = Trim.none

  /// All defaults.
  public init() {}

  /// A line for every key.
  public static let documentation = [
    ConfigurationField("voxel", "m", "Edge of the cells that the surface is cut from."),
    ConfigurationField("halvings", "", "Halvings between the coarsest and the finest cells."),
    ConfigurationField(
      "steepness", "", "Largest gradient norm of the field; higher searches more cells."),
    ConfigurationField(
      "refinementSteps", "", "Newton steps that move vertices onto the zero set."),
    ConfigurationField(
      "steadyFrames", "frames",
      "Frames before and after one that steady its surface, as the subject moved; 0 leaves it as the field has it."
    ),
    ConfigurationField(
      "sheets", "m",
      "What sheets of which cameras saw one side alone, such as capes, measure across; 0 leaves them as the field has them."
    ),
    ConfigurationField(
      "smallestShare", "", "Components below this share of the largest one's area are dropped."),
    ConfigurationField(
      "smallestArea", "m²", "Components below this area are dropped."),
    ConfigurationField(
      "observedWithin", "m",
      "Components of which less than a tenth lies so near to observations are dropped; 0 keeps all."
    ),
    ConfigurationField(
      "hollows", "", "Whether closed surfaces around hollows, which nobody can see, are kept."),
    ConfigurationField("carve", "", "Whether space that a camera saw through is cut away."),
    ConfigurationField("color", "", "Whether vertices get colours."),
    ConfigurationField(
      "seenColors", "",
      "Whether vertices take the colours that cameras saw there, or around it, instead of the field's blurred ones."
    ),
    ConfigurationField(
      "confidence", "",
      "Whether vertices of a trained field get a confidence: how many cameras saw them, how well."),
    ConfigurationField(
      "trim", "", "What is cut off the closed surface: nothing, or what no camera saw.",
      choices: Trim.allCases.map(\.rawValue)),
  ]

  /// Whether anything asks how well cameras saw the vertices.
  var needsConfidence: Bool { confidence || trim == .unseen || sheets > 0 }

  /// - Throws: ``CaptureError`` `usage`, naming the key, when a value is out of its range.
  public func validate() throws(CaptureError) {
    try require("voxel", voxel, in: 0.0005...0.5)
    try require("halvings", halvings, in: 1...8)
    try require("steepness", steepness, in: 0.5...10)
    try require("refinementSteps", refinementSteps, in: 0...8)
    try require("steadyFrames", steadyFrames, in: 0...8)
    try require("sheets", sheets, in: 0...0.02)
    try require("smallestShare", smallestShare, in: 0...1)
    try require("smallestArea", smallestArea, in: 0...100)
    try require("observedWithin", observedWithin, in: 0...10)
  }
}
