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

extension RandomAccessCollection where Element == Double {
  /// Position of the number nearest to a value, at most `reach` away, where the numbers ascend; nil where
  /// none is so near. O(log count).
  @inlinable public func nearest(to value: Double, within reach: Double) -> Index? {
    let after = partitionPoint { $0 <= value }
    let candidates =
      (after > startIndex ? [index(before: after)] : []) + (after < endIndex ? [after] : [])
    return candidates.min { abs(self[$0] - value) < abs(self[$1] - value) }.flatMap {
      abs(self[$0] - value) <= reach ? $0 : nil
    }
  }
}
