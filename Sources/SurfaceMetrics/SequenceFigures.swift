/// The figures of a whole sequence: means over its frames. Lengths in millimetres.
///
/// A figure is nil when no frame has it, for instance where no place is seen. See
/// ``SurfaceComparison`` for what each means.
public struct SequenceFigures: Sendable, Equatable {
  /// Mean distances of the result to the truth, of the truth to the result, and their mean.
  public var accuracy, completeness, chamfer: Double?
  /// F-scores at 5 and 10 mm.
  public var f5, f10: Double?
  /// Mean |cos| of the angle between normals.
  public var normals: Double?
  /// Mean signed distance; + is outside.
  public var offset: Double?
  /// Chamfer distance over all places, seen or not.
  public var chamferAll: Double?
  /// Share of thin parts' places that are there.
  public var thin: Double?
  /// Parts a frame that float.
  public var floaters: Double?
  /// Mean change of the signed distance at the same place from one frame to the next.
  public var jitter: Double?
  /// Share of closed meshes.
  public var watertight: Double?
  /// Frames compared.
  public var frames: Int
  /// Frames of the truth for which there is no mesh, or an empty one.
  public var missing: Int

  /// Every figure with its name, in the order of reports.
  public var named: [(name: String, value: Double?)] {
    Self.means.map { ($0.name, self[keyPath: $0.place]) }
      + [("frames", Double(frames)), ("missing", Double(missing))]
  }

  /// What is a mean over frames: its name, its place, and what one frame adds to it.
  fileprivate struct Mean {
    var name: String
    var place: any WritableKeyPath<SequenceFigures, Double?> & Sendable
    var value: @Sendable (FrameFigures) -> Double?
  }

  /// In the order of reports.
  fileprivate static let means = [
    Mean(name: "accuracy", place: \.accuracy) { $0.comparison.accuracy },
    Mean(name: "completeness", place: \.completeness) { $0.comparison.completeness },
    Mean(name: "chamfer", place: \.chamfer) { $0.comparison.chamfer },
    Mean(name: "f5", place: \.f5) { $0.comparison.f5 },
    Mean(name: "f10", place: \.f10) { $0.comparison.f10 },
    Mean(name: "normals", place: \.normals) { $0.comparison.normals },
    Mean(name: "offset", place: \.offset) { $0.comparison.offset },
    Mean(name: "chamferAll", place: \.chamferAll) { $0.comparison.chamferAll },
    Mean(name: "thin", place: \.thin) { $0.comparison.thin },
    Mean(name: "floaters", place: \.floaters) { Double($0.comparison.floaters) },
    Mean(name: "watertight", place: \.watertight) { $0.comparison.isWatertight ? 1 : 0 },
    Mean(name: "jitter", place: \.jitter) { $0.change },
  ]
}

/// What one frame adds to the means.
private struct FrameFigures {
  var comparison: SurfaceComparison
  /// Mean change of the signed distances since the frame before; nil without one.
  var change: Double?
}

/// Adds up the comparisons of a sequence's frames, keeping only the last one whole.
public struct SequenceSummary: Sendable {
  private var sums = SequenceFigures.means.map { _ in (sum: 0.0, count: 0.0) }
  private var last: (number: Int, signedDistances: [Float])?
  private var frames = 0
  private var missing = 0
  private let places: Bool

  /// A summary of nothing yet.
  /// - Parameter samePlaces: Whether all frames were compared at the same places of a moving
  ///   surface; without them there is no jitter.
  public init(samePlaces: Bool) { places = samePlaces }

  /// Adds the frame of the given number, which must be above those before; nil counts as missing.
  public mutating func add(_ comparison: SurfaceComparison?, number: Int) {
    guard let c = comparison else {
      (missing, last) = (missing + 1, nil)
      return
    }
    frames += 1
    var frame = FrameFigures(comparison: c)
    if places, let last, last.number == number - 1 {
      frame.change =
        1000
        * SurfaceComparison.mean(
          zip(c.signedDistances, last.signedDistances).lazy.map { abs($0 - $1) })
    }
    for (i, mean) in SequenceFigures.means.enumerated() {
      guard let value = mean.value(frame), !value.isNaN else { continue }
      sums[i].sum += value
      sums[i].count += 1
    }
    last = (number, c.signedDistances)
  }

  /// Means over what was added.
  public var figures: SequenceFigures {
    var figures = SequenceFigures(frames: frames, missing: missing)
    for (mean, sum) in zip(SequenceFigures.means, sums) where sum.count > 0 {
      figures[keyPath: mean.place] = sum.sum / sum.count
    }
    return figures
  }
}
