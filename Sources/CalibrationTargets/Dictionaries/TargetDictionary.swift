internal import CTargetDetection
internal import CaptureCore

/// A set of square markers: black borders, one cell wide, around a square of bits.
public struct TargetDictionary: Equatable, Sendable {
  /// Name in target files, such as `aruco-6x6-250` or `tag36h11`.
  public let name: String
  /// Cells along a side, without the border.
  public let cells: Int
  /// The bits of each marker, row by row from the upper left, the highest bit first; white is 1.
  public let codes: [UInt64]
  /// Wrong bits that reading tolerates.
  public let corrected: Int

  /// Every dictionary, the largest of those that begin alike.
  public static let all: [TargetDictionary] = [
    TargetDictionary(name: "tag36h11", cells: 6, codes: tag36h11Codes, corrected: 2),
    TargetDictionary(name: "aruco-4x4-250", cells: 4, codes: aruco4x4Codes, corrected: 1),
    TargetDictionary(name: "aruco-5x5-250", cells: 5, codes: aruco5x5Codes, corrected: 2),
    TargetDictionary(name: "aruco-6x6-250", cells: 6, codes: aruco6x6Codes, corrected: 2),
  ]

  /// The dictionary of a name; nil without one. `aruco-5x5-50` and `-100` are the first markers of
  /// `aruco-5x5-250`.
  public static func named(_ name: String) -> TargetDictionary? {
    for whole in all {
      if whole.name == name { return whole }
      for count in [50, 100] where whole.name.hasSuffix("-250") {
        let part = "\(whole.name.dropLast(3))\(count)"
        if part == name {
          return TargetDictionary(
            name: part, cells: whole.cells, codes: Array(whole.codes.prefix(count)),
            corrected: whole.corrected)
        }
      }
    }
    return nil
  }

  /// The names that ``named(_:)`` knows, for messages.
  static let names = "tag36h11, or aruco- and 4x4, 5x5 or 6x6 and -50, -100 or -250"

  /// Whether a cell of a marker is white; the border is black.
  public func isWhite(_ id: Int, column: Int, row: Int) -> Bool {
    codes[id] >> UInt64(cells * cells - 1 - (row * cells + column)) & 1 == 1
  }

  private static let tag36h11Codes: [UInt64] = {
    var codes = [UInt64](repeating: 0, count: 587)
    let count = Int(ctd_tag36h11(&codes, Int32(codes.count)))
    return Array(codes.prefix(count))
  }()
}
