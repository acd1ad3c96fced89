internal import CTargetDetection
public import CaptureCore
internal import Foundation
internal import LinearAlgebra

/// Finds one board in pictures. Not to be used by two threads at a time; each makes its own.
public final class TargetDetector {
  /// Fewest points of a board that count as having seen it, unless the board has no more.
  public static let leastCorners = 6

  /// The board.
  public let target: CalibrationTarget
  private let points: [SIMD3<Double>]
  private let boardMarkers: [Int: CalibrationTarget.Marker]
  private let reader: MarkerReader?

  /// A detector of a board.
  /// - Throws: ``CaptureError`` `tryAgain` when memory runs out.
  public init(_ target: CalibrationTarget) throws(CaptureError) {
    self.target = target
    points = target.points
    boardMarkers = Dictionary(uniqueKeysWithValues: target.markers.map { ($0.id, $0) })
    reader = if let dictionary = target.dictionary { try MarkerReader(dictionary) } else { nil }
  }

  /// The board's points in a picture; none where fewer than ``leastCorners`` are found.
  /// - Throws: ``CaptureError`` `tryAgain` when memory runs out.
  public func detect(in image: GreyImage) throws(CaptureError) -> TargetDetection {
    guard let reader else {
      let corners = ChessboardDetector(target.grid).corners(in: image)
      return TargetDetection(corners: corners, markers: [])
    }
    var markers = try reader.markers(in: image)
    if case .tagGrid(_, _, _, _, true, _, _) = target.pattern {
      // Where corners touch, a tag's outline is joined to its neighbours'.
      for radius in 1...2 { try markers.add(reader.markers(in: image, widenedBy: radius)) }
    }
    let trusted = consistent(markers)
    var corners: [TargetCorner]
    switch target.pattern {
    case .charuco: corners = crossings(trusted, image)
    case .tagGrid: corners = tagCorners(trusted, image)
    case .chessboard: corners = []
    }
    if corners.count < min(TargetDetector.leastCorners, points.count) { corners = [] }
    return TargetDetection(corners: corners, markers: markers)
  }

  /// Why a picture's detection holds no corners.
  /// - Throws: ``CaptureError`` `tryAgain` when memory runs out.
  public func explain(
    _ detection: TargetDetection, in image: GreyImage
  ) throws(CaptureError) -> TargetProblem {
    guard let reader, let dictionary = target.dictionary else {
      return ChessboardDetector(target.grid).otherGrid(in: image)
        .map { .otherGrid(columns: $0.x, rows: $0.y) } ?? .absent
    }
    let own = target.markers.map(\.id)
    let seen = Self.credible(detection.markers)
    // What is read more often is there.
    if 4 * seen.count < own.count {
      let mirrored = Self.credible(try reader.markers(in: image.mirrored), exact: 4)
      if mirrored.count >= max(1, 2 * seen.count) { return .mirrored }
      var best = (name: "", count: 0)
      // A shorter dictionary of the same markers is no other one.
      for other in TargetDictionary.all where !other.codes.starts(with: dictionary.codes) {
        let count = Self.credible(try MarkerReader(other).markers(in: image), exact: 4).count
        // Of two that are read as often, the one with more bits is less likely to be chance.
        if count >= best.count { best = (other.name, count) }
      }
      if best.count >= max(1, 2 * seen.count) {
        return .otherDictionary(name: best.name, markers: best.count)
      }
    }
    guard seen.count >= min(3, own.count), let low = own.first, let high = own.last else {
      return seen.isEmpty ? .absent : .tooLittle(markers: seen.count)
    }
    if 2 * seen.subtracting(own).count > seen.count {
      return .otherNumbers(lowest: seen.min() ?? 0, highest: seen.max() ?? 0, own: low...high)
    }
    return seen.count >= 4 && consistent(detection.markers).isEmpty
      ? .otherLayout(markers: seen.count) : .tooLittle(markers: seen.count)
  }

  /// The numbers of markers that were not read by chance; none where fewer than `exact` were read without
  /// a wrong bit, or less than half of them.
  ///
  /// A dark square of anything, a tile or a marker of another dictionary, is taken for one of 250 markers of
  /// 16 bits in a quarter of all cases if one bit may be wrong, but in a seventeenth of these alone if none may.
  private static func credible(_ markers: [ReadMarker], exact least: Int = 1) -> Set<Int> {
    let exact = Set(markers.filter { $0.corrected == 0 }.map(\.id))
    return exact.count >= least && 2 * exact.count >= markers.count ? Set(markers.map(\.id)) : []
  }

