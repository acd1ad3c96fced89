internal import Calibration
internal import CaptureCore
internal import DepthAlignment
internal import Foundation
internal import Recordings

extension TakeAlignment {
  /// What the alignment of a recording found.
  struct Solution {
    var result: AlignmentResult
    /// Colour lens to world at the start, by camera.
    var start: [RigidTransform]
    var reference: Int
    /// What is known of the clocks, with the cameras almost where they are now.
    var clocks: [ClockEstimate]?
    /// Pairs that measured what cannot be where they stand, by the share of their pixels off the
    /// planes; looked for where the cameras were found from nothing.
    var contradictions: [(first: Int, second: Int, share: Double)] = []
  }

  /// How little the clocks are trusted while the calibration is still wrong, seconds.
  private static let firstDeviation = 0.015

  /// Refines the start, or finds one. Where cameras share no wire, clocks and places are found by
  /// turns: each needs the other.
  ///
  /// - Throws: ``CaptureError`` `badInput` where cameras cannot be connected from nothing, naming the
  ///   groups that can, or where what was found contradicts itself.
  func solved(_ monitor: StageMonitor = .silent) throws(CaptureError) -> Solution {
    if let start {
      let reference = reader.take.cameras.firstIndex { $0.id == start.reference } ?? 0
      return try refined(
        try place(reader.take, start).map(\.worldFromColor), reference: reference, monitor)
    }
    let (places, links) = try found(monitor)
    let solution = try refined(places, reference: 0, monitor)
    // The pairs that connect the cameras were judged when they were found.
    let doubtful = solution.contradictions.filter { pair in
      !links.contains { $0.first == pair.first && $0.second == pair.second }
    }
    if let worst = doubtful.max(by: { $0.share < $1.share }) {
      let (first, second) = (
        reader.take.cameras[worst.first].id, reader.take.cameras[worst.second].id
      )
      throw CaptureError(
        .badInput,
        "The places that were found contradict each other: \(String(format: "%.0f", 100 * worst.share)) % of what \(first) and \(second) saw off the floor cannot be where they would stand.",
        at: reader.take.name, remedy: Self.howToRecord)
    }
    return solution
  }

  /// What to do where places cannot be found from nothing.
  static let howToRecord =
    "Put large things of different shapes where both groups of cameras see them, record again, or give a rough calibration with --start."

  private func refined(
    _ places: [RigidTransform], reference: Int, _ monitor: StageMonitor
  ) throws(CaptureError) -> Solution {
    var current = places
    var solution: Solution?
    for pass in 0..<2 {
      let placed = zip(devices, current).map {
        PlacedCamera(description: $0, worldFromColor: $1)
      }
      let clocks = try reader.clocks(
        placed, configuration.clocks, threads: threads, monitor: monitor)
      let cameras = cameras(
        current, clocks, leastDeviation: pass == 0 ? Self.firstDeviation : 0)
      let aligner = try aligner(
        cameras, reference: reference, AlignmentConfiguration(), isColored: true, monitor)
      let result = try aligner.refined(monitor)
      current = result.cameras.map(\.worldFromColor)
      solution = Solution(
        result: result, start: places, reference: reference, clocks: clocks,
        contradictions: start == nil ? aligner.contradictions(in: result) : [])
      if clocks == nil { break }
    }
    guard let solution else { throw CaptureError(.badInput, "Nothing was aligned.") }
    return solution
  }

  /// Places all cameras from nothing, in a level world, and the pairs that connect them.
  private func found(
    _ monitor: StageMonitor
  ) throws(CaptureError) -> ([RigidTransform], links: [(first: Int, second: Int)]) {
    let clocks = try reader.clocks(
      nil, configuration.clocks, threads: threads, monitor: monitor)
    let take = reader.take
    let nowhere = [RigidTransform](repeating: .identity, count: take.cameras.count)
    var settings = AlignmentConfiguration()
    (settings.moments, settings.longest) = (6, 160)
    let aligner = try aligner(
      cameras(nowhere, clocks, leastDeviation: Self.firstDeviation), reference: 0, settings,
      monitor)
    let placement = try aligner.searched(monitor)
    let missing = take.cameras.indices.filter { placement.referenceFromColor[$0] == nil }
    guard missing.isEmpty else {
      let placed = take.cameras.indices.filter { placement.referenceFromColor[$0] != nil }
      func names(_ list: [Int]) -> String {
        list.map { take.cameras[$0].id }.joined(separator: ", ")
      }
      let unclear = placement.ambiguous.map { pair in
        "\(take.cameras[pair.first].id) and \(take.cameras[pair.second].id)"
      }
      throw CaptureError(
        .badInput,
        "No place was found for \(names(missing)): nothing that stands out agrees with what \(names(placed)) measured."
          + (unclear.isEmpty
            ? "" : " What \(unclear.joined(separator: ", ")) saw fits together in several ways."),
        at: take.name, remedy: Self.howToRecord)
    }
    let world = aligner.levelled(placement.referenceFromColor) ?? .identity
    return (
      take.cameras.indices.map { world * (placement.referenceFromColor[$0] ?? .identity) },
      placement.links.map { (min($0.first, $0.second), max($0.first, $0.second)) }
    )
  }
}
