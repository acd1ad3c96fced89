internal import CaptureCore
internal import Foundation

/// What the cameras saw around vertices at the mesh's instant.
///
/// A field's colours are as fine as its layers could learn for all instants; pixels are finer. The observations
/// around a vertex that face its way weigh `confidence · exp(−|x − p|² / 2σ²)`.
struct SeenColors {
  /// Least standard deviation of the weights along the surface, metres: pixels of a camera two metres away
  /// lie so far apart.
  private static let least: Float = 0.004
  /// Normals that are further apart belong to different surfaces, cosine.
  private static let facing: Float = 0.5

  private let cells: PointCells
  /// In the order of the cells.
  private let entries: [Entry]
  private let reach: Float
  private let falloff: Float

  private struct Entry {
    /// Place, and confidence.
    var place: SIMD4<Float>
    var normal: SIMD3<Float>
    /// 0...255.
    var color: SIMD3<Float>
  }

  /// Sorts the observations that have a colour into cells: O(observations + cells).
  init(_ frame: any FrameObservations, voxel: Float) {
    let deviation = max(Self.least, 0.6 * voxel)
    (reach, falloff) = (2.5 * deviation, -1 / (2 * deviation * deviation))
    let colored = frame.surface.indices.filter { frame.surface[$0].hasColor == 1 }
    cells = PointCells(colored.lazy.map { frame.surface[$0].position }, reach: reach)
    entries = cells.order.map { i in
      let o = frame.surface[colored[Int(i)]]
      return Entry(
        place: SIMD4(o.position, o.confidence), normal: o.normal,
        color: SIMD3(Float(o.red), Float(o.green), Float(o.blue)))
    }
  }

  /// The weighted sum of the colours around each vertex, 0...255, and in the last place that of the weights.
  func sums(around mesh: TriangleMesh, threads: Int?) -> [SIMD4<Float>] {
    let (positions, normals) = (mesh.positions, mesh.normals)
    return parallelValues(positions.count, threads: threads) { i in
      var sum = SIMD4<Float>.zero
      let (place, normal) = (SIMD4(positions[i], 0), normals[i])
      cells.near(positions[i]) { range in
        for k in range {
          var d = entries[k].place - place
          d.w = 0
          let square = (d * d).sum()
          guard square < reach * reach, (entries[k].normal * normal).sum() > Self.facing else {
            continue
          }
          sum += SIMD4(entries[k].color, 1) * (entries[k].place.w * expf(square * falloff))
        }
      }
      return sum
    }
  }
}
