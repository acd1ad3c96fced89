internal import CaptureCore

/// How badly two streams' moving surfaces disagree, for many shifts of their clocks.
///
/// Each piece of surface that camera A sees is looked up in the image that camera B took at the same
/// time, if the shift is right. What B sees through is plain disagreement; what lies at B's surface
/// agrees the better the closer it is; what B cannot see, because something stands in front of it,
/// says little.
struct ShiftCosts: Sendable {
  /// Offsets that were tried, ascending, seconds.
  let offsets: [Double]
  /// Cost 0...1 by sampled image, then by offset; NaN where the other camera has no image.
  private(set) var rows: [[Float]] = []

  init(offsets: [Double]) { self.offsets = offsets }

  mutating func append(_ rows: [[Float]]) { self.rows += rows }

  /// What was found.
  struct Minimum {
    var offset: Double
    /// Another offset that does as well, far from it; nil without one.
    var rival: Double?
    /// By how many standard errors the usual shift is worse.
    var contrast: Double
    /// The cost as a share of the usual shift's.
    var share: Double
    /// The cost itself, 0...1.
    var cost: Double

    /// Whether chance does not make such a minimum.
    var isClear: Bool { contrast > 2.5 && share < 0.55 || contrast > 5 && share < 0.8 }
    /// Whether it is worth a closer look.
    var isVisible: Bool { isClear || contrast > 1.5 && share < 0.8 }
    /// Whether surfaces lie on each other: on synthetic rigs true offsets have costs to 0.106, wrong
    /// ones 0.12 and more.
    var fitsWell: Bool { isClear && cost < 0.112 && share < 0.27 }
    /// Whether they may, where cameras share surface that both graze: to 0.146 and 0.36 there.
    var fits: Bool { isClear && cost < 0.2 && share < 0.5 }
  }

  /// The best offset; nil when hardly any image could be compared.
  func minimum(apart: Double) -> Minimum? {
    let means = offsets.indices.map { mean($0) }
    let known = means.indices.filter { means[$0] != nil }
    guard known.count >= 5, let best = known.min(by: { (means[$0] ?? 1) < (means[$1] ?? 1) })
    else { return nil }
    let sorted = known.compactMap { means[$0] }.sorted()
    let usual = sorted[sorted.count / 2]
    guard
      let middle = known.min(by: { abs((means[$0] ?? 1) - usual) < abs((means[$1] ?? 1) - usual) })
    else { return nil }
    let contrast = significance(of: best, over: middle)
    let least = means[best] ?? 0
    let rivals = known.filter { j in
      guard abs(offsets[j] - offsets[best]) > apart, let own = means[j] else { return false }
      let near = known.filter { abs($0 - j) == 1 }
      return near.allSatisfy { (means[$0] ?? 1) >= own } && own - least < 0.35 * (usual - least)
        && significance(of: best, over: j) < 2.5
    }
    let rival = rivals.min { (means[$0] ?? 1) < (means[$1] ?? 1) }
    return Minimum(
      offset: refined(best, means), rival: rival.map { offsets[$0] }, contrast: contrast,
      share: least / max(usual, 1e-6), cost: least)
  }

  private func mean(_ column: Int) -> Double? {
    var (sum, count) = (0.0, 0)
    for row in rows where row[column].isFinite {
      sum += Double(row[column])
      count += 1
    }
    // A shift at which the recordings hardly overlap proves nothing.
    return count >= max(4, rows.count / 4) ? sum / Double(count) : nil
  }

  /// Mean difference over its standard error, image by image; neighbours depend on each other, so
  /// that a third of the images count.
  private func significance(of a: Int, over b: Int) -> Double {
    let differences = rows.compactMap { row -> Double? in
      row[a].isFinite && row[b].isFinite ? Double(row[b] - row[a]) : nil
    }
    let n = Double(differences.count)
    guard n >= 4 else { return 0 }
    let mean = differences.reduce(0, +) / n
    let variance = differences.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (n - 1)
    return mean / max((variance * 3 / n).squareRoot(), 1e-4)
  }

  /// The vertex of the parabola through the best offset and its neighbours.
  private func refined(_ best: Int, _ means: [Double?]) -> Double {
    guard best > 0, best + 1 < offsets.count, let a = means[best - 1], let b = means[best],
      let c = means[best + 1]
    else { return offsets[best] }
    let bend = a - 2 * b + c
    let (before, after) = (offsets[best] - offsets[best - 1], offsets[best + 1] - offsets[best])
    guard bend > 1e-9, abs(before - after) < 1e-9 else { return offsets[best] }
    return offsets[best] + max(-0.5, min(0.5, (a - c) / (2 * bend))) * before
  }
}

