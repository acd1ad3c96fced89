public import CaptureCore

extension SyntheticRigConfiguration {
  /// `synth` lists its knobs itself.
  public static let listingCommand = "fieldmesh synth --list"

  /// A line for every key, in the order of the properties.
  public static let documentation = [
    ConfigurationField("name", "", "Name of the take."),
    ConfigurationField("subject", "", "Which subject moves.", choices: Self.subjects),
    ConfigurationField("seed", "", "Chooses the subject's looks and every random defect."),
    ConfigurationField("speed", "", "How fast the subject moves, as a factor."),
    ConfigurationField("cameras", "", "Cameras on a ring around the subject."),
    ConfigurationField("distance", "m", "Mean distance of the cameras from the axis."),
    ConfigurationField(
      "distanceSpread", "m", "How far single cameras depart from the mean distance."),
    ConfigurationField("height", "m", "Mean height of the cameras."),
    ConfigurationField(
      "heightSpread", "m", "How far single cameras depart from the mean height."),
    ConfigurationField(
      "targetHeight", "m", "Height of the point that the colour lenses look at."),
    ConfigurationField("frames", "", "Triggers of the rig."),
    ConfigurationField("framesPerSecond", "Hz", "Rate of the triggers."),
    ConfigurationField("startTime", "s", "Time of the first trigger."),
    ConfigurationField("depthWidth", "px", "Width of depth images."),
    ConfigurationField("depthHeight", "px", "Height of depth images."),
    ConfigurationField("colorWidth", "px", "Width of colour images."),
    ConfigurationField("colorHeight", "px", "Height of colour images."),
    ConfigurationField("distortion", "", "Lens distortion, as a share of a real camera's."),
    ConfigurationField("depthUnit", "m", "Step of the depth images."),
    ConfigurationField("depthNear", "m", "Nearest depth measured."),
    ConfigurationField("depthFar", "m", "Furthest depth measured."),
    ConfigurationField("floor", "", "Whether there is a floor at y = 0."),
    ConfigurationField(
      "wallDistance", "m", "Distance of a wall towards -z from the axis; 0 leaves it out."),
    ConfigurationField(
      "masks", "", "Whether masks of the subject are recorded beside the colour images."),
    ConfigurationField("depthNoise", "", "Axial depth noise, as a factor."),
    ConfigurationField(
      "flyingPixels", "",
      "Share of mixed pixels at depth edges that are reported instead of dropped."),
    ConfigurationField("footprint", "px", "Diameter of a depth pixel's footprint."),
    ConfigurationField("randomDropout", "", "Share of depth pixels lost at random."),
    ConfigurationField("grazingLimit", "degrees", "Incidence beyond which depth pixels are lost."),
    ConfigurationField(
      "darkLimit", "",
      "Returned light below which depth pixels are lost (1: white, head-on, at 1 m)."),
    ConfigurationField("colorNoise", "steps", "Standard deviation of colour noise."),
    ConfigurationField(
      "exposureSpread", "",
      "Standard deviation of the logarithm of the cameras' exposures; half of it, of their red, green and blue."
    ),
    ConfigurationField(
      "wiredDelay", "s", "Wired delay of each camera after the one before it."),
    ConfigurationField(
      "clockOffset", "s", "Largest offset of a camera's clock; unwires the rig."),
    ConfigurationField(
      "clockDrift", "seconds per second", "Largest rate error of a camera's clock; unwires the rig."
    ),
    ConfigurationField(
      "exposurePhase", "s",
      "Largest delay of a free-running camera's shutter; unwires the rig."),
    ConfigurationField("timestampJitter", "s", "Standard deviation of recorded times."),
    ConfigurationField("droppedShare", "", "Share of images missing from each stream."),
    ConfigurationField(
      "rotationError", "degrees",
      "Angle by which each camera's calibration is wrong, but the reference's."),
    ConfigurationField(
      "translationError", "m",
      "Distance by which each camera's calibration is wrong, but the reference's."),
    ConfigurationField(
      "truthVoxel", "m", "Edge of the cells that the true surface is cut from."),
    ConfigurationField(
      "truthPlaces", "", "Places on the surface that are followed through all frames."),
  ]

  /// Checks every knob.
  /// - Throws: ``CaptureError`` `usage`, naming the first knob that is out of its limits.
  public func validate() throws(CaptureError) {
    try validateNames()
    try validateRig()
    try validateLenses()
    try validateDefects()
    try validatePairs()
  }

