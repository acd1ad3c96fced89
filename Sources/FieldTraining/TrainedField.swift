public import CaptureCore
public import Foundation
public import NeuralFields

/// A trained field: the surface at any time of the take.
public struct TrainedField: Sendable {
  static let magic = "FMFIELD1"
  static let name = "field.fmf"

  struct Header: Codable {
    var field: FieldDescription
    var space: FieldSpace
    var bandWeights: [Float]
  }

  private let layout: ParameterLayout
  private let header: Header
  private let parameters: [Float]
  private let backend: any FieldBackend

  static func write(
    layout: ParameterLayout, space: FieldSpace, bandWeights: [Float], parameters: [Float],
    to folder: URL
  ) throws(CaptureError) {
    try ParameterFile.write(
      magic: magic,
      header: Header(field: layout.field, space: space, bandWeights: bandWeights),
      arrays: [parameters], to: folder.appendingPathComponent(name))
  }

  /// Reads what ``FieldTrainer`` wrote.
  /// - Throws: ``CaptureError`` `badInput` when the file is missing, damaged or of another version.
  public static func load(
    folder: URL, backend: any FieldBackend
  ) throws(CaptureError) -> TrainedField {
    let url = folder.appendingPathComponent(name)
    let file = try ParameterFile.read(Header.self, magic: magic, arrays: 1, at: url)
    let layout = try ParameterLayout(file.header.field)
    guard file.arrays[0].count == layout.count,
      file.header.bandWeights.count == layout.field.bands, file.header.space.scale > 0
    else {
      throw CaptureError(
        .badInput, "The field has \(file.arrays[0].count) parameters instead of \(layout.count).",
        at: url.path, remedy: "Train again.")
    }
    return TrainedField(
      layout: layout, header: file.header, parameters: file.arrays[0], backend: backend)
  }

  /// First and last time of the take, seconds.
  public var duration: ClosedRange<Double> {
    (header.space.times.first ?? 0)...(header.space.times.last ?? 0)
  }

  /// The surface at a time in seconds; between frames the field's coefficients are interpolated.
  /// - Throws: ``CaptureError`` `usage` for a time outside of the take.
  public func field(at time: Double) throws(CaptureError) -> any ScalarField {
    guard duration.contains(time) else {
      throw CaptureError(
        .usage, "The time \(time) s lies outside of the take.",
        remedy: "Choose a time from \(duration.lowerBound) to \(duration.upperBound) s.")
    }
    let slice = try backend.slice(
      layout, parameters: parameters, bandWeights: header.bandWeights,
      position: header.space.position(time: time, capacity: layout.field.capacity))
    return FieldSurface(slice: slice, space: header.space, hasColor: !layout.field.color.isEmpty)
  }
}

/// A field at one time, in world metres.
struct FieldSurface: ScalarField {
  let slice: any FieldSlice
  let space: FieldSpace
  let hasColor: Bool
  /// Points converted at a time: 768 KB of scratch.
  private static let block = 65_536

  func distances(
    at points: UnsafeBufferPointer<SIMD3<Float>>, into distances: UnsafeMutableBufferPointer<Float>
  ) {
    forBlocks(points) { field, range in
      let out = distances.baseAddress! + range.lowerBound
      slice.evaluate(field, distance: out, gradient: nil, rgb: nil)
      for i in 0..<range.count { out[i] *= space.scale }
    }
  }

  func gradients(
    at points: UnsafeBufferPointer<SIMD3<Float>>, into distances: UnsafeMutableBufferPointer<Float>,
    gradients: UnsafeMutableBufferPointer<SIMD3<Float>>
  ) {
    evaluate(points, distances, gradients: gradients, colors: nil)
  }

  func colors(
    at points: UnsafeBufferPointer<SIMD3<Float>>,
    into colors: UnsafeMutableBufferPointer<SIMD3<Float>>
  ) -> Bool {
    guard hasColor else { return false }
    var unused = [Float](repeating: 0, count: points.count)
    unused.withUnsafeMutableBufferPointer {
      evaluate(points, $0, gradients: nil, colors: colors)
    }
    return true
  }

  func surface(
    at points: UnsafeBufferPointer<SIMD3<Float>>, into distances: UnsafeMutableBufferPointer<Float>,
    gradients: UnsafeMutableBufferPointer<SIMD3<Float>>,
    colors: UnsafeMutableBufferPointer<SIMD3<Float>>
  ) -> Bool {
    evaluate(points, distances, gradients: gradients, colors: hasColor ? colors : nil)
    return hasColor
  }

  private func evaluate(
    _ points: UnsafeBufferPointer<SIMD3<Float>>, _ distances: UnsafeMutableBufferPointer<Float>,
    gradients: UnsafeMutableBufferPointer<SIMD3<Float>>?,
    colors: UnsafeMutableBufferPointer<SIMD3<Float>>?
  ) {
    let room = 3 * min(points.count, Self.block)
    var slopes = [Float](repeating: 0, count: gradients == nil ? 0 : room)
    var rgb = [Float](repeating: 0, count: colors == nil ? 0 : room)
    forBlocks(points) { field, range in
      let out = distances.baseAddress! + range.lowerBound
      slopes.withUnsafeMutableBufferPointer { slopes in
        rgb.withUnsafeMutableBufferPointer { rgb in
          slice.evaluate(
            field, distance: out, gradient: gradients == nil ? nil : slopes.baseAddress,
            rgb: colors == nil ? nil : rgb.baseAddress)
        }
      }
      for i in 0..<range.count {
        out[i] *= space.scale
        gradients?[range.lowerBound + i] = SIMD3(
          slopes[3 * i], slopes[3 * i + 1], slopes[3 * i + 2])
        colors?[range.lowerBound + i] = SIMD3(rgb[3 * i], rgb[3 * i + 1], rgb[3 * i + 2])
      }
    }
  }

  private func forBlocks(
    _ points: UnsafeBufferPointer<SIMD3<Float>>,
    _ body: (UnsafeBufferPointer<Float>, Range<Int>) -> Void
  ) {
    var packed = [Float](repeating: 0, count: 3 * min(points.count, Self.block))
    for first in stride(from: 0, to: points.count, by: Self.block) {
      let range = first..<min(points.count, first + Self.block)
      for (k, i) in range.enumerated() {
        let p = space.fieldFromWorld(points[i])
        (packed[3 * k], packed[3 * k + 1], packed[3 * k + 2]) = (p.x, p.y, p.z)
      }
      packed.withUnsafeBufferPointer {
        body(UnsafeBufferPointer(rebasing: $0[..<(3 * range.count)]), range)
      }
    }
  }
}
