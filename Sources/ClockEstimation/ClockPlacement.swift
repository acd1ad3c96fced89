internal import CaptureCore

/// Which clocks are placed, and where: what the coarse search makes out.
struct ClockPlacement {
  /// A camera's images in the world.
  struct View {
    var camera: Int
    var view: TimedView
  }

  private let clockOf: [Int]
  private let threads: Int?
  /// By clock.
  var fits: [ClockFit]
  private(set) var isPlaced: [Bool]
  private(set) var notes: [String]
  /// Offsets of the search, by clock.
  private(set) var found: [Double]
  /// Placed clocks that the search does not vouch for.
  private(set) var tentative: [Int] = []

  /// Nothing placed but the rig's clock.
  init(clockOf: [Int], clocks: Int, threads: Int?) {
    (self.clockOf, self.threads) = (clockOf, threads)
    fits = [ClockFit](repeating: .rig, count: clocks)
    isPlaced = (0..<clocks).map { $0 == 0 }
    notes = [String](repeating: "", count: clocks)
    found = [Double](repeating: 0, count: clocks)
  }

  /// Takes back what further looks have not confirmed.
  mutating func withdraw(_ clock: Int, because note: String? = nil) {
    isPlaced[clock] = false
    if let note { notes[clock] = note }
    tentative.removeAll { $0 == clock }
  }

  /// Puts a clock where the fine step found it against the search.
  mutating func move(_ clock: Int, to offset: Double) {
    (fits[clock].offset, found[clock]) = (offset, offset)
  }

  /// Places clock after clock by the coarse search, the clearest first.
  mutating func place(_ candidates: [[Double]], _ views: [View], period: Double) {
    while true {
      var best: (clock: Int, found: ShiftCosts.Minimum)?
      for clock in fits.indices where !isPlaced[clock] && !candidates[clock].isEmpty {
        guard let found = search(clock, candidates[clock], views, period) else { continue }
        // One that is clear on its own first: it may tell of the others.
        let value = { (m: ShiftCosts.Minimum) in
          (m.rival != nil ? 0 : m.isClear ? 1e6 : 1e3) + m.contrast
        }
        if best.map({ value(found) > value($0.found) }) ?? true { best = (clock, found) }
      }
      guard let (clock, found) = best else { return }
      guard found.rival == nil, found.isVisible else {
        note(found, of: clock)
        return
      }
      if !found.isClear { tentative.append(clock) }
      move(clock, to: found.offset)
      isPlaced[clock] = true
    }
  }

  /// Looks at all offsets of each clock again, now that it can be compared with all the others: the
  /// first ones were placed by few cameras. Takes back those that now have two places.
  mutating func reconsider(_ candidates: [[Double]], _ views: [View], period: Double) {
    for clock in fits.indices.dropFirst() where isPlaced[clock] {
      isPlaced[clock] = false
      let found = search(clock, candidates[clock], views, period)
      guard let found, found.rival == nil, found.isVisible else {
        if let found { note(found, of: clock) }
        withdraw(clock)
        continue
      }
      isPlaced[clock] = true
      move(clock, to: found.offset)
    }
  }

  /// Those of some placed clocks that fit, at an offset near their own, with all the others as they are.
  func fitting(
    _ clocks: [Int], _ candidates: [[Double]], _ views: [View], period: Double, isStrict: Bool
  ) -> Set<Int> {
    Set(
      clocks.filter { clock in
        var others = self
        others.isPlaced[clock] = false
        guard let found = others.search(clock, candidates[clock], views, period) else {
          return false
        }
        return found.rival == nil && (isStrict ? found.fitsWell : found.fits)
          && abs(found.offset - fits[clock].offset) < max(0.15, 4 * period)
      })
  }

  private mutating func note(_ found: ShiftCosts.Minimum, of clock: Int) {
    guard found.isClear, let rival = found.rival else { return }
    let other = Int(((rival - found.offset) * 1000).rounded())
    notes[clock] = "Another offset fits as well, \(other) ms away: the motion repeats."
  }

  /// Looks again closely around each offset.
  mutating func settle(_ views: [View], period: Double) {
    for _ in 0..<3 {
      for clock in fits.indices.dropFirst() where isPlaced[clock] {
        let offsets = (-8...8).map { fits[clock].offset + Double($0) * period / 4 }
        isPlaced[clock] = false
        let found = search(clock, offsets, views, period, isFine: true)
        isPlaced[clock] = true
        if let found { move(clock, to: found.offset) }
      }
    }
  }

  /// The offset at which a clock's cameras agree best with those of clocks that are sure.
  private func search(
    _ clock: Int, _ offsets: [Double], _ views: [View], _ period: Double, isFine: Bool = false
  ) -> ShiftCosts.Minimum? {
    var pairs: [(a: Int, b: Int)] = []
    for a in views.indices
    where isPlaced[clockOf[views[a].camera]] && !tentative.contains(clockOf[views[a].camera]) {
      for b in views.indices where clockOf[views[b].camera] == clock { pairs.append((a, b)) }
    }
    pairs.removeAll { !views[$0.a].view.moving.moves || !views[$0.b].view.moving.moves }
    guard !pairs.isEmpty else { return nil }
    let rows = concurrentValues(pairs.count, threads: threads) { n in
      let (a, b) = (views[pairs[n].a], views[pairs[n].b])
      let fit = fits[clockOf[a.camera]]
      return a.view.costs(against: b.view, offsets: offsets, isFine: isFine) {
        fit.rigTime($0) + $1
      }
        + b.view.costs(against: a.view, offsets: offsets, isFine: isFine) {
          fit.deviceTime($0 - $1)
        }
    }
    var costs = ShiftCosts(offsets: offsets)
    for part in rows { costs.append(part) }
    return costs.minimum(apart: max(0.15, 4 * period))
  }
}
