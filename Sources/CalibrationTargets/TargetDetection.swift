/// A point of a board as it was seen in a picture.
public struct TargetCorner: Equatable, Sendable {
  /// Index into the board's ``CalibrationTarget/points``.
  public var point: Int
  /// Where it is, pixels; the upper left pixel's centre is (0, 0).
  public var pixel: SIMD2<Double>

  /// A point of a board at a pixel.
  public init(point: Int, pixel: SIMD2<Double>) { (self.point, self.pixel) = (point, pixel) }
}

/// What of a board was seen in one picture.
public struct TargetDetection: Equatable, Sendable {
  /// The board's points, in their order; none, or at least ``TargetDetector/leastCorners``, or all of
  /// a board that has fewer.
  public var corners: [TargetCorner]
  /// The markers that were read, the board's own or not.
  public var markers: [ReadMarker]
}

/// Why a board was not seen in a picture.
public enum TargetProblem: Equatable, Sendable {
  /// Nothing of the kind is in the picture.
  case absent
  /// Some markers were read, but too few, or their corners are too blurred or cut off.
  case tooLittle(markers: Int)
  /// The board's markers were read in a mirrored copy of the picture.
  case mirrored
  /// Markers of another dictionary were read.
  case otherDictionary(name: String, markers: Int)
  /// Most markers have numbers that the board does not have.
  case otherNumbers(lowest: Int, highest: Int, own: ClosedRange<Int>)
  /// The board's markers were read, but they do not lie as described.
  case otherLayout(markers: Int)
  /// A plain chessboard of another number of squares, or a part of one.
  case otherGrid(columns: Int, rows: Int)

  /// The commonest of several problems that says more than that there is no board; nil without any.
  public static func mostTelling(_ problems: [TargetProblem]) -> TargetProblem? {
    let telling = problems.filter { $0 != .absent }
    let counts = Dictionary(grouping: telling, by: \.kind).mapValues(\.count)
    return telling.max { counts[$0.kind, default: 0] < counts[$1.kind, default: 0] }
      ?? problems.first
  }

  /// The kind of problem, whatever its numbers.
  private var kind: Int {
    switch self {
    case .absent: 0
    case .tooLittle: 1
    case .mirrored: 2
    case .otherDictionary: 3
    case .otherNumbers: 4
    case .otherLayout: 5
    case .otherGrid: 6
    }
  }

  /// What is wrong and what to do, as sentences.
  public var text: String {
    switch self {
    case .absent:
      "The board is not in the picture, or too small, blurred or dark."
    case .tooLittle(let markers):
      "Only \(markers) of the board's markers can be read: move it closer, hold it still, and light it evenly."
    case .mirrored:
      "The picture is mirrored: the markers can be read in a mirror only. Switch off mirroring in the recorder."
    case .otherDictionary(let name, let markers):
      "The picture shows \(markers) markers of dictionary `\(name)`, not of the board's: correct `dictionary` in the target file."
    case .otherNumbers(let lowest, let highest, let own):
      "The markers in the picture have numbers from \(lowest) to \(highest), but the board's go from \(own.lowerBound) to \(own.upperBound): correct `columns`, `rows` or `firstID` in the target file."
    case .otherLayout(let markers):
      "The board's \(markers) markers do not lie as described: correct `columns`, `rows`, `marker` or `topLeft` in the target file, and keep the board flat."
    case .otherGrid(let columns, let rows):
      "The picture shows \(columns)x\(rows) squares of a chessboard: correct `columns` and `rows` in the target file, or show the whole board, since a part of a chessboard is not enough."
    }
  }
}
