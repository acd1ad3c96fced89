public import CaptureCore
public import NeuralFields

/// How a field is trained. Loss weights are `[at the first step, at the last]`, linear in between.
public struct TrainingConfiguration: DocumentedConfiguration {
  /// Name of the field in the list of fields.
  public var field = "resfield"
  /// Neurons a layer.
  public var width = 128
  /// Hidden layers.
  public var depth = 8
  /// Rank of the ResField layers; -1 tells it from the take.
  public var rank = -1
  /// Hidden layers with a residual, from the second on; 0 gives it to all but the first.
  public var residualLayers = 0
  /// Frequency bands of the encoding.
  public var bands = 7
  /// Coefficient rows; 0 takes one a frame.
  public var capacity = 0
  /// Optimiser steps; 0 tells them from the take.
  public var steps = 0
  /// Frames a step draws from.
  public var framesPerStep = 2
  /// Most frames that one field is trained on: longer takes are trained in windows; 0 for no limit.
  public var window = 0
  /// Frames that windows share, over which one field gives way to the next.
  public var overlap = 8
  /// Depth pixels drawn a frame and step.
  public var raysPerFrame = 480
  /// Near-surface points a depth pixel.
  public var nearPerRay = 1
  /// Free-space points a depth pixel.
  public var freePerRay = 1
  /// Points on rays that meet no subject, a frame and step.
  public var backgroundPerFrame = 140
  /// Points where no camera looks, a frame and step.
  public var hiddenPerFrame = 130
  /// Points anywhere in the box, a frame and step.
  public var uniformPerFrame = 90
  /// Points along a rendered ray.
  public static let pointsPerRenderedRay = TrainingBatch.raySamples
  /// Rays rendered a frame and step, ``pointsPerRenderedRay`` points each.
  public var renderedPerFrame = 4
  /// Standard deviation of the near-surface points' offsets, metres.
  public var nearSigma = 0.012
  /// Radius over which neighbouring observations are averaged into a target, metres.
  public var targetRadius = 0.006
  /// Distance beyond which targets are bounds only, metres.
  public var truncation = 0.03
  /// Learning rate at its peak.
  public var rate = 0.002
  /// Share of the rate that is left at the end.
  public var finalRate = 0.02
  /// Steps until the rate reaches its peak.
  public var warmup = 100
  /// What the matrices between hidden layers follow.
  public var optimizer = MatrixRule.muon
  /// Factor on the rate of these matrices, with `muon`.
  public var matrixRate = 3.0
  /// Share of the bands that passes at the first step.
  public var coarseStart = 0.4
  /// Share of the steps after which all bands pass.
  public var coarseUntil = 0.5
  /// Width of the rendered density, metres, first and last: the larger, the more blurred.
  public var renderBeta = [0.02, 0.005]
  /// Weight of the distance at surface and near-surface points.
  public var distanceWeight = [10.0, 10.0]
  /// Weight of bounds in free space.
  public var freeWeight = [10.0, 10.0]
  /// Weight of unit gradients.
  public var eikonalWeight = [0.1, 0.1]
  /// Weight of normals at surface points.
  public var normalWeight = [0.3, 0.3]
  /// Weight of colour at surface points.
  public var colorWeight = [0.3, 0.3]
  /// Weight of rendered depth.
  public var renderDepthWeight = [0.1, 0.1]
  /// Weight of rendered colour.
  public var renderColorWeight = [0.02, 0.02]
  /// Weight of rendered opacity against the subject's mask.
  public var renderMaskWeight = [0.01, 0.01]
  /// Whether the cameras' poses, and the clocks of those that share no wire, are refined in between.
  public var refinePoses = false
  /// Times that poses are refined.
  public var refineRounds = 12
  /// Share of the steps before the first refinement.
  public var refineFrom = 0.2
  /// Share of the steps before the last refinement.
  public var refineUntil = 0.85
  /// Frames that a refinement looks at.
  public var refineFrames = 8
  /// Expected error of a camera's place (standard deviation), metres.
  public var refineTranslation = 0.005
  /// Expected error of a camera's direction (standard deviation), degrees.
  public var refineRotation = 0.3
  /// Expected error of a camera's clock (standard deviation), seconds.
  public var refineTime = 0.003
  /// Steps between checkpoints.
  public var checkpointSteps = 500
  /// Seed of everything random.
  public var seed: UInt64 = 1

