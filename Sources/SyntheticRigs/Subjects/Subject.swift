internal import CaptureCore
internal import Foundation

/// Something that moves in front of the rig: limbs as a function of time.
struct Subject: Sendable {
  /// The name by which a configuration chooses it.
  var name: String
  /// The limbs at a time: always the same ones in the same order.
  var limbs: @Sendable (_ time: Double, _ look: SubjectLook) -> [Limb]

  /// Every subject that a configuration can name.
  static let all: [Subject] = [walker, dancer, porter]
}

/// How one individual differs from others of its kind, drawn from the seed.
struct SubjectLook: Sendable {
  /// 1 stands for a height of 1.7 m.
  var scale: Double
  /// Where in its motion the subject starts, radians.
  var phase: Double
  /// Colours from which the clothes are made.
  var palette: [SIMD3<Float>]

  init(seed: UInt64) {
    var random = SeededGenerator(seed: seed &* 0x9e37_79b9 &+ 17)
    scale = 0.95 + 0.08 * Double(random.uniform())
    phase = 2 * .pi * Double(random.uniform())
    var colors: [SIMD3<Float>] = [
      SIMD3(0.72, 0.16, 0.14), SIMD3(0.16, 0.34, 0.66), SIMD3(0.85, 0.65, 0.18),
      SIMD3(0.2, 0.5, 0.28), SIMD3(0.55, 0.3, 0.6), SIMD3(0.75, 0.72, 0.66),
    ]
    colors.shuffle(using: &random)
    palette = colors
  }
}

extension SubjectLook {
  var skin: Paint { Paint(.plain, SIMD3(0.82, 0.62, 0.5)) }
  var hair: Paint { Paint(.stripes, SIMD3(0.2, 0.13, 0.09), SIMD3(0.3, 0.2, 0.13), scale: 0.015) }
  var shoes: Paint { Paint(.plain, SIMD3(0.22, 0.15, 0.12)) }

  /// A patterned cloth in one colour of the palette and a darker one.
  func cloth(_ index: Int, _ pattern: Paint.Pattern, scale: Float) -> Paint {
    let base = palette[index % palette.count]
    return Paint(pattern, base, base * 0.6 + 0.02, scale: scale)
  }
}
