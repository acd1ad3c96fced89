extension RandomAccessCollection {
  /// Position of the first element that is not `before`, where all that are stand first; the end when
  /// all are. O(log count).
  @inlinable public func partitionPoint(where before: (Element) -> Bool) -> Index {
    var (low, count) = (startIndex, self.count)
    while count > 0 {
      let half = count / 2
      let middle = index(low, offsetBy: half)
      if before(self[middle]) {
        low = index(after: middle)
        count -= half + 1
      } else {
        count = half
      }
    }
    return low
  }
}