  private func validateRig() throws(CaptureError) {
    try require("seed", seed, in: 0...1_000_000_000_000_000)
    try require("speed", speed, in: 0...10)
    try require("cameras", cameras, in: 1...64)
    try require("distance", distance, in: 0.8...10)
    try require("distanceSpread", distanceSpread, in: 0...5)
    try require("height", height, in: 0.1...5)
    try require("heightSpread", heightSpread, in: 0...2)
    try require("targetHeight", targetHeight, in: 0...5)
    try require("frames", frames, in: 1...100_000)
    try require("framesPerSecond", framesPerSecond, in: 1...240)
    try require("startTime", startTime, in: 0...1e6)
  }

  private func validateLenses() throws(CaptureError) {
    try require("depthWidth", depthWidth, in: 16...4096)
    try require("depthHeight", depthHeight, in: 16...4096)
    try require("colorWidth", colorWidth, in: 16...8192)
    try require("colorHeight", colorHeight, in: 16...8192)
    try require("distortion", distortion, in: 0...1)
    try require("depthUnit", depthUnit, in: 0.00001...0.1)
    try require("depthNear", depthNear, in: 0.01...10)
    try require("depthFar", depthFar, in: 0.1...60)
    try require("wallDistance", wallDistance, in: 0...50)
  }

  private func validateDefects() throws(CaptureError) {
    try require("depthNoise", depthNoise, in: 0...100)
    try require("flyingPixels", flyingPixels, in: 0...1)
    try require("footprint", footprint, in: 0...3)
    try require("randomDropout", randomDropout, in: 0...1)
    try require("grazingLimit", grazingLimit, in: 0...90)
    try require("darkLimit", darkLimit, in: 0...10)
    try require("colorNoise", colorNoise, in: 0...255)
    try require("exposureSpread", exposureSpread, in: 0...1)
    try require("wiredDelay", wiredDelay, in: 0...1)
    try require("clockOffset", clockOffset, in: 0...1000)
    try require("clockDrift", clockDrift, in: 0...0.1)
    try require("exposurePhase", exposurePhase, in: 0...1)
    try require("timestampJitter", timestampJitter, in: 0...0.1)
    try require("droppedShare", droppedShare, in: 0...0.95)
    try require("rotationError", rotationError, in: 0...180)
    try require("translationError", translationError, in: 0...10)
    try require("truthVoxel", truthVoxel, in: 0.001...0.1)
    try require("truthPlaces", truthPlaces, in: 1...100_000)
  }

  private func validateNames() throws(CaptureError) {
    _ = try chosenSubject()
    guard !name.isEmpty, !name.contains("/") else {
      throw CaptureError(
        .usage, "`\(name)` is no name.", at: "name",
        remedy: "A name has at least one character and no slash.")
    }
  }

  /// The subject that ``subject`` names.
  func chosenSubject() throws(CaptureError) -> Subject {
    guard let chosen = Subject.all.first(where: { $0.name == subject }) else {
      throw CaptureError(
        .usage, "There is no subject `\(subject)`.", at: "subject",
        remedy: "Choose one of \(Self.subjects.joined(separator: ", ")).")
    }
    return chosen
  }

  /// Knobs that are right by themselves but do not go together.
  private func validatePairs() throws(CaptureError) {
    guard depthNear < depthFar else {
      throw CaptureError(
        .usage, "\(depthNear) m is not less than `depthFar`, \(depthFar) m.", at: "depthNear",
        remedy: "Choose a smaller one.")
    }
    guard truthPlaces * frames <= 12_000_000 else {
      throw CaptureError(
        .limitExceeded,
        "\(truthPlaces) places in \(frames) frames are more than 12000000, 300 MB.",
        at: "truthPlaces", remedy: "Choose fewer places.")
    }
    guard depthFar / depthUnit <= 65535 else {
      throw CaptureError(
        .usage, "\(depthFar) m is more than 65535 steps of \(depthUnit) m.", at: "depthFar",
        remedy: "Choose a coarser `depthUnit` or a smaller `depthFar`.")
    }
    guard distance - distanceSpread >= 0.7 else {
      throw CaptureError(
        .usage, "\(distanceSpread) m brings a camera nearer than 0.7 m to the axis.",
        at: "distanceSpread", remedy: "Choose a larger `distance` or a smaller spread.")
    }
  }
}
