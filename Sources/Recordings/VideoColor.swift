/// Luma and colour differences after BT.601, luma 16...235: what cameras send as NV12, YUY2 and UYVY.
/// In steps of 1/65536.
enum VideoColor {
  /// Luma, blue and red difference of a colour.
  static func luma(_ r: UInt8, _ g: UInt8, _ b: UInt8) -> (UInt8, UInt8, UInt8) {
    let (r, g, b) = (Int(r), Int(g), Int(b))
    return (
      UInt8((16_829 * r + 33_039 * g + 6_416 * b + 32_768) >> 16 + 16),
      UInt8((-9_714 * r - 19_070 * g + 28_784 * b + 32_768) >> 16 + 128),
      UInt8((28_784 * r - 24_103 * g - 4_681 * b + 32_768) >> 16 + 128)
    )
  }

  /// Red, green and blue.
  static func rgb(_ luma: UInt8, _ blue: UInt8, _ red: UInt8) -> SIMD3<UInt8> {
    let y = 76_309 &* (Int32(luma) &- 16)
    let (u, v) = (Int32(blue) &- 128, Int32(red) &- 128)
    func clamp(_ value: Int32) -> UInt8 {
      UInt8(truncatingIfNeeded: max(0, min(255, (value &+ 32_768) >> 16)))
    }
    return SIMD3(
      clamp(y &+ 104_597 &* v), clamp(y &- 25_675 &* u &- 53_279 &* v), clamp(y &+ 132_201 &* u))
  }
}
