/// A signed distance field at one instant: negative inside, metres. All that meshing needs to know.
public protocol ScalarField: Sendable {
  /// Whether gradients are exact and cost no more than another distance or two: meshing then tells
  /// distances between points from them. True unless a field says otherwise.
  var gradientsTell: Bool { get }
  /// Signed distance at each point.
  func distances(
    at points: UnsafeBufferPointer<SIMD3<Float>>, into distances: UnsafeMutableBufferPointer<Float>)
  /// Signed distance and its gradient at each point.
  func gradients(
    at points: UnsafeBufferPointer<SIMD3<Float>>, into distances: UnsafeMutableBufferPointer<Float>,
    gradients: UnsafeMutableBufferPointer<SIMD3<Float>>)
  /// sRGB colour 0...1 at each point; false when the field has no colour.
  func colors(
    at points: UnsafeBufferPointer<SIMD3<Float>>,
    into colors: UnsafeMutableBufferPointer<SIMD3<Float>>
  ) -> Bool
}

extension ScalarField {
  /// True.
  public var gradientsTell: Bool { true }
}
