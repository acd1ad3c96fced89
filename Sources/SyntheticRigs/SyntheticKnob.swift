/// One number of a ``SyntheticRigConfiguration``: what it means and what it may be.
public struct SyntheticKnob: Sendable {
  /// Name of the property.
  public let name: String
  /// Unit in words; empty for counts and factors.
  public let unit: String
  /// What the knob does, as a sentence.
  public let sentence: String
  /// Values that are accepted, both ends included.
  public let limits: ClosedRange<Double>
  /// Whether only whole numbers are accepted.
  public let isWhole: Bool
  /// Reads the knob.
  public let value: @Sendable (SyntheticRigConfiguration) -> Double
  /// Sets the knob; whole knobs round.
  public let set: @Sendable (inout SyntheticRigConfiguration, Double) -> Void

  /// The value as it is written in messages.
  func text(_ value: Double) -> String {
    isWhole && abs(value) < 1e15 ? "\(Int(value))" : "\(value)"
  }

  /// The remedy of an error about this knob.
  var limitsText: String {
    let unit = unit.isEmpty ? "" : " \(unit)"
    return "It must lie in \(text(limits.lowerBound))...\(text(limits.upperBound))\(unit)."
  }

  fileprivate init(
    _ name: String, _ path: any WritableKeyPath<SyntheticRigConfiguration, Double> & Sendable,
    _ limits: ClosedRange<Double>, _ sentence: String, in unit: String = ""
  ) {
    (self.name, self.unit, self.sentence, self.limits) = (name, unit, sentence, limits)
    isWhole = false
    value = { $0[keyPath: path] }
    set = { $0[keyPath: path] = $1 }
  }

  fileprivate init(
    _ name: String, _ path: any WritableKeyPath<SyntheticRigConfiguration, Int> & Sendable,
    _ limits: ClosedRange<Double>, _ sentence: String, in unit: String = ""
  ) {
    (self.name, self.unit, self.sentence, self.limits) = (name, unit, sentence, limits)
    isWhole = true
    value = { Double($0[keyPath: path]) }
    set = { $0[keyPath: path] = Int(max(min($1.rounded(), 1e15), -1e15)) }
  }
}

extension SyntheticRigConfiguration {
  /// Every number that can be chosen, in the order of the properties.
  public static let knobs: [SyntheticKnob] = subjectKnobs + rigKnobs + lensKnobs + defectKnobs

  private static let subjectKnobs: [SyntheticKnob] = [
    SyntheticKnob("seed", \.seed, 0...1e15, "Chooses the subject's looks and every random defect."),
    SyntheticKnob("speed", \.speed, 0...10, "How fast the subject moves, as a factor."),
  ]

  private static let rigKnobs: [SyntheticKnob] = [
    SyntheticKnob("cameras", \.cameras, 1...64, "Cameras on a ring around the subject."),
    SyntheticKnob(
      "distance", \.distance, 0.8...10, "Mean distance of the cameras from the axis.", in: "metres"),
    SyntheticKnob(
      "distanceSpread", \.distanceSpread, 0...5,
      "How far single cameras depart from the mean distance.", in: "metres"),
    SyntheticKnob("height", \.height, 0.1...5, "Mean height of the cameras.", in: "metres"),
    SyntheticKnob(
      "heightSpread", \.heightSpread, 0...2, "How far single cameras depart from the mean height.",
      in: "metres"),
    SyntheticKnob(
      "targetHeight", \.targetHeight, 0...5, "Height of the point that the colour lenses look at.",
      in: "metres"),
    SyntheticKnob("frames", \.frames, 1...100_000, "Triggers of the rig."),
    SyntheticKnob(
      "framesPerSecond", \.framesPerSecond, 1...240, "Rate of the triggers.", in: "hertz"),
    SyntheticKnob("startTime", \.startTime, 0...1e6, "Time of the first trigger.", in: "seconds"),
  ]

  private static let lensKnobs: [SyntheticKnob] = [
    SyntheticKnob("depthWidth", \.depthWidth, 16...4096, "Width of depth images.", in: "pixels"),
    SyntheticKnob("depthHeight", \.depthHeight, 16...4096, "Height of depth images.", in: "pixels"),
    SyntheticKnob("colorWidth", \.colorWidth, 16...8192, "Width of colour images.", in: "pixels"),
    SyntheticKnob(
      "colorHeight", \.colorHeight, 16...8192, "Height of colour images.", in: "pixels"),
    SyntheticKnob(
      "distortion", \.distortion, 0...1, "Lens distortion, as a share of a real camera's."),
    SyntheticKnob(
      "depthUnit", \.depthUnit, 0.00001...0.1, "Step of the depth images.", in: "metres"),
    SyntheticKnob("depthNear", \.depthNear, 0.01...10, "Nearest depth measured.", in: "metres"),
    SyntheticKnob("depthFar", \.depthFar, 0.1...60, "Furthest depth measured.", in: "metres"),
    SyntheticKnob(
      "wallDistance", \.wallDistance, 0...50,
      "Distance of a wall towards -z from the axis; 0 leaves it out.", in: "metres"),
  ]

  private static let defectKnobs: [SyntheticKnob] = [
    SyntheticKnob("depthNoise", \.depthNoise, 0...100, "Axial depth noise, as a factor."),
    SyntheticKnob(
      "flyingPixels", \.flyingPixels, 0...1,
      "Share of mixed pixels at depth edges that are reported instead of dropped."),
    SyntheticKnob(
      "footprint", \.footprint, 0...3, "Diameter of a depth pixel's footprint.", in: "pixels"),
    SyntheticKnob(
      "randomDropout", \.randomDropout, 0...1, "Share of depth pixels lost at random."),
    SyntheticKnob(
      "grazingLimit", \.grazingLimit, 0...90, "Incidence beyond which depth pixels are lost.",
      in: "degrees"),
    SyntheticKnob(
      "darkLimit", \.darkLimit, 0...10,
      "Returned light below which depth pixels are lost (1: white, head-on, at 1 m)."),
    SyntheticKnob(
      "colorNoise", \.colorNoise, 0...255, "Standard deviation of colour noise.", in: "steps"),
    SyntheticKnob(
      "wiredDelay", \.wiredDelay, 0...1, "Wired delay of each camera after the one before it.",
      in: "seconds"),
    SyntheticKnob(
      "clockOffset", \.clockOffset, 0...1000,
      "Largest offset of a camera's clock; unwires the rig.", in: "seconds"),
    SyntheticKnob(
      "clockDrift", \.clockDrift, 0...0.1,
      "Largest rate error of a camera's clock; unwires the rig.", in: "seconds per second"),
    SyntheticKnob(
      "exposurePhase", \.exposurePhase, 0...1,
      "Largest delay of a free-running camera's shutter; unwires the rig.", in: "seconds"),
    SyntheticKnob(
      "timestampJitter", \.timestampJitter, 0...1, "Standard deviation of recorded times.",
      in: "seconds"),
    SyntheticKnob(
      "droppedShare", \.droppedShare, 0...0.95, "Share of images missing from each stream."),
    SyntheticKnob(
      "rotationError", \.rotationError, 0...180,
      "Angle by which each camera's calibration is wrong, but the reference's.", in: "degrees"),
    SyntheticKnob(
      "translationError", \.translationError, 0...10,
      "Distance by which each camera's calibration is wrong, but the reference's.", in: "metres"),
  ]
}