  /// The defaults.
  public init() {}

  /// The sizes of a field of a rank, which may be the take's.
  func size(rank: Int) -> FieldSize {
    FieldSize(
      width: width, depth: depth, rank: rank, bands: bands, residualLayers: residualLayers)
  }

  /// One line a key.
  public static let documentation: [ConfigurationField] = [
    .init("field", "", "Name of the field: resfield or siren."),
    .init("width", "", "Neurons a layer."),
    .init("depth", "", "Hidden layers of the distance; siren has four."),
    .init(
      "rank", "",
      "Rank of the residual of each ResField layer; -1 tells it from the take's motion and length."),
    .init(
      "residualLayers", "",
      "Hidden layers with a residual, from the second on; 0 for all but the first."),
    .init("bands", "", "Frequency bands of the encoding; siren has none."),
    .init("capacity", "", "Coefficient rows of the ResField layers; 0 takes one a frame."),
    .init(
      "steps", "steps",
      "Optimiser steps; 0 tells them from the take: \(TakeMotion.calmSteps), up to twice as many where much moves from frame to frame."
    ),
    .init("framesPerStep", "frames", "Frames that a step draws from."),
    .init(
      "window", "frames",
      "Longer takes are trained in windows of so many frames, each all the steps; 0 for never."),
    .init("overlap", "frames", "Frames that windows share, to blend their surfaces."),
    .init("raysPerFrame", "", "Depth pixels drawn a frame and step."),
    .init("nearPerRay", "", "Near-surface points a depth pixel."),
    .init("freePerRay", "", "Free-space points a depth pixel."),
    .init("backgroundPerFrame", "", "Points on rays that meet no subject, a frame and step."),
    .init("hiddenPerFrame", "", "Points where no camera looks, a frame and step."),
    .init("uniformPerFrame", "", "Points anywhere in the box, a frame and step."),
    .init("renderedPerFrame", "", "Rays rendered a frame and step, 32 points each."),
    .init("nearSigma", "m", "Standard deviation of the near-surface points' offsets."),
    .init("targetRadius", "m", "Radius over which observations are averaged into a target."),
    .init("truncation", "m", "Distance beyond which targets are bounds only."),
    .init("rate", "", "Learning rate at its peak."),
    .init("finalRate", "", "Share of the rate that is left at the last step."),
    .init("warmup", "steps", "Steps until the rate reaches its peak."),
    .init(
      "optimizer", "", "What hidden layers' matrices follow; the rest follows Adam.",
      choices: MatrixRule.allCases.map(\.rawValue)),
    .init("matrixRate", "", "Factor on the rate of these matrices, with muon."),
    .init("coarseStart", "", "Share of the bands that passes at the first step."),
    .init("coarseUntil", "", "Share of the steps after which all bands pass."),
    .init("renderBeta", "m", "Width of the rendered density, at the first and the last step."),
    .init("distanceWeight", "", "Weight of distances at and near the surface, first and last."),
    .init("freeWeight", "", "Weight of bounds in free space, first and last."),
    .init("eikonalWeight", "", "Weight of unit gradients, first and last."),
    .init("normalWeight", "", "Weight of normals at the surface, first and last."),
    .init("colorWeight", "", "Weight of colour at the surface, first and last."),
    .init("renderDepthWeight", "", "Weight of rendered depth, first and last."),
    .init("renderColorWeight", "", "Weight of rendered colour, first and last."),
    .init("renderMaskWeight", "", "Weight of rendered opacity, first and last."),
    .init(
      "refinePoses", "", "Whether small errors of the cameras' poses and clocks are corrected."),
    .init("refineRounds", "", "Times that poses are refined."),
    .init("refineFrom", "", "Share of the steps before the first refinement."),
    .init("refineUntil", "", "Share of the steps before the last refinement."),
    .init("refineFrames", "frames", "Frames that a refinement looks at."),
    .init("refineTranslation", "m", "Expected error of a camera's place: holds it by so much."),
    .init("refineRotation", "deg", "Expected error of a camera's direction."),
    .init("refineTime", "s", "Expected error of an unwired camera's clock."),
    .init("checkpointSteps", "steps", "Steps between checkpoints."),
    .init("seed", "", "Seed of everything random."),
  ]

