internal import CaptureCore

/// How much of what cameras see moves in a take, and what rank of the residuals that asks for.
struct TakeMotion {
  /// Share of what is seen at an instant that isn't seen at the same place at others, 0 to 1.
  let share: Float
  /// Instants of the take.
  let frames: Int

  /// Instants that are compared.
  private static let compared = 6
  /// Edge of the cells in which something is seen or not, metres; neighbours count, too.
  private static let cell: Float = 0.02
  /// Share below which differences are noise, or small.
  private static let leastShare: Float = 0.01
  /// Ranks that are chosen where there are several instants.
  private static let ranks = 10...40

  /// Compares instants spread over the take with the first of them.
  ///
  /// - Complexity: O(observations of six instants).
  init(_ source: any ObservationSource) throws(CaptureError) {
    let frames = source.frameCount
    let count = min(frames, Self.compared)
    let numbers = (0..<count).map { $0 * (frames - 1) / max(1, count - 1) }
    var first: [UInt32: Set<SIMD3<Int32>>]?
    var (moved, all) = (0, 0)
    for number in numbers {
      let cells = Self.cells(try source.frame(number))
      guard let start = first else {
        first = cells
        continue
      }
      for (camera, cells) in cells {
        guard let before = start[camera] else { continue }
        all += cells.count
        moved += cells.count { !Self.isNear($0, before) }
      }
    }
    share = all > 0 ? Float(moved) / Float(all) : 0
    self.frames = frames
  }

  /// By camera, the cells in which it sees something.
  private static func cells(_ frame: any FrameObservations) -> [UInt32: Set<SIMD3<Int32>>] {
    var cells: [UInt32: Set<SIMD3<Int32>>] = [:]
    for o in frame.surface {
      cells[o.camera, default: []].insert(
        SIMD3<Int32>((o.position / Self.cell).rounded(.down)))
    }
    return cells
  }

  private static func isNear(_ c: SIMD3<Int32>, _ cells: Set<SIMD3<Int32>>) -> Bool {
    for z in Int32(-1)...1 {
      for y in Int32(-1)...1 {
        for x in Int32(-1)...1 where cells.contains(c &+ SIMD3(x, y, z)) { return true }
      }
    }
    return false
  }

  /// One for every other frame, within limits: more hardly tells more, and costs time and the size of the file.
  /// The least where nothing goes beyond a cell, as a mouth moves by less; 0 for a single instant.
  var rank: Int {
    let (least, most) = (Self.ranks.lowerBound, Self.ranks.upperBound)
    return frames < 2 ? 0 : share < Self.leastShare ? least : min(max(least, frames / 2), most)
  }
}
