internal import CaptureCore
internal import Foundation
internal import Matroska

/// One sample of a camera's motion sensors, each with its own time.
public struct MotionSample: Equatable, Sendable {
  /// Device times, seconds.
  public var accelerationTime, turnTime: Double
  /// Metres per second squared, in the device's axes.
  public var acceleration: SIMD3<Float>
  /// Radians per second, in the device's axes.
  public var turn: SIMD3<Float>

  static let bytes = 40

  /// A sample of the given values.
  public init(
    accelerationTime: Double, acceleration: SIMD3<Float>, turnTime: Double, turn: SIMD3<Float>
  ) {
    (self.accelerationTime, self.acceleration) = (accelerationTime, acceleration)
    (self.turnTime, self.turn) = (turnTime, turn)
  }

  /// Packed, little-endian: time in nanoseconds and three values, twice.
  var data: Data {
    func bytes(_ time: Double, _ v: SIMD3<Float>) -> Data {
      var data = withUnsafeBytes(of: UInt64((time * 1e9).rounded()).littleEndian) { Data($0) }
      for i in 0..<3 {
        data += withUnsafeBytes(of: v[i].bitPattern.littleEndian) { Data($0) }
      }
      return data
    }
    return bytes(accelerationTime, acceleration) + bytes(turnTime, turn)
  }
}

enum KinectMotion {
  /// The device's clock at the file's beginning, microseconds: the first sample carries a time of
  /// its own, in nanoseconds, beside that of its block. Nil where no sample can be read.
  static func startOffset(_ blocks: [MatroskaBlock], of file: MatroskaFile) -> Int64? {
    for block in blocks.prefix(16) {
      guard let frame = (try? file.frames(of: block))?.first, frame.count >= MotionSample.bytes
      else { continue }
      let time = frame.withUnsafeBytes {
        UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self))
      }
      let (micros, start) = (Int64(clamping: time / 1000), block.time / 1000)
      guard micros >= start, micros < 10_000_000_000_000_000 else { continue }
      return micros - start
    }
    return nil
  }
}
