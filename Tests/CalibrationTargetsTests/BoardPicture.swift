import CalibrationTargets
import CaptureCore
import Foundation
import LinearAlgebra

/// A picture of a board as a pinhole camera without noise would take it.
struct BoardPicture {
  var target: CalibrationTarget
  var width = 320
  var height = 240
  var focal = 330.0
  /// Rotation vector and middle of the board before the camera.
  var turn = SIMD3(0.25, -0.3, 0.1)
  var distance: Double

  init(_ target: CalibrationTarget, fill: Double = 0.8) {
    self.target = target
    distance = 330 * max(target.size.x / 320, target.size.y / 240) / fill
  }

  private var pose: (rows: [SIMD3<Double>], place: SIMD3<Double>) {
    let angle = turn.length
    let a = turn.normalized
    func rotate(_ p: SIMD3<Double>) -> SIMD3<Double> {
      p * cos(angle) + a.cross(p) * sin(angle) + a * (a.dot(p) * (1 - cos(angle)))
    }
    let axes = [rotate(SIMD3(1, 0, 0)), rotate(SIMD3(0, 1, 0)), rotate(SIMD3(0, 0, 1))]
    let middle = SIMD3(target.size.x / 2, target.size.y / 2, 0)
    let place = SIMD3(0, 0, distance) - rotate(middle)
    return (axes, place)
  }

  /// The pixel of a point of the board.
  func pixel(_ p: SIMD3<Double>) -> SIMD2<Double> {
    let (axes, place) = pose
    let q = axes[0] * p.x + axes[1] * p.y + axes[2] * p.z + place
    return SIMD2(q.x / q.z, q.y / q.z) * focal + SIMD2(Double(width), Double(height)) / 2
  }

  func image() throws -> GreyImage {
    let size = target.size
    let corners = [
      SIMD3(0.0, 0, 0), SIMD3(size.x, 0, 0), SIMD3(size.x, size.y, 0), SIMD3(0, size.y, 0),
    ]
    let back = PlaneHomography(corners.map { (pixel($0), SIMD2($0.x, $0.y)) })!
    let rectangles = TargetDrawing(target).rectangles
    // A raster of the board, so that each sample is a look-up.
    let step = max(size.x, size.y) / 5000
    let margin = 0.15 * size.x
    let (w, h) = (Int((size.x + 2 * margin) / step), Int((size.y + 2 * margin) / step))
    var raster = [Bool](repeating: false, count: w * h)
    raster.withUnsafeMutableBufferPointer { raster in
      for r in rectangles {
        let (left, right) = (r.origin.x + margin, r.origin.x + r.size.x + margin)
        let (top, bottom) = (r.origin.y + margin, r.origin.y + r.size.y + margin)
        for y in Int(top / step + 0.5)..<Int(bottom / step + 0.5) {
          raster[y * w + Int(left / step + 0.5)..<y * w + Int(right / step + 0.5)]
            .update(repeating: true)
        }
      }
    }
    var samples = [UInt8](repeating: 0, count: width * height)
    let m = back.h
    let (a, b, c, d, e, f, g, i, j) = (m[0], m[1], m[2], m[3], m[4], m[5], m[6], m[7], m[8])
    // Nine samples a pixel: a test's build is not optimized.
    raster.withUnsafeBufferPointer { raster in
      for v in 0..<height {
        for u in 0..<width {
          var black = 0
          for k in 0..<9 {
            // A turned square, so that no two samples share a row or a column.
            let (x, y) = (
              Double(u) + Double(k % 3 - 1) / 3 + Double(k / 3 - 1) / 9,
              Double(v) + Double(k / 3 - 1) / 3 - Double(k % 3 - 1) / 9
            )
            let z = step * (g * x + i * y + j)
            let column = Int(((a * x + b * y + c) + margin * z / step) / z)
            let row = Int(((d * x + e * y + f) + margin * z / step) / z)
            if column >= 0, row >= 0, column < w, row < h, raster[row * w + column] { black += 1 }
          }
          samples[v * width + u] = UInt8(225 - 190 * black / 9)
        }
      }
    }
    return try GreyImage(width: width, height: height, samples: samples)
  }
}