/// One camera while clocks are related: its thumbnails and where it stands.
struct TimedView: Sendable {
  var stream: ThumbnailStream
  var moving: MovingSurface
  let view: ThumbnailView

  /// Usual interval between the images at hand, seconds.
  var spacing: Double {
    let intervals = zip(stream.times.dropFirst(), stream.times).map { $0 - $1 }.sorted()
    return intervals.isEmpty ? 1 : intervals[intervals.count / 2]
  }

  /// A surface nearer than this to what another camera sees agrees with it, metres.
  static let reach: Float = 0.12
  private static let pieces = 160
  private static let images = 60

  /// Costs by image of this camera, then by offset, of the other camera's clock.
  ///
  /// `deviceTime` turns a time of this camera's clock and an offset into one of the other's. A fine
  /// look interpolates between the other's images; else the nearest one stands for its time.
  func costs(
    against other: TimedView, offsets: [Double], isFine: Bool,
    deviceTime: (Double, Double) -> Double
  ) -> [[Float]] {
    let count = min(Self.images, stream.times.count)
    let spacing = other.spacing
    return (0..<count).map { sample in
      let i = sample * stream.times.count / count
      let pieces = moving.pieces(stream.images[i], view, limit: Self.pieces)
      let places = pieces.compactMap { other.view.place($0.position) }
      var known: [Int: Float] = [:]
      return offsets.map { offset in
        let time = deviceTime(stream.times[i], offset)
        guard places.count >= 8 else { return .nan }
        if isFine { return other.cost(places, at: time, spacing: spacing) }
        guard let k = other.stream.nearest(time, reach: 0.75 * spacing) else { return .nan }
        if let cost = known[k] { return cost }
        let cost = other.cost(places) {
          other.stream.images[k][$0]
        } isVoid: {
          other.isVoid($0, other.stream.images[k])
        }
        known[k] = cost
        return cost
      }
    }
  }

  /// Between the two images around a time, where both show one surface, and else in the nearer one.
  private func cost(
    _ places: [ThumbnailView.Place], at time: Double, spacing: Double
  ) -> Float {
    let after = stream.firstAfter(time)
    guard after > 0, after < stream.times.count,
      stream.times[after] - stream.times[after - 1] < 1.5 * spacing
    else { return .nan }
    let (before, next) = (stream.images[after - 1], stream.images[after])
    let share = Float(
      (time - stream.times[after - 1]) / (stream.times[after] - stream.times[after - 1]))
    let nearer = share < 0.5 ? before : next
    return cost(places) { i in
      let (a, b) = (before[i], next[i])
      return a > 0 && b > 0 && abs(a - b) < Self.reach ? a + share * (b - a) : nearer[i]
    } isVoid: {
      isVoid($0, nearer)
    }
  }

  /// Whether one sees into the open at a pixel: nothing returns there nor beside it, and often so.
  /// Dark and grazed surfaces and edges return nothing either, but over a pixel or two.
  private func isVoid(_ i: Int, _ image: Thumbnail) -> Bool {
    let (w, h) = (view.width, view.height)
    let (u, v) = (i % w, i / w)
    for b in max(0, v - 1)...min(h - 1, v + 1) {
      for a in max(0, u - 1)...min(w - 1, u + 1) where image[b * w + a] >= 0 { return false }
    }
    return moving.isOpen[i]
  }

  private func cost(
    _ places: [ThumbnailView.Place], depth: (Int) -> Float, isVoid: (Int) -> Bool
  ) -> Float {
    var (sum, count) = (Float(0), 0)
    for p in places {
      let i = p.index + (p.a > 0.5 ? 1 : 0) + (p.b > 0.5 ? view.width : 0)
      let z = depth(i)
      if z == 0 || z < 0 && !isVoid(i) { continue }
      count += 1
      guard z > 0 else {
        sum += 1
        continue
      }
      let gap = (z - p.z) / Self.reach
      // Seen through is worst; far behind something says nothing.
      sum += gap > 0 ? min(1, gap * gap) : 0.3 * max(0, min(gap * gap, 2 + gap))
    }
    return count >= 6 ? sum / Float(count) : .nan
  }
}
