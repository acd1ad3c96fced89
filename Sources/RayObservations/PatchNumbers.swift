/// Places of a surface sorted into small patches that face one way each, for what hardly changes within a patch
/// and costs too much for every place.
struct PatchNumbers {
  /// By place, the number of its patch.
  private(set) var numbers: [Int] = []
  /// By patch, the first of its places, which stands for all.
  private(set) var firsts: [Int] = []

  private struct Key: Hashable {
    let cell: SIMD3<Int32>
    let side: SIMD3<Int32>
  }

  /// Patches are numbered in the order of their first places.
  ///
  /// - Parameters:
  ///   - places: Places, metres, with normals.
  ///   - edge: Edge of the cube that a patch lies in, metres, above 0.
  /// - Complexity: O(places).
  init(_ places: [(place: SIMD3<Float>, normal: SIMD3<Float>)], edge: Float) {
    var known: [Key: Int] = [:]
    numbers.reserveCapacity(places.count)
    for (i, (place, normal)) in places.enumerated() {
      let cell = SIMD3<Int32>((place / edge).rounded(.down))
      // Of six sides of a cube.
      let size = SIMD3(abs(normal.x), abs(normal.y), abs(normal.z))
      var side = SIMD3<Int32>.zero
      let axis = size.x >= size.y && size.x >= size.z ? 0 : size.y >= size.z ? 1 : 2
      side[axis] = normal[axis] < 0 ? -1 : 1
      let fresh = firsts.count
      let key = Key(cell: cell, side: side)
      let number = known[key] ?? fresh
      if number == fresh {
        known[key] = fresh
        firsts.append(i)
      }
      numbers.append(number)
    }
  }
}
