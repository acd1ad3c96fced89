internal import CaptureCore
internal import Foundation

/// The units a field works in: the box of interest fills [-1, 1] along its longest side, and time runs
/// over the frames. The one place where world metres and seconds become field units.
struct FieldSpace: Codable, Equatable, Sendable {
  /// World point at the field's origin, metres.
  var center: SIMD3<Float>
  /// Metres in one field unit.
  var scale: Float
  /// Times of the frames, seconds, ascending.
  var times: [Double]

  init(box: BoundingBox, times: [Double]) {
    (center, scale, self.times) = (box.center, max(box.size.max() / 2, 1e-3), times)
  }

  @inline(__always) func fieldFromWorld(_ p: SIMD3<Float>) -> SIMD3<Float> {
    (p - center) / scale
  }

  /// Position of a frame among `capacity` coefficient rows.
  func position(frame: Int, capacity: Int) -> Double {
    guard times.count > 1 else { return 0 }
    return Double(frame) * Double(capacity - 1) / Double(times.count - 1)
  }

  /// Position of any time: linear between frames, the nearest end outside.
  func position(time: Double, capacity: Int) -> Double {
    guard times.count > 1, time > times[0] else { return 0 }
    guard let next = times.firstIndex(where: { $0 >= time }) else {
      return Double(capacity - 1)
    }
    let span = times[next] - times[next - 1]
    let share = span > 0 ? (time - times[next - 1]) / span : 1
    return (Double(next - 1) + share) * Double(capacity - 1) / Double(times.count - 1)
  }
}
