extension Array {
  /// At most `count` elements, spread evenly from the first on: all where there are no more.
  public func evenlySpread(_ count: Int) -> [Element] {
    guard self.count > count else { return self }
    return (0..<Swift.max(0, count)).map { self[$0 * self.count / count] }
  }
}
