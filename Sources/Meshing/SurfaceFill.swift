internal import CaptureCore

/// The smoothest values over a surface that agree with what is known at some of its vertices.
///
/// At the others, each value is the mean of its neighbours' along the edges of the mesh (Laplace's equation on the
/// graph), so that none is beyond the known ones. It is solved from coarse to fine: each level joins nodes with
/// their neighbours into fewer ones, until no edges are left; then each starts from the coarser one's values and is
/// relaxed by Gauss-Seidel sweeps. What is off then, a few hundredths of the differences, lies smoothly over all.
/// Cost: O(triangles + unknown vertices), on one thread.
struct SurfaceFill {
  /// Sweeps over each level. What joined nodes start with alike, a handful of edges wide, is smooth after these.
  private static let sweeps = 8
  /// How much more an edge to what is known weighs beside joined nodes: it ends at their rim, half as far from their
  /// middle as that of the next ones is.
  private static let joinedWeight: Float = 2

  /// Nodes whose values are unknown, with their neighbours.
  private struct Graph {
    /// Place of each node's first neighbour; one more at the end.
    var starts: [Int32] = [0]
    var neighbours: [Int32] = []
    var weights: [Float] = []
    /// The sum of what is known beside each node, its weight in the last place.
    var known: [SIMD4<Float>]

    /// Places of a node's neighbours.
    func around(_ i: Int) -> Range<Int> { Int(starts[i])..<Int(starts[i + 1]) }
  }

  /// Gives vertices of weight 0 values of weight 1; those with no known ones in their component keep 0.
  ///
  /// - Parameters:
  ///   - values: Of each vertex, the weight in the last place: 1 where it is known, 0 where it is not.
  ///   - triangles: An oriented manifold, or one that was opened.
  static func fill(_ values: inout [SIMD4<Float>], over triangles: [SIMD3<UInt32>]) {
    let open = values.indices.filter { values[$0].w == 0 }
    guard !open.isEmpty, open.count < values.count else { return }
    var levels = [graph(open, values, triangles)]
    var parents: [[Int32]] = []
    while !levels.last!.neighbours.isEmpty {
      let (parent, count) = joined(levels.last!)
      levels.append(coarser(levels.last!, parent, count))
      parents.append(parent)
    }
    var solved = [SIMD4<Float>](repeating: .zero, count: levels.last!.known.count)
    while let graph = levels.popLast() {
      relax(&solved, graph, known: levels.isEmpty ? 1 : joinedWeight)
      if let parent = parents.popLast() { solved = parent.map { solved[Int($0)] } }
    }
    for (i, value) in zip(open, solved) { values[i] = value }
  }

  private static func graph(
    _ open: [Int], _ values: [SIMD4<Float>], _ triangles: [SIMD3<UInt32>]
  ) -> Graph {
    var node = [Int32](repeating: -1, count: values.count)
    for (n, i) in open.enumerated() { node[i] = Int32(n) }
    var graph = Graph(known: [SIMD4<Float>](repeating: .zero, count: open.count))
    // An edge of a closed surface is passed once in each direction.
    var (sources, targets): ([Int32], [Int32]) = ([], [])
    sources.reserveCapacity(7 * open.count)
    targets.reserveCapacity(7 * open.count)
    for t in triangles {
      let corners = SIMD3(node[Int(t.x)], node[Int(t.y)], node[Int(t.z)])
      guard corners.max() >= 0 else { continue }
      for k in 0..<3 where corners[k] >= 0 {
        let (from, to, next) = (corners[k], corners[(k + 1) % 3], t[(k + 1) % 3])
        if to >= 0 {
          sources.append(from)
          targets.append(to)
        } else {
          graph.known[Int(from)] += values[Int(next)]
        }
      }
    }
    let edges = CellOrder(sources, cells: open.count)
    graph.starts = edges.starts
    graph.neighbours = edges.order.map { targets[Int($0)] }
    graph.weights = [Float](repeating: 1, count: targets.count)
    return graph
  }

  /// The coarser node that each one becomes part of, and their number: a node is joined with its neighbours where
  /// none is part of another yet, and those left over join one of theirs.
  private static func joined(_ graph: Graph) -> (parent: [Int32], count: Int) {
    let count = graph.known.count
    var parent = [Int32](repeating: -1, count: count)
    var coarse = 0
    for i in 0..<count {
      let around = graph.neighbours[graph.around(i)]
      guard parent[i] < 0, around.allSatisfy({ parent[Int($0)] < 0 }) else { continue }
      parent[i] = Int32(coarse)
      for j in around { parent[Int(j)] = Int32(coarse) }
      coarse += 1
    }
    for i in 0..<count where parent[i] < 0 {
      let taken = graph.around(i).filter { parent[Int(graph.neighbours[$0])] >= 0 }
      let nearest = taken.max { graph.weights[$0] < graph.weights[$1] }!
      parent[i] = parent[Int(graph.neighbours[nearest])]
    }
    return (parent, coarse)
  }

  /// The graph of joined nodes: weights between them, and of what is known beside them, are summed.
  private static func coarser(_ graph: Graph, _ parent: [Int32], _ count: Int) -> Graph {
    let members = CellOrder(parent, cells: count)
    var result = Graph(known: [SIMD4<Float>](repeating: .zero, count: count))
    // Where the row at work has a neighbour, if it has it.
    var place = [Int](repeating: -1, count: count)
    for c in 0..<count {
      let start = result.neighbours.count
      for member in members.order[Int(members.starts[c])..<Int(members.starts[c + 1])] {
        let i = Int(member)
        result.known[c] += graph.known[i]
        for k in graph.around(i) {
          let other = parent[Int(graph.neighbours[k])]
          guard Int(other) != c else { continue }
          if place[Int(other)] < start {
            place[Int(other)] = result.neighbours.count
            result.neighbours.append(other)
            result.weights.append(0)
          }
          result.weights[place[Int(other)]] += graph.weights[k]
        }
      }
      result.starts.append(Int32(result.neighbours.count))
    }
    return result
  }

  /// Sweeps to and fro; a value of weight 0 counts for nothing.
  private static func relax(_ values: inout [SIMD4<Float>], _ graph: Graph, known: Float) {
    for sweep in 0..<sweeps {
      for n in values.indices {
        let i = sweep % 2 == 0 ? n : values.count - 1 - n
        var sum = known * graph.known[i]
        for k in graph.around(i) {
          sum += graph.weights[k] * values[Int(graph.neighbours[k])]
        }
        if sum.w > 0 { values[i] = sum / sum.w }
      }
    }
  }
}
