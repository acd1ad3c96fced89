public import CaptureCore

/// How depth images become observations.
public struct ObservationConfiguration: DocumentedConfiguration {
  /// Region of interest: lower x, y, z, upper x, y, z.
  public var box: [Double]?
  /// Space kept around the subject when the box is found automatically.
  public var boxMargin = 0.08
  /// Whether the floor is found and cut away.
  public var cutFloor = true
  /// Height above the floor below which depth belongs to it.
  public var floorHeight = 0.015
  /// Nearest z-depth used, besides each camera's own range.
  public var nearest = 0.1
  /// Farthest z-depth used, besides each camera's own range.
  public var farthest = 8.0
  /// Share of a pixel's 5 x 5 neighbours that must lie near its depth.
  public var support = 0.35
  /// What counts as near for `support`.
  public var supportDepth = 0.03
  /// Standard deviation of the local average over pixels.
  public var smoothing = 0.8
  /// Sets before and after one that a camera's surface is averaged with, moved as the subject moved.
  public var averageSets = 2
  /// Standard deviation of this average along the surface; 0 for none.
  public var averageRadius = 0.005
  /// Largest angle between ray and normal.
  public var largestIncidence = 78.0
  /// Depth noise at zero distance.
  public var noiseBase = 0.0003
  /// Growth of the depth noise with the square of z.
  public var noiseSquare = 0.0008
  /// How far in front of a measured depth space counts as free.
  public var freeMargin = 0.03
  /// Pixels around a silhouette in which nothing counts as free.
  public var freePixels = 2
  /// Edge of the cells in which it is decided what is inside where nobody looks; more where pixels are
  /// coarser.
  public var hiddenCell = 0.01
  /// Least width of an opening towards the ground behind which what nobody sees is taken to be hollow, as a
  /// skirt is; 0 for no hollows.
  public var opening = 0.12
  /// How near in time a camera's other images must be to stand in for a missing one, moved as the other
  /// cameras saw the subject move; 0 for never.
  public var bridge = 0.25
  /// Whether the cameras' colours are brought to each other: exposures and white balances differ.
  public var balanceColors = true
  /// Whether a large area without any return, in front of which something moves, counts as empty.
  public var noReturnIsFree = true
  /// Pixels around the subject's silhouette in which every free ray is kept.
  public var silhouetteBand = 25
  /// Frame sets looked at to find the box, the floor and the background.
  public var surveyFrames = 24

  /// All defaults.
  public init() {}

  /// Standard deviation of a depth `z` seen head-on, metres: `noiseBase + noiseSquare z²`.
  func noise(_ z: Float) -> Float { Float(noiseBase) + Float(noiseSquare) * z * z }

  /// One line a key.
  public static let documentation: [ConfigurationField] = [
    .init(
      "box", "m", "Region of interest as six numbers, lower x y z and upper x y z; null finds it."),
    .init("boxMargin", "m", "Space kept around the subject when the box is found automatically."),
    .init("cutFloor", "", "Whether the floor plane is found and cut away."),
    .init("floorHeight", "m", "Height above the floor below which depth belongs to the floor."),
    .init("nearest", "m", "Nearest z-depth used, besides each camera's own range."),
    .init("farthest", "m", "Farthest z-depth used, besides each camera's own range."),
    .init("support", "", "Share of a pixel's 5x5 neighbours that must lie near its depth."),
    .init("supportDepth", "m", "What counts as near for `support`, for a surface seen head-on."),
    .init("smoothing", "px", "Standard deviation of the local average; 0 keeps raw depth."),
    .init(
      "averageSets", "frames",
      "Sets before and after one that are averaged with it, moved as the subject moved; fields only."
    ),
    .init(
      "averageRadius", "m", "Standard deviation of this average along the surface; 0: no average."),
    .init("largestIncidence", "deg", "Largest angle between a ray and the surface's normal."),
    .init("noiseBase", "m", "Depth noise (standard deviation) at zero distance."),
    .init("noiseSquare", "1/m", "Growth of the depth noise with the square of z."),
    .init("freeMargin", "m", "How far in front of a measured depth space counts as free."),
    .init("freePixels", "px", "Width around silhouettes in which nothing counts as free."),
    .init("hiddenCell", "m", "Smallest cells that tell inside from outside where nobody looks."),
    .init(
      "opening", "m",
      "Least width of an opening towards the ground that makes what is behind it hollow; 0: never."),
    .init(
      "bridge", "s",
      "How near in time a camera's other images must be to stand in for a missing one, and sets to be "
        + "averaged; 0: never."),
    .init(
      "balanceColors", "", "Whether differing exposures and white balances are evened out."),
    .init(
      "noReturnIsFree", "", "Whether large areas that never return depth count as empty space."),
    .init("silhouetteBand", "px", "Width around the subject in which every free ray is kept."),
    .init(
      "surveyFrames", "frames", "Frame sets looked at to find the box, the floor, the background."),
  ]

  /// Checks every range.
  public func validate() throws(CaptureError) {
    try require("observations.boxMargin", boxMargin, in: 0...2)
    try require("observations.floorHeight", floorHeight, in: 0...0.5)
    try require("observations.nearest", nearest, in: 0...20)
    try require("observations.farthest", farthest, in: 0.01...8.1)
    try require("observations.support", support, in: 0...1)
    try require("observations.supportDepth", supportDepth, in: 0.001...1)
    try require("observations.smoothing", smoothing, in: 0...2)
    try require("observations.averageSets", averageSets, in: 0...8)
    if averageRadius != 0 {
      try require("observations.averageRadius", averageRadius, in: 0.0005...0.05)
    }
    try require("observations.largestIncidence", largestIncidence, in: 1...89)
    try require("observations.noiseBase", noiseBase, in: 0...0.1)
    try require("observations.noiseSquare", noiseSquare, in: 0...0.1)
    try require("observations.freeMargin", freeMargin, in: 0...1)
    try require("observations.hiddenCell", hiddenCell, in: 0.002...1)
    try require("observations.opening", opening, in: 0...10)
    try require("observations.bridge", bridge, in: 0...2)
    try require("observations.freePixels", freePixels, in: 0...32)
    try require("observations.silhouetteBand", silhouetteBand, in: 1...1000)
    try require("observations.surveyFrames", surveyFrames, in: 1...200)
    guard let box else { return }
    guard box.count == 6, box.allSatisfy({ abs($0) <= 1000 }),
      (0..<3).allSatisfy({ box[$0] < box[$0 + 3] })
    else {
      throw CaptureError(
        .usage, "The box must be six numbers of at most 1,000 m, lower corner first.",
        at: "observations.box",
        remedy: "Write for example [-1, 0, -1, 1, 2, 1], in world metres.")
    }
  }
}
