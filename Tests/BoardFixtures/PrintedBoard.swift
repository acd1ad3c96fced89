internal import CBoardDrawing
public import CalibrationTargets
public import CaptureCore
internal import Foundation
internal import LinearAlgebra

/// A board on paper, drawn into the pictures of pinhole cameras.
public struct PrintedBoard: Sendable {
  /// What is printed.
  public let target: CalibrationTarget
  /// White around the pattern, metres.
  public let margin: Double
  private let step: Double
  private let columns, rows: Int
  private let ink: [UInt8]

  /// Grey values of paper and ink.
  public static let white: UInt8 = 225
  private static let black: UInt8 = 35

  /// Prints a board; `cells` are the raster's along its longer side, and more than a picture shows.
  public init(_ target: CalibrationTarget, cells: Int = 1500) {
    self.target = target
    let size = target.size
    step = max(size.x, size.y) / Double(cells)
    let margin = 0.15 * size.x
    self.margin = margin
    let (w, h) = (Int((size.x + 2 * margin) / step), Int((size.y + 2 * margin) / step))
    let step = step
    var raster = [UInt8](repeating: 0, count: w * h)
    raster.withUnsafeMutableBufferPointer { raster in
      for r in TargetDrawing(target).rectangles {
        let (left, right) = (r.origin.x + margin, r.origin.x + r.size.x + margin)
        let (top, bottom) = (r.origin.y + margin, r.origin.y + r.size.y + margin)
        for y in Int(top / step + 0.5)..<Int(bottom / step + 0.5) {
          raster[y * w + Int(left / step + 0.5)..<y * w + Int(right / step + 0.5)]
            .update(repeating: 1)
        }
      }
    }
    (columns, rows, ink) = (w, h, raster)
  }

  /// Corners of the paper in the board's frame, metres.
  public var corners: [SIMD3<Double>] {
    let (s, m) = (target.size, margin)
    return [
      SIMD3(-m, -m, 0), SIMD3(s.x + m, -m, 0), SIMD3(s.x + m, s.y + m, 0), SIMD3(-m, s.y + m, 0),
    ]
  }

  /// Draws the paper over what a picture shows, `[height × width]`; nothing where it is not wholly in
  /// front of the lens, blank paper where it is seen from behind.
  public func draw(
    into samples: inout [UInt8], width: Int, height: Int, _ k: Intrinsics,
    cameraFromBoard pose: RigidTransform
  ) {
    let places = corners.map(pose.apply)
    guard places.allSatisfy({ $0.z > 0.05 }) else { return }
    let pixels = places.map { SIMD2(k.fx * $0.x / $0.z + k.cx, k.fy * $0.y / $0.z + k.cy) }
    let back = PlaneHomography(zip(pixels, corners).map { ($0, SIMD2($1.x, $1.y)) })
    guard let back else { return }
    func range(_ values: [Double], _ count: Int) -> Range<Int> {
      let low = min(max(0, (values.min() ?? 0).rounded(.down)), Double(count))
      let high = min(max(low, (values.max() ?? 0).rounded(.up) + 1), Double(count))
      return Int(low)..<Int(high)
    }
    let (us, vs) = (range(pixels.map(\.x), width), range(pixels.map(\.y), height))
    let isFront = pose.rotate(SIMD3(0, 0, 1)).dot(places[0]) > 0
    ink.withUnsafeBufferPointer { ink in
      var paper = cbd_paper(
        ink: ink.baseAddress, columns: Int64(columns), rows: Int64(rows), step: step,
        margin: margin)
      cbd_draw(
        &samples, Int64(width), Int64(us.lowerBound), Int64(us.upperBound), Int64(vs.lowerBound),
        Int64(vs.upperBound), back.h, &paper, isFront ? 1 : 0, Self.white, Self.black)
    }
  }
}