  /// Steps at least: how fast a take moves is known from its observations alone.
  public var leastSteps: Int { steps > 0 ? steps : TakeMotion.calmSteps }

  /// Checks every range.
  public func validate() throws(CaptureError) {
    guard BuiltinFields.all.contains(where: { $0.name == field }) else {
      let names = BuiltinFields.all.map(\.name).joined(separator: ", ")
      throw CaptureError(
        .usage, "There is no field '\(field)'.", at: "training.field",
        remedy: "Choose one of: \(names).")
    }
    for (key, value, range) in [
      ("width", width, 8...512), ("depth", depth, 2...20), ("rank", rank, -1...128),
      ("residualLayers", residualLayers, 0...20),
      ("bands", bands, 0...12), ("capacity", capacity, 0...100_000),
      ("steps", steps, 0...10_000_000),
      ("framesPerStep", framesPerStep, 1...64), ("window", window, 0...1_000_000),
      ("overlap", overlap, 3...100_000), ("raysPerFrame", raysPerFrame, 1...65536),
      ("nearPerRay", nearPerRay, 0...16), ("freePerRay", freePerRay, 0...16),
      ("backgroundPerFrame", backgroundPerFrame, 0...65536),
      ("hiddenPerFrame", hiddenPerFrame, 0...65536),
      ("uniformPerFrame", uniformPerFrame, 0...65536),
      ("renderedPerFrame", renderedPerFrame, 0...4096), ("warmup", warmup, 0...100_000),
      ("checkpointSteps", checkpointSteps, 1...1_000_000),
      ("refineRounds", refineRounds, 1...1000), ("refineFrames", refineFrames, 1...64),
    ] as [(String, Int, ClosedRange<Int>)] {
      try require("training." + key, value, in: range)
    }
    try validateWindows()
    try require("training.nearSigma", nearSigma, in: 0.0001...1)
    try require("training.targetRadius", targetRadius, in: 0.0005...0.01)
    try require("training.truncation", truncation, in: 0.001...1)
    try require("training.rate", rate, in: 1e-7...1)
    try require("training.matrixRate", matrixRate, in: 0...100)
    try require("training.finalRate", finalRate, in: 0...1)
    try require("training.coarseStart", coarseStart, in: 0...1)
    try require("training.coarseUntil", coarseUntil, in: 0...1)
    try require("training.refineFrom", refineFrom, in: 0...1)
    try require("training.refineUntil", refineUntil, in: refineFrom...1)
    try require("training.refineTranslation", refineTranslation, in: 1e-5...0.1)
    try require("training.refineRotation", refineRotation, in: 0.001...5)
    try require("training.refineTime", refineTime, in: 1e-6...0.1)
    for (key, pair) in BuiltinLosses.all.map({ ($0.weightKey, $0.weight(self)) })
      + [("renderBeta", renderBeta)]
    {
      guard pair.count == 2, pair.allSatisfy({ $0.isFinite && $0 >= 0 && $0 <= 1e6 }) else {
        throw CaptureError(
          .usage, "The value must be two numbers, for the first and the last step.",
          at: "training." + key, remedy: "Write for example [1, 0.1].")
      }
    }
    guard renderBeta[0] > 0, renderBeta[1] > 0 else {
      throw CaptureError(
        .usage, "The width of the density must not be 0.", at: "training.renderBeta")
    }
  }

  private func validateWindows() throws(CaptureError) {
    guard window > 0 else { return }
    guard window >= 3 * overlap else {
      throw CaptureError(
        .usage, "Windows of \(window) frames cannot share \(overlap) frames.",
        at: "training.window",
        remedy: "Choose at least three times training.overlap, or 0 for one field.")
    }
    // Each window would move the cameras by itself, and the meshes with them.
    guard !refinePoses else {
      throw CaptureError(
        .usage, "Poses are refined with one field over all frames, not with windows.",
        at: "training.refinePoses",
        remedy:
          "Refine them on some frames (frames.first, frames.end) without training.window, and use the calibration.json that this leaves in OUT/train."
      )
    }
  }
}
