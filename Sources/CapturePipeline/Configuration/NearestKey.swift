/// The key that a misspelt one most likely meant; nil when none is near.
///
/// Compares whole dotted keys, and the last part alone for a key whose group was forgotten. Distance
/// is the number of letters to insert, delete, replace or swap (Damerau and Levenshtein, optimal
/// string alignment); a third of the letters may differ.
func nearestKey(to key: String, among keys: [String]) -> String? {
  guard key.count <= 100 else { return nil }
  let last = key.split(separator: ".").last.map(String.init) ?? key
  var best: (distance: Double, key: String)?
  for candidate in keys {
    let tail = candidate.split(separator: ".").last.map(String.init) ?? candidate
    // Half a letter: a near key of the same group wins over an equally near one elsewhere.
    let distances = [
      (Double(letterDistance(key, candidate)), key.count),
      (Double(letterDistance(last, tail)) + 0.5, last.count),
    ]
    for (distance, length) in distances where distance <= max(1.5, Double(length) / 3) {
      if distance < best?.distance ?? .infinity { best = (distance, candidate) }
    }
  }
  return best?.key
}

/// Letters to insert, delete, replace or swap to turn one text into the other.
func letterDistance(_ a: String, _ b: String) -> Int {
  let (a, b) = (Array(a), Array(b))
  var rows = [[Int](0...b.count)]
  for i in 0..<a.count {
    var row = [i + 1]
    for j in 0..<b.count {
      var cost = min(row[j], rows[i][j + 1]) + 1
      cost = min(cost, rows[i][j] + (a[i] == b[j] ? 0 : 1))
      if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
        cost = min(cost, rows[i - 1][j - 1] + 1)
      }
      row.append(cost)
    }
    rows.append(row)
  }
  return rows[a.count][b.count]
}