  /// The board's markers that lie to each other as on the board: the largest group in which each is
  /// joined to a near one by a common plane. None where most of the board's markers are not in it:
  /// then the board is not as described, and what fits does so by chance.
  private func consistent(_ markers: [ReadMarker]) -> [ReadMarker] {
    let counts = Dictionary(grouping: markers, by: \.id).mapValues(\.count)
    let own = markers.filter { boardMarkers[$0.id] != nil && counts[$0.id] == 1 }
    var group = Array(own.indices)
    func root(_ i: Int) -> Int {
      var i = i
      while group[i] != i { i = group[i] }
      return i
    }
    for i in own.indices {
      for j in own.indices.dropFirst(i + 1) where root(i) != root(j) && areCoplanar(own[i], own[j])
      {
        group[root(j)] = root(i)
      }
    }
    let roots = own.indices.map(root)
    let sizes = Dictionary(grouping: roots, by: { $0 }).mapValues(\.count)
    guard let best = sizes.max(by: { ($0.value, -$0.key) < ($1.value, -$1.key) }) else { return [] }
    if own.count >= 4, 2 * best.value < own.count { return [] }
    return own.indices.filter { roots[$0] == best.key }.map { own[$0] }
  }

  private func areCoplanar(_ a: ReadMarker, _ b: ReadMarker) -> Bool {
    guard let p = boardMarkers[a.id], let q = boardMarkers[b.id] else { return false }
    let way = p.origin - q.origin
    guard (way * way).sum() < 16 * p.side * p.side else { return false }
    let pairs = zip(p.corners + q.corners, a.corners + b.corners)
      .map { (SIMD2($0.x, $0.y), $1) }
    guard let plane = PlaneHomography(pairs) else { return false }
    let side = distance(a.corners[0], a.corners[2]) / 2.0.squareRoot()
    return pairs.allSatisfy { pair in
      plane.apply(pair.0).map { distance($0, pair.1) < max(0.1 * side, 1.5) } ?? false
    }
  }

  /// A ChArUco board's inner corners, by the markers around them.
  private func crossings(_ markers: [ReadMarker], _ image: GreyImage) -> [TargetCorner] {
    guard case .charuco(_, _, let square, let side, _, _, _) = target.pattern else { return [] }
    return points.indices.compactMap { index -> TargetCorner? in
      let place = SIMD2(points[index].x, points[index].y)
      let near = markers.compactMap { marker in
        boardMarkers[marker.id].map { own in
          (marker, own, distance(own.origin + own.side / 2, place) / square)
        }
      }.sorted { $0.2 < $1.2 }.prefix(4)
      // The two squares with markers that touch the corner have their centres 0.71 squares away.
      guard let nearest = near.first, nearest.2 < 1.7 else { return nil }
      let pairs = near.filter { $0.2 < 2.6 }.flatMap { marker, own, _ in
        zip(own.corners, marker.corners).map { (SIMD2($0.x, $0.y), $1) }
      }
      guard let plane = PlaneHomography(pairs), let guess = plane.apply(place) else { return nil }
      return refined(index, guess, place, plane, reach: (square - side) / 2, image)
    }
  }

  /// A tag grid's corners.
  private func tagCorners(_ markers: [ReadMarker], _ image: GreyImage) -> [TargetCorner] {
    guard case .tagGrid(_, _, let side, let gap, _, let dictionary, let first) = target.pattern
    else { return [] }
    let cell = side / Double(dictionary.cells + 2)
    return markers.flatMap { marker -> [TargetCorner] in
      guard let own = boardMarkers[marker.id] else { return [] }
      let pairs = zip(own.corners, marker.corners).map { (SIMD2($0.x, $0.y), $1) }
      guard let plane = PlaneHomography(pairs) else { return [] }
      return (0..<4).compactMap { k in
        refined(
          4 * (marker.id - first) + k, marker.corners[k], pairs[k].0, plane,
          reach: min(cell, gap), image)
      }
    }
  }

  /// A point moved to where the gradients around it cross; nil where they do not. `reach` is how
  /// far the next other edge is, metres on the board.
  private func refined(
    _ index: Int, _ guess: SIMD2<Double>, _ place: SIMD2<Double>, _ plane: PlaneHomography,
    reach: Double, _ image: GreyImage
  ) -> TargetCorner? {
    // The shortest of four steps: perspective and slant shrink some.
    let steps = [SIMD2(reach, 0), SIMD2(-reach, 0), SIMD2(0, reach), SIMD2(0, -reach)]
      .compactMap { plane.apply(place + $0) }.map { distance($0, guess) }
    guard let step = steps.min() else { return nil }
    var (x, y, deviation) = (guess.x, guess.y, 0.0)
    let radius = min(max(0.9 * step, 2), 16)
    guard
      ctd_refine(
        image.samples, Int32(image.width), Int32(image.height), radius, &x, &y, &deviation) == 1
    else { return nil }
    return TargetCorner(point: index, pixel: SIMD2(x, y))
  }

  private func distance(_ a: SIMD2<Double>, _ b: SIMD2<Double>) -> Double {
    ((a - b) * (a - b)).sum().squareRoot()
  }
}
