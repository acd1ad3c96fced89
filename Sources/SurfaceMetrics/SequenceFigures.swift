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
    [
      ("accuracy", accuracy), ("completeness", completeness), ("chamfer", chamfer), ("f5", f5),
      ("f10", f10), ("normals", normals), ("offset", offset), ("chamferAll", chamferAll),
      ("thin", thin), ("floaters", floaters), ("watertight", watertight), ("jitter", jitter),
      ("frames", Double(frames)), ("missing", Double(missing)),
    ]
  }
}

/// Adds up the comparisons of a sequence's frames, keeping only the last one whole.
public struct SequenceSummary: Sendable {
  private var sums = [(sum: Double, count: Double)](repeating: (0, 0), count: 12)
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
    var jitter = Double.nan
    if places, let last, last.number == number - 1 {
      jitter =
        1000
        * SurfaceComparison.mean(
          zip(c.signedDistances, last.signedDistances).lazy.map { abs($0 - $1) })
    }
    let values: [Double] = [
      c.accuracy, c.completeness, c.chamfer, c.f5, c.f10, c.normals, c.offset, c.chamferAll,
      c.thin ?? .nan, Double(c.floaters), c.isWatertight ? 1 : 0, jitter,
    ]
    for (i, value) in values.enumerated() where !value.isNaN {
      sums[i].sum += value
      sums[i].count += 1
    }
    last = (number, c.signedDistances)
  }

  /// Means over what was added.
  public var figures: SequenceFigures {
    let means = sums.map { $0.count > 0 ? $0.sum / $0.count : nil }
    return SequenceFigures(
      accuracy: means[0], completeness: means[1], chamfer: means[2], f5: means[3], f10: means[4],
      normals: means[5], offset: means[6], chamferAll: means[7], thin: means[8],
      floaters: means[9], jitter: means[11], watertight: means[10], frames: frames, missing: missing
    )
  }
}
