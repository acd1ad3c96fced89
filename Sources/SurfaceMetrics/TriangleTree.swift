internal import CaptureCore

/// A bounding volume hierarchy over triangles that answers "which point of the surface is nearest".
///
/// Exact up to `Float` rounding (about 1e-7 of the coordinates). Building costs O(n log n), a query
/// about O(log n). A triangle may be shrunk to a segment or to a point.
struct TriangleTree: Sendable {
  /// The nearest point of the surface.
  struct Hit: Equatable, Sendable {
    var point: SIMD3<Float>
    /// Squared distance, square metres.
    var squaredDistance: Float
    /// Index of the triangle on which the point lies.
    var triangle: Int
  }

  /// Inner nodes have `count` 0 and their children at `first` and `first + 1`; leaves have triangles.
  private struct Node {
    var lower, upper: SIMD3<Float>
    var first, count: Int32
  }

  private static let leafSize = 4
  /// Below this depth, halves are balanced by count, which ends any tree within the stack's size.
  private static let unbalancedDepth = 48
  private static let stackSize = unbalancedDepth + 40

  private var nodes: [Node] = []
  /// Three corners a triangle, in the order of the leaves.
  private var corners: [SIMD3<Float>] = []
  /// Index of each of those triangles in the mesh.
  private var order: [Int32] = []

  /// A tree over the triangles of a mesh, of which there must be at least one; all must be finite.
  init(_ mesh: TriangleMesh) {
    self.init(
      corners: mesh.triangles.flatMap { triangle in
        [
          mesh.positions[Int(triangle.x)], mesh.positions[Int(triangle.y)],
          mesh.positions[Int(triangle.z)],
        ]
      })
  }

  /// A tree over places, each a triangle shrunk to a point.
  init(points: [SIMD3<Float>]) {
    self.init(corners: points.flatMap { [$0, $0, $0] })
  }

  private init(corners: [SIMD3<Float>]) {
    let count = corners.count / 3
    let boxes = (0..<count).map { i in
      let (a, b, c) = (corners[3 * i], corners[3 * i + 1], corners[3 * i + 2])
      return Node(
        lower: pointwiseMin(a, pointwiseMin(b, c)), upper: pointwiseMax(a, pointwiseMax(b, c)),
        first: Int32(i), count: 1)
    }
    order = (0..<Int32(count)).map { $0 }
    nodes.reserveCapacity(count)
    build(boxes)
    self.corners.reserveCapacity(corners.count)
    for i in order { self.corners += corners[3 * Int(i)..<3 * Int(i) + 3] }
  }

  private mutating func build(_ boxes: [Node]) {
    nodes.append(Node(lower: .zero, upper: .zero, first: 0, count: 0))
    var pending = [(node: 0, range: 0..<boxes.count, depth: 0)]
    while let (node, range, depth) = pending.popLast() {
      var (lower, upper) = (boxes[Int(order[range.lowerBound])].lower, SIMD3<Float>.zero)
      upper = boxes[Int(order[range.lowerBound])].upper
      var (least, most) = (lower + upper, lower + upper)
      for i in range {
        let box = boxes[Int(order[i])]
        lower = pointwiseMin(lower, box.lower)
        upper = pointwiseMax(upper, box.upper)
        least = pointwiseMin(least, box.lower + box.upper)
        most = pointwiseMax(most, box.lower + box.upper)
      }
      if range.count <= Self.leafSize {
        nodes[node] = Node(
          lower: lower, upper: upper, first: Int32(range.lowerBound), count: Int32(range.count))
        continue
      }
      let middle = split(range, boxes, least, most, balanced: depth >= Self.unbalancedDepth)
      nodes[node] = Node(lower: lower, upper: upper, first: Int32(nodes.count), count: 0)
      pending.append((nodes.count, range.lowerBound..<middle, depth + 1))
      pending.append((nodes.count + 1, middle..<range.upperBound, depth + 1))
      nodes.append(nodes[node])
      nodes.append(nodes[node])
    }
  }

  /// Orders a range so that both parts are apart along the longest axis; returns where they meet.
  private mutating func split(
    _ range: Range<Int>, _ boxes: [Node], _ least: SIMD3<Float>, _ most: SIMD3<Float>,
    balanced: Bool
  ) -> Int {
    let size = most - least
    let axis = size.x >= size.y && size.x >= size.z ? 0 : size.y >= size.z ? 1 : 2
    func key(_ i: Int32) -> Float { boxes[Int(i)].lower[axis] + boxes[Int(i)].upper[axis] }
    if !balanced {
      let border = (least[axis] + most[axis]) / 2
      var middle = range.lowerBound
      for i in range where key(order[i]) < border {
        order.swapAt(i, middle)
        middle += 1
      }
      if range.lowerBound < middle && middle < range.upperBound { return middle }
    }
    order[range].sort { (key($0), $0) < (key($1), $1) }
    return range.lowerBound + range.count / 2
  }

