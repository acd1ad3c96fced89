internal import CaptureCore

/// How much of what cameras see moves in a take, and what rank of the residuals and how many steps that asks for.
/// Frames are read when one of these is asked for.
struct TakeMotion {
  private let source: any ObservationSource

  /// Instants that are compared, and frames that are compared with the next.
  private static let compared = (instants: 6, pairs: 8)
  /// Edge of the cells in which something is seen or not, metres; neighbours count, too.
  private static let cell: Float = 0.02
  /// Share below which differences are noise, or small.
  private static let leastShare: Float = 0.01
  /// Ranks that are chosen where there are several instants.
  private static let ranks = 10...40

  /// Steps of a take in which little moves from frame to frame.
  static let calmSteps = 15_000
  /// The paces between which steps grow to twice as many.
  private static let paces: (calm: Float, fast: Float) = (0.2, 0.4)

  /// The motion of a take.
  init(_ source: any ObservationSource) { self.source = source }

  /// Share of what is seen at instants spread over the take that isn't seen at the same place at the first, 0 to 1.
  var share: Float {
    get throws(CaptureError) {
      let last = source.frameCount - 1
      let others = max(0, min(last, Self.compared.instants - 1))
      return try moved((0..<others).map { (0, ($0 + 1) * last / others) })
    }
  }

  /// The same of some frames and those before them.
  var pace: Float {
    get throws(CaptureError) {
      let first = Array(0..<max(0, source.frameCount - 1)).evenlySpread(Self.compared.pairs)
      return try moved(first.map { ($0, $0 + 1) })
    }
  }

  /// Share of what is seen second of pairs of instants that isn't seen at the same place first, by the same camera.
  private func moved(_ pairs: [(first: Int, second: Int)]) throws(CaptureError) -> Float {
    var (moved, all) = (0, 0)
    var known: (number: Int, cells: [UInt32: Set<SIMD3<Int32>>])?
    for (first, second) in pairs {
      let before: [UInt32: Set<SIMD3<Int32>>]
      if let known, known.number == first {
        before = known.cells
      } else {
        before = Self.cells(try source.frame(first))
        known = (first, before)
      }
      for (camera, cells) in Self.cells(try source.frame(second)) {
        guard let before = before[camera] else { continue }
        all += cells.count
        moved += cells.count { !Self.isNear($0, before) }
      }
    }
    return all > 0 ? Float(moved) / Float(all) : 0
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
    get throws(CaptureError) {
      let (frames, least, most) = (source.frameCount, Self.ranks.lowerBound, Self.ranks.upperBound)
      guard frames > 1 else { return 0 }
      return try share < Self.leastShare ? least : min(max(least, frames / 2), most)
    }
  }

  /// ``calmSteps``, up to twice as many where much moves from frame to frame: what one instant is taught is of less
  /// use to the next.
  var steps: Int {
    get throws(CaptureError) {
      let share = try (pace - Self.paces.calm) / (Self.paces.fast - Self.paces.calm)
      return Self.calmSteps + Int(Float(Self.calmSteps) * min(1, max(0, share)))
    }
  }
}
