public import CaptureCore

/// One of the equal parts that a take's frames are cut into, to be meshed by themselves, or its windows
/// of frames, to be trained by themselves.
public struct FramePart: Hashable, Codable, Sendable {
  /// Which part, from 0.
  public let index: Int
  /// How many parts there are.
  public let count: Int

  /// Most parts that a take may be cut into.
  public static let limit = 10_000

  /// A part.
  /// - Throws: ``CaptureError`` `usage` unless `index` is one of `count` parts.
  public init(index: Int, of count: Int) throws(CaptureError) {
    guard (1...Self.limit).contains(count), (0..<count).contains(index) else {
      throw CaptureError(
        .usage, "There is no part \(index + 1) of \(count).",
        remedy: "Choose up to \(Self.limit) parts, the first one is 1.")
    }
    (self.index, self.count) = (index, count)
  }

  /// The part that a text such as `3/8` names, its number counted from 1.
  /// - Throws: ``CaptureError`` `usage` for any other text.
  public init(_ text: String) throws(CaptureError) {
    let sides = text.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
    guard sides.count == 2, let number = sides[0], let count = sides[1], number > 0 else {
      throw CaptureError(
        .usage, "'\(text)' is not a part.", at: "--part", remedy: "Write for example 3/8.")
    }
    try self.init(index: number - 1, of: count)
  }

  /// The positions of the part among so many frames, or windows; the parts' sizes differ by one at most.
  public func range(of frames: Int) -> Range<Int> {
    (index * frames / count)..<((index + 1) * frames / count)
  }
}
