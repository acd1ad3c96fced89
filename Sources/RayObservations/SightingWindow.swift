internal import CaptureCore

/// What the cameras saw in the sets around the one at hand, and how the subject moved between neighbours.
///
/// Every set is decoded and looked at once, and every motion told once, as long as sets are asked for one
/// after the other.
struct SightingWindow {
  typealias Load = (FrameSet) throws(CaptureError) -> [CameraFrame]

  let observers: [CameraObserver?]
  let frames: [FrameSet]
  /// Sets before and after one whose surfaces are carried to it.
  let reach: Int
  /// Sets further apart in time are not carried, seconds.
  let longest: Double

  private var recent: [(number: Int, sightings: [CameraObserver.Sighting?])] = []
  private var motions: [Step: SubjectMotion] = [:]

  /// From a set to a neighbour.
  private struct Step: Hashable {
    let from, to: Int
  }

  init(
    _ observers: [CameraObserver?], _ frames: [FrameSet], _ configuration: ObservationConfiguration
  ) {
    (self.observers, self.frames) = (observers, frames)
    (reach, longest) = (configuration.averageSets, configuration.bridge)
  }

  /// What each camera saw in a set; nil where its image is missing.
  mutating func sightings(
    _ number: Int, _ load: Load
  ) throws(CaptureError) -> [CameraObserver.Sighting?] {
    if let known = recent.first(where: { $0.number == number }) { return known.sightings }
    let images = try load(frames[number])
    let sightings = ObservationStage.each(observers.count) { observers[$0]?.observe(images[$0]) }
    recent.append((number, sightings))
    if recent.count > 2 * reach + 3 { recent.removeFirst() }
    return sightings
  }

  /// What was seen in the sets around one, moved as the subject moved: `[set][camera]`.
  mutating func carried(
    to number: Int, _ load: Load
  ) throws(CaptureError) -> [[[SurfaceObservation]]] {
    guard reach > 0 else { return [] }
    var chains: [[Int]] = []
    for side in [-1, 1] {
      for distance in 1...reach {
        // From the set outwards; carried from the far end inwards.
        let chain = (0...distance).map { number + side * $0 }
        guard frames.indices.contains(chain[distance]),
          abs(frames[chain[distance]].time - frames[chain[distance - 1]].time) <= longest
        else { break }
        chains.append(chain)
      }
    }
    try move(Set(chains.map { Step(from: $0[$0.count - 1], to: $0[$0.count - 2]) }), load)
    var result: [[[SurfaceObservation]]] = []
    for chain in chains {
      let steps = zip(chain.dropFirst(), chain).map { Step(from: $0, to: $1) }.reversed()
      let moves = steps.compactMap { motions[$0] }
      guard moves.count == steps.count else { continue }
      let seen = try sightings(chain[chain.count - 1], load)
      result.append(
        ObservationStage.each(seen.count) { c in
          (seen[c]?.surface ?? []).compactMap { o in
            moves.reduce(o) { o, motion in o.flatMap(motion.carriedIfTrusted) }
          }
        })
    }
    let near = number - reach...number + reach
    motions = motions.filter { near.contains($0.key.from) && near.contains($0.key.to) }
    return result
  }

  /// Finds the motions that are not known yet, side by side.
  private mutating func move(_ steps: Set<Step>, _ load: Load) throws(CaptureError) {
    var sides: [(step: Step, from: [SurfaceObservation], to: [SurfaceObservation])] = []
    for step in steps.sorted(by: { $0.from < $1.from }) where motions[step] == nil {
      let (a, b) = (try sightings(step.from, load), try sightings(step.to, load))
      let both = a.indices.filter { a[$0] != nil && b[$0] != nil }
      sides.append(
        (step, both.flatMap { a[$0]?.surface ?? [] }, both.flatMap { b[$0]?.surface ?? [] }))
    }
    let found = ObservationStage.each(sides.count) {
      SubjectMotion(from: sides[$0].from, to: sides[$0].to, carrying: sides[$0].from)
    }
    for (side, motion) in zip(sides, found) { motions[side.step] = motion }
  }
}
