internal import Foundation

/// SplitMix64: small, seedable, the same on every machine.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
  /// The whole state; saved in checkpoints.
  public var state: UInt64

  /// A generator that starts at `seed`.
  public init(seed: UInt64) { state = seed }

  /// The next 64 random bits.
  @inlinable public mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  /// A number in [0, 1).
  @inlinable public mutating func uniform() -> Float { Float(next() >> 40) * 0x1p-24 }

  /// A draw of the standard normal distribution (Box and Muller).
  public mutating func normal() -> Float {
    let radius = (-2 * log(1 - uniform())).squareRoot()
    return radius * cos(2 * .pi * uniform())
  }
}
