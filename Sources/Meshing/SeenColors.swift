internal import CaptureCore
internal import Foundation

/// Colours of vertices as the cameras saw them at the mesh's instant.
///
/// A field's colours are as fine as its layers could learn for all instants; pixels are finer. A vertex
/// takes the mean of the observations around it that face its way, each weighing
/// `confidence · exp(−|x − p|² / 2σ²)`, together with the field's colour, which alone stays where nobody
/// looked.
struct SeenColors {
  /// Least standard deviation of the weights along the surface, metres: pixels of a camera two metres away
  /// lie so far apart.
  private static let least: Float = 0.004
  /// Normals that are further apart belong to different surfaces, cosine.
  private static let facing: Float = 0.5
  /// Weight of the field's own colour.
  private static let prior: Float = 0.1

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

  /// Changes the mesh's colours, which it has, by what was seen around its vertices.
  func apply(to mesh: inout TriangleMesh, threads: Int?) {
    let (positions, normals, colors) = (mesh.positions, mesh.normals, mesh.colors)
    mesh.colors = parallelValues(positions.count, threads: threads) { i in
      var (sum, weights) = (
        SIMD3(Float(colors[i].x), Float(colors[i].y), Float(colors[i].z)) * Self.prior, Self.prior
      )
      let (place, normal) = (SIMD4(positions[i], 0), normals[i])
      cells.near(positions[i]) { range in
        for k in range {
          var d = entries[k].place - place
          d.w = 0
          let square = (d * d).sum()
          guard square < reach * reach, (entries[k].normal * normal).sum() > Self.facing else {
            continue
          }
          let weight = entries[k].place.w * expf(square * falloff)
          sum += entries[k].color * weight
          weights += weight
        }
      }
      let mean = (sum / weights).rounded(.toNearestOrEven)
      return SIMD3(UInt8(mean.x), UInt8(mean.y), UInt8(mean.z))
    }
  }
}
