internal import CaptureCore

/// What the cameras saw in the sets around the one at hand, and how the subject moved between neighbours.
///
/// Every set is decoded and looked at once, and every motion told once, as long as sets are prepared and asked
/// for one after the other.
struct SightingWindow {
  typealias Load = (FrameSet) throws(CaptureError) -> [CameraFrame]

  let observers: [CameraObserver?]
  let frames: [FrameSet]
  /// Sets before and after one whose surfaces are carried to it.
  let reach: Int
  /// Sets further apart in time are not carried, seconds.
  let longest: Double
  /// Sets that are prepared at a time.
  let ahead: Int
  let threads: Int?

  private var recent: [(number: Int, sightings: [CameraObserver.Sighting?])] = []
  private var motions: [Step: SubjectMotion] = [:]

  /// From a set to a neighbour.
  private struct Step: Hashable {
    let from, to: Int
  }

  init(
    _ observers: [CameraObserver?], _ frames: [FrameSet], ahead: Int, threads: Int?,
    _ configuration: ObservationConfiguration
  ) {
    (self.observers, self.frames, self.ahead, self.threads) = (observers, frames, ahead, threads)
    // Without an average nothing is carried.
    reach = configuration.averageRadius > 0 ? configuration.averageSets : 0
    longest = configuration.bridge
  }

  /// What each camera saw in a set; nil where its image is missing.
  mutating func sightings(
    _ number: Int, _ load: Load
  ) throws(CaptureError) -> [CameraObserver.Sighting?] {
    if let known = recent.first(where: { $0.number == number }) { return known.sightings }
    let images = try load(frames[number])
    let sightings = concurrentValues(observers.count, threads: threads) {
      observers[$0]?.observe(images[$0])
    }
    recent.append((number, sightings))
    if recent.count > ahead + 2 * reach + 2 { recent.removeFirst() }
    return sightings
  }

  /// Tells the motions that some sets need which are asked for next, at most ``ahead`` of them, side by side.
  mutating func prepare(_ numbers: Range<Int>, _ load: Load) throws(CaptureError) {
    let near = numbers.lowerBound - reach..<numbers.upperBound + reach
    motions = motions.filter { near.contains($0.key.from) && near.contains($0.key.to) }
    let steps = Set(numbers.flatMap { chains(around: $0).flatMap(Self.steps) })
    var sides: [(step: Step, from: [SurfaceObservation], to: [SurfaceObservation])] = []
    for step in steps.sorted(by: { ($0.from, $0.to) < ($1.from, $1.to) })
    where motions[step] == nil {
      let (a, b) = (try sightings(step.from, load), try sightings(step.to, load))
      let both = a.indices.filter { a[$0] != nil && b[$0] != nil }
      sides.append(
        (step, both.flatMap { a[$0]?.surface ?? [] }, both.flatMap { b[$0]?.surface ?? [] }))
    }
    let found = concurrentValues(sides.count, threads: threads) {
      SubjectMotion(from: sides[$0].from, to: sides[$0].to, carrying: sides[$0].from)
    }
    for (side, motion) in zip(sides, found) { motions[side.step] = motion }
  }

  /// What was seen in the sets around one that was prepared, moved as the subject moved: `[set][camera]`.
  mutating func carried(
    to number: Int, _ load: Load
  ) throws(CaptureError) -> [[[SurfaceObservation]]] {
    var result: [[[SurfaceObservation]]] = []
    for chain in chains(around: number) {
      let moves = Self.steps(chain).compactMap { motions[$0] }
      guard moves.count == chain.count - 1 else { continue }
      let seen = try sightings(chain[chain.count - 1], load)
      result.append(
        concurrentValues(seen.count, threads: threads) { c in
          (seen[c]?.surface ?? []).compactMap { o in
            moves.reduce(o) { o, motion in o.flatMap(motion.carriedIfTrusted) }
          }
        })
    }
    return result
  }

  /// The ways from a set to those around it that are carried to it: from the set outwards.
  private func chains(around number: Int) -> [[Int]] {
    guard reach > 0 else { return [] }
    var chains: [[Int]] = []
    for side in [-1, 1] {
      for distance in 1...reach {
        let chain = (0...distance).map { number + side * $0 }
        guard frames.indices.contains(chain[distance]),
          abs(frames[chain[distance]].time - frames[chain[distance - 1]].time) <= longest
        else { break }
        chains.append(chain)
      }
    }
    return chains
  }

  /// From the far end inwards.
  private static func steps(_ chain: [Int]) -> [Step] {
    zip(chain.dropFirst(), chain).map { Step(from: $0, to: $1) }.reversed()
  }
}
