internal import CaptureCore
internal import Foundation

/// A board of known measures.
///
/// Board frame: origin at the upper left of the pattern as printed, +x right, +y down, z into the
/// board; metres.
public struct CalibrationTarget: Equatable, Sendable {
  /// What is printed on the board.
  public enum Pattern: Equatable, Sendable {
    /// A chessboard with a marker in every white square, numbered row by row.
    ///
    /// `columns` and `rows` count squares, `square` and `marker` are sides in metres; the square at
    /// the upper left is black, or white where `startsWhite`.
    case charuco(
      columns: Int, rows: Int, square: Double, marker: Double, startsWhite: Bool,
      dictionary: TargetDictionary, firstID: Int)
    /// Separate markers, numbered row by row from the lower left, `gap` metres apart, with a black
    /// square in every corner between them where `hasCornerSquares`.
    case tagGrid(
      columns: Int, rows: Int, tag: Double, gap: Double, hasCornerSquares: Bool,
      dictionary: TargetDictionary, firstID: Int)
    /// A plain chessboard; `columns` and `rows` count squares, `square` is a side in metres.
    case chessboard(columns: Int, rows: Int, square: Double)
  }

  /// Name, for messages and reports.
  public var name: String
  /// What is printed on it.
  public var pattern: Pattern

  /// A board of the given pattern.
  public init(name: String, pattern: Pattern) { (self.name, self.pattern) = (name, pattern) }

  /// Squares, or markers, along a side: columns and rows.
  public var grid: SIMD2<Int> {
    switch pattern {
    case .charuco(let columns, let rows, _, _, _, _, _),
      .tagGrid(let columns, let rows, _, _, _, _, _), .chessboard(let columns, let rows, _):
      SIMD2(columns, rows)
    }
  }

  /// Width and height of the pattern, metres.
  public var size: SIMD2<Double> {
    switch pattern {
    case .charuco(let columns, let rows, let square, _, _, _, _),
      .chessboard(let columns, let rows, let square):
      return SIMD2(Double(columns), Double(rows)) * square
    case .tagGrid(let columns, let rows, let tag, let gap, _, _, _):
      return SIMD2(
        Double(columns) * (tag + gap) - gap, Double(rows) * (tag + gap) - gap)
    }
  }

  /// The points that detection finds, metres in the board's frame; an observation's `point` is an
  /// index into them. Chessboards: inner corners, row by row. Tag grids: four a tag, from its upper
  /// left clockwise.
  public var points: [SIMD3<Double>] {
    switch pattern {
    case .charuco(let columns, let rows, let square, _, _, _, _),
      .chessboard(let columns, let rows, let square):
      return (1..<rows).flatMap { y in
        (1..<columns).map { x in SIMD3(Double(x) * square, Double(y) * square, 0) }
      }
    case .tagGrid:
      return markers.flatMap(\.corners)
    }
  }

  /// A marker of the board.
  public struct Marker: Equatable, Sendable {
    /// Its number in the dictionary.
    public var id: Int
    /// Upper left corner as printed, metres in the board's frame.
    public var origin: SIMD2<Double>
    /// Side of the black square, metres.
    public var side: Double

    /// The corners of the black square from the upper left clockwise, in the board's frame.
    public var corners: [SIMD3<Double>] {
      [(0.0, 0.0), (1, 0), (1, 1), (0, 1)].map {
        SIMD3(origin.x + $0.0 * side, origin.y + $0.1 * side, 0)
      }
    }
  }

  /// The markers on the board, in order of their numbers.
  public var markers: [Marker] {
    switch pattern {
    case .chessboard: return []
    case .charuco(let columns, let rows, let square, let side, let startsWhite, _, let first):
      var result: [Marker] = []
      for y in 0..<rows {
        for x in 0..<columns where ((x + y) % 2 == 0) == startsWhite {
          let inset = (square - side) / 2
          result.append(
            Marker(
              id: first + result.count,
              origin: SIMD2(Double(x) * square + inset, Double(y) * square + inset), side: side))
        }
      }
      return result
    case .tagGrid(let columns, let rows, let side, let gap, _, _, let first):
      return (0..<columns * rows).map { k in
        let (x, y) = (k % columns, rows - 1 - k / columns)
        return Marker(
          id: first + k, origin: SIMD2(Double(x), Double(y)) * (side + gap), side: side)
      }
    }
  }

  /// The dictionary of the board's markers; nil for a plain chessboard.
  public var dictionary: TargetDictionary? {
    switch pattern {
    case .chessboard: nil
    case .charuco(_, _, _, _, _, let dictionary, _), .tagGrid(_, _, _, _, _, let dictionary, _):
      dictionary
    }
  }

  /// What the board is, in words, such as `7x11 ChArUco, squares of 111 mm`.
  public var summary: String {
    func mm(_ metres: Double) -> String { String(format: "%g mm", metres * 1000) }
    return switch pattern {
    case .charuco(let columns, let rows, let square, _, _, let dictionary, _):
      "\(columns)x\(rows) ChArUco, squares of \(mm(square)), \(dictionary.name)"
    case .tagGrid(let columns, let rows, let tag, let gap, _, let dictionary, _):
      "\(columns)x\(rows) tags of \(mm(tag)), \(mm(gap)) apart, \(dictionary.name)"
    case .chessboard(let columns, let rows, let square):
      "\(columns)x\(rows) chessboard, squares of \(mm(square))"
    }
  }
}
