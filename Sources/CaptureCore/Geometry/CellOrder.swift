/// Things put in the order of the cells of a grid that they lie in, so that those of a cell, and of a row of
/// cells, stand one behind the other.
public struct CellOrder: Sendable {
  /// Place in ``order`` of each cell's first thing; one more at the end.
  public let starts: [Int32]
  /// The things' numbers, cell by cell; within one they stay in their order.
  public let order: [Int32]

  /// Sorts by counting: O(things + cells).
  /// - Parameters:
  ///   - places: The cell of each thing, below `cells`.
  ///   - cells: Number of cells.
  public init(_ places: [Int32], cells: Int) {
    var next = [Int32](repeating: 0, count: cells + 1)
    for place in places { next[Int(place) + 1] += 1 }
    for i in 1..<next.count { next[i] += next[i - 1] }
    starts = next
    var order = [Int32](repeating: 0, count: places.count)
    for (i, place) in places.enumerated() {
      order[Int(next[Int(place)])] = Int32(i)
      next[Int(place)] += 1
    }
    self.order = order
  }
}