  /// The nearest point of the surface to each point, in order.
  ///
  /// Neighbours in the list should be neighbours in space: the last hit bounds the next search.
  func nearest(to points: [SIMD3<Float>]) -> [Hit] {
    var hits: [Hit] = []
    hits.reserveCapacity(points.count)
    nodes.withUnsafeBufferPointer { nodes in
      corners.withUnsafeBufferPointer { corners in
        withUnsafeTemporaryAllocation(of: (Float, Int32).self, capacity: Self.stackSize) { stack in
          var last = 0
          for point in points {
            let (nearest, squared, slot) = Self.search(point, from: last, nodes, corners, stack)
            last = slot
            hits.append(
              Hit(point: nearest, squaredDistance: squared, triangle: Int(order[slot])))
          }
        }
      }
    }
    return hits
  }

  /// Depth first, the nearer child first, leaving out what lies beyond the best so far.
  private static func search(
    _ point: SIMD3<Float>, from start: Int, _ nodes: UnsafeBufferPointer<Node>,
    _ corners: UnsafeBufferPointer<SIMD3<Float>>,
    _ stack: UnsafeMutableBufferPointer<(Float, Int32)>
  ) -> (point: SIMD3<Float>, squared: Float, slot: Int) {
    var nearest = closestPoint(
      to: point, corners[3 * start], corners[3 * start + 1], corners[3 * start + 2])
    var (best, slot) = ((nearest - point).dot(nearest - point), start)
    stack[0] = (0, 0)
    var depth = 1
    while depth > 0 {
      depth -= 1
      if stack[depth].0 >= best { continue }
      let node = nodes[Int(stack[depth].1)]
      if node.count > 0 {
        for i in Int(node.first)..<Int(node.first + node.count) {
          let q = closestPoint(to: point, corners[3 * i], corners[3 * i + 1], corners[3 * i + 2])
          let squared = (q - point).dot(q - point)
          if squared < best { (nearest, best, slot) = (q, squared, i) }
        }
        continue
      }
      var (near, far) = (node.first, node.first + 1)
      var (nearBound, farBound) = (bound(nodes[Int(near)], point), bound(nodes[Int(far)], point))
      if farBound < nearBound {
        swap(&near, &far)
        swap(&nearBound, &farBound)
      }
      if farBound < best {
        stack[depth] = (farBound, far)
        depth += 1
      }
      if nearBound < best {
        stack[depth] = (nearBound, near)
        depth += 1
      }
    }
    return (nearest, best, slot)
  }

  /// Squared distance of a point to a node's box.
  @inline(__always)
  private static func bound(_ node: Node, _ point: SIMD3<Float>) -> Float {
    let d = pointwiseMax(pointwiseMax(node.lower - point, point - node.upper), .zero)
    return d.dot(d)
  }
}

/// The point of a triangle nearest to `p`; the triangle may be shrunk to a segment or a point.
///
/// Source: C. Ericson, *Real-Time Collision Detection*, 2005, section 5.1.5.
@inline(__always)
func closestPoint(
  to p: SIMD3<Float>, _ a: SIMD3<Float>, _ b: SIMD3<Float>, _ c: SIMD3<Float>
) -> SIMD3<Float> {
  let (ab, ac, ap) = (b - a, c - a, p - a)
  let (d1, d2) = (ab.dot(ap), ac.dot(ap))
  if d1 <= 0 && d2 <= 0 { return a }
  let bp = p - b
  let (d3, d4) = (ab.dot(bp), ac.dot(bp))
  if d3 >= 0 && d4 <= d3 { return b }
  let vc = d1 * d4 - d3 * d2
  if vc <= 0 && d1 >= 0 && d3 <= 0 && d1 > d3 { return a + ab * (d1 / (d1 - d3)) }
  let cp = p - c
  let (d5, d6) = (ab.dot(cp), ac.dot(cp))
  if d6 >= 0 && d5 <= d6 { return c }
  let vb = d5 * d2 - d1 * d6
  if vb <= 0 && d2 >= 0 && d6 <= 0 && d2 > d6 { return a + ac * (d2 / (d2 - d6)) }
  let va = d3 * d6 - d5 * d4
  let (fromB, fromC) = (d4 - d3, d5 - d6)
  if va <= 0 && fromB >= 0 && fromC >= 0 && fromB + fromC > 0 {
    return b + (c - b) * (fromB / (fromB + fromC))
  }
  // Rounding can leave a sliver without area here; its edges are then as near as its inside.
  let area = va + vb + vc
  guard area > 0 else { return closestPointOnEdges(to: p, a, b, c) }
  return a + ab * (vb / area) + ac * (vc / area)
}

private func closestPointOnEdges(
  to p: SIMD3<Float>, _ a: SIMD3<Float>, _ b: SIMD3<Float>, _ c: SIMD3<Float>
) -> SIMD3<Float> {
  var nearest = a
  for (from, to) in [(a, b), (b, c), (c, a)] {
    let (edge, squared) = (to - from, (to - from).dot(to - from))
    let t = squared > 0 ? min(1, max(0, (p - from).dot(edge) / squared)) : 0
    let q = from + edge * t
    if (q - p).dot(q - p) < (nearest - p).dot(nearest - p) { nearest = q }
  }
  return nearest
}
