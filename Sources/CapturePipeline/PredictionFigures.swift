internal import Foundation

/// How well meshes predict what cameras recorded: sums over images, and the figures they give.
///
/// All sums are of whole numbers, so that their order does not matter.
public struct PredictionFigures: Sendable, Equatable {
  /// Width of the bins that differences of depth are counted in, metres: figures are good to half of it.
  static let step: Float = 0.00005
  /// Differences beyond this are counted as this, metres.
  static let farthest: Float = 1
  private static let middle = Int((farthest / step).rounded())

  /// Images compared.
  public private(set) var images = 0
  /// Depth pixels that show the subject, and those of them in front of which the mesh is drawn.
  public private(set) var pixels = 0, covered = 0
  /// By bin: covered pixels whose mesh lies so much behind what was recorded.
  private var differences = [Int](repeating: 0, count: 2 * middle + 1)
  /// Colour pixels compared; for red, green and blue the sums of recorded², recorded · predicted, predicted².
  private var colors = 0
  private var recordedSquares = SIMD3<Int>.zero, mixed = SIMD3<Int>.zero
  private var predictedSquares = SIMD3<Int>.zero

  /// No images.
  public init() {}

  /// Counts an image.
  mutating func addImage() { images += 1 }

  /// Counts a pixel of the subject, recorded at a z-depth; `predicted` is the mesh's, 0 without any.
  mutating func add(recorded: Float, predicted: Float) {
    pixels += 1
    guard predicted > 0 else { return }
    covered += 1
    let bin = ((predicted - recorded) / Self.step).rounded()
    differences[Int(max(-Float(Self.middle), min(Float(Self.middle), bin))) + Self.middle] += 1
  }

  /// Counts a pixel of the colour image, 0...255.
  mutating func add(recorded r: SIMD3<Int>, predicted p: SIMD3<Int>) {
    colors += 1
    recordedSquares &+= r &* r
    mixed &+= r &* p
    predictedSquares &+= p &* p
  }

  /// Counts what others counted.
  mutating func add(_ other: PredictionFigures) {
    images += other.images
    pixels += other.pixels
    covered += other.covered
    for i in differences.indices { differences[i] += other.differences[i] }
    colors += other.colors
    recordedSquares &+= other.recordedSquares
    mixed &+= other.mixed
    predictedSquares &+= other.predictedSquares
  }

  /// Share of the subject's pixels that the mesh covers; nil without any pixel, as all shares.
  public var coverage: Double? { share(covered) }

  /// Median of the absolute differences over all pixels of the subject, where uncovered ones count as
  /// infinitely far; millimetres. Nil when half of them or more are not covered.
  public var median: Double? { median(of: pixels) }

  /// The same over the covered pixels.
  public var coveredMedian: Double? { median(of: covered) }

  /// Median of the differences over the covered pixels, millimetres; + is behind what was recorded.
  public var offset: Double? {
    guard covered > 0 else { return nil }
    var left = covered / 2
    for (i, count) in differences.enumerated() {
      left -= count
      if left < 0 { return Double(i - Self.middle) * Double(Self.step) * 1000 }
    }
    return nil
  }

  /// Share of the subject's pixels that the mesh covers within a distance of what was recorded, metres.
  public func within(_ distance: Double) -> Double? {
    let bins = (Float(distance) / Self.step).rounded()
    guard bins >= 0 else { return share(0) }
    let reach = Int(min(Float(Self.middle), bins))
    return share(differences[(Self.middle - reach)...(Self.middle + reach)].reduce(0, +))
  }

  /// Ratio of the largest level to the error's root mean square over the compared colour pixels, decibels;
  /// 99 at most, nil without any.
  public var psnr: Double? {
    decibels(
      (0..<3).reduce(0) { sum, c in
        sum + Double(recordedSquares[c] - 2 * mixed[c] + predictedSquares[c])
      })
  }

  /// The same after red, green and blue of what was predicted are multiplied by what fits best: a camera
  /// may expose unlike the others.
  public var evenedPSNR: Double? {
    decibels(
      (0..<3).reduce(0) { sum, c in
        let (r, m, p) = (recordedSquares[c], mixed[c], predictedSquares[c])
        return sum + Double(r) - (p > 0 ? Double(m) * Double(m) / Double(p) : 0)
      })
  }

  private func decibels(_ sum: Double) -> Double? {
    guard colors > 0 else { return nil }
    return min(99, -10 * log10(max(sum, 1e-9) / (3 * 255 * 255 * Double(colors))))
  }

  private func share(_ count: Int) -> Double? {
    pixels > 0 ? Double(count) / Double(pixels) : nil
  }

  private func median(of count: Int) -> Double? {
    guard count > 0 else { return nil }
    var left = count / 2
    for distance in 0...Self.middle {
      left -= differences[Self.middle + distance]
      if distance > 0 { left -= differences[Self.middle - distance] }
      if left < 0 { return Double(distance) * Double(Self.step) * 1000 }
    }
    return nil
  }
}
