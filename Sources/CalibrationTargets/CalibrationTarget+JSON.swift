public import CaptureCore
public import Foundation

extension CalibrationTarget {
  /// Largest target file that is read, bytes.
  public static let fileLimit = 1 << 20
  /// Most squares or tags along a side.
  public static let gridLimit = 64

  private enum Kind: String, CaseIterable {
    case charuco, aprilgrid, chessboard
  }
  private enum Tone: String, CaseIterable {
    case black, white
  }

  /// Reads a target file.
  /// - Throws: ``CaptureError``, naming the file and the key in it.
  public init(file: URL) throws(CaptureError) {
    let data = try AtomicFile.read(file, limit: CalibrationTarget.fileLimit)
    do {
      try self.init(JSONNode(JSONValue(parsing: data)))
    } catch {
      throw error.within(file.path)
    }
  }

  /// Reads a target:
  ///
  ///     {"format": "fieldmesh-target", "version": 1, "name": "...", "kind": "charuco",
  ///      "columns": 7, "rows": 11, "square": 0.111, "marker": 0.0814, "topLeft": "black",
  ///      "dictionary": "aruco-6x6-250", "firstID": 0}
  ///
  /// `aprilgrid` has `tag` and `gap` for `square` and `marker`, and `cornerSquares`; `chessboard`
  /// has only `columns`, `rows`, `square`. Lengths are metres.
  /// - Throws: ``CaptureError`` `badInput` for unknown or missing keys, unknown dictionaries, markers
  ///   larger than their squares and boards with more markers than their dictionary.
  public init(_ node: JSONNode) throws(CaptureError) {
    // What every kind has comes first, so that a wrong format is told before a missing key.
    try node.expectFormat("fieldmesh-target", version: 1)
    let name = try node.member("name").string(limit: 64)
    let common = ["format", "version", "name", "note", "kind", "columns", "rows"]
    _ = try node.optionalMember("note")?.string(limit: 4096)
    let least =
      switch try node.member("kind").word(Kind.self) {
      case .aprilgrid: 1
      case .charuco: 3
      case .chessboard: 4
      }
    let columns = try node.member("columns").integer(in: least...CalibrationTarget.gridLimit)
    let rows = try node.member("rows").integer(in: least...CalibrationTarget.gridLimit)
    func length(_ key: String, _ range: ClosedRange<Double> = 1e-4...10) throws(CaptureError)
      -> Double
    {
      try node.member(key).number(in: range)
    }
    switch try node.member("kind").word(Kind.self) {
    case .chessboard:
      try node.expectKeys(common + ["square"])
      guard (columns + rows) % 2 == 1 else {
        throw try node.member("rows").failure(
          "is \(rows) with \(columns) columns; a board of an odd and an even number of squares is needed, because one that looks the same upside down has no upper left."
        )
      }
      self.init(
        name: name,
        pattern: .chessboard(columns: columns, rows: rows, square: try length("square")))
    case .charuco:
      try node.expectKeys(
        common + ["square", "marker", "topLeft", "dictionary", "firstID"])
      let square = try length("square", 2e-4...10)
      let tone = try node.optionalMember("topLeft")?.word(Tone.self) ?? .black
      self.init(
        name: name,
        pattern: .charuco(
          columns: columns, rows: rows, square: square,
          marker: try length("marker", 1e-4...square * 0.95), startsWhite: tone == .white,
          dictionary: try Self.dictionary(node), firstID: try Self.first(node)))
    case .aprilgrid:
      try node.expectKeys(common + ["tag", "gap", "cornerSquares", "dictionary", "firstID"])
      var hasSquares = false
      if let flag = try node.optionalMember("cornerSquares") {
        guard case .bool(let value) = flag.value else {
          throw flag.failure("must be true or false.")
        }
        hasSquares = value
      }
      self.init(
        name: name,
        pattern: .tagGrid(
          columns: columns, rows: rows, tag: try length("tag"), gap: try length("gap"),
          hasCornerSquares: hasSquares, dictionary: try Self.dictionary(node),
          firstID: try Self.first(node)))
    }
    if let dictionary, let last = markers.last, last.id >= dictionary.codes.count {
      throw try node.member("dictionary").failure(
        "is `\(dictionary.name)` with \(dictionary.codes.count) markers, but the board needs ids up to \(last.id)."
      )
    }
  }

  private static func dictionary(_ node: JSONNode) throws(CaptureError) -> TargetDictionary {
    let member = try node.member("dictionary")
    let name = try member.string()
    guard let dictionary = TargetDictionary.named(name) else {
      throw member.failure(
        "is `\(name.prefix(40))`, which is no known dictionary; known are \(TargetDictionary.names)."
      )
    }
    return dictionary
  }

  private static func first(_ node: JSONNode) throws(CaptureError) -> Int {
    try node.optionalMember("firstID")?.integer(in: 0...10_000) ?? 0
  }
}
