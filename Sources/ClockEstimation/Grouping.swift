/// Samples by a property that they share, such as the moment, so that their errors are one.
struct Grouping {
  /// So few groups, by ``spread(of:)``, do not tell how wrong they are: they may well agree by chance.
  static let fewest = 4.0

  private let group: [Int]
  let count: Int

  init<Key: Hashable>(_ keys: [Key]) {
    var known: [Key: Int] = [:]
    group = keys.map { key in
      if let index = known[key] { return index }
      known[key] = known.count
      return known.count - 1
    }
    count = known.count
  }

  /// Over how many groups weights are spread: one over the sum of the squares of the groups' shares
  /// (Kish's effective number). 0 where nothing weighs.
  func spread(of weights: [Double]) -> Double {
    let sums = sums(weights).map { abs($0) }
    let total = sums.reduce(0, +)
    return total > 0 ? total * total / sums.reduce(0) { $0 + $1 * $1 } : 0
  }

  /// Sum of the squares of each group's sum.
  func squares(_ values: [Double]) -> Double { sums(values).reduce(0) { $0 + $1 * $1 } }

  /// The squares as a variance, made larger, as Student's is, for few groups and for few that weigh:
  /// `spread` is more than ``fewest``.
  func variance(_ values: [Double], spread: Double) -> Double {
    let n = Double(count)
    return squares(values) * max((spread - 1) / (spread - 3), n / max(1, n - 3))
  }

  private func sums(_ values: [Double]) -> [Double] {
    var sums = [Double](repeating: 0, count: count)
    for (g, value) in zip(group, values) { sums[g] += value }
    return sums
  }
}
