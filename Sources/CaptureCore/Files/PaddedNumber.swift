extension Int {
  /// The number with zeros in front up to `width` digits, so that names sort by number.
  public func padded(to width: Int) -> String {
    let digits = String(self)
    return String(repeating: "0", count: Swift.max(0, width - digits.count)) + digits
  }
}
