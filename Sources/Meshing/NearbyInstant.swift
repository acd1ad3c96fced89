public import CaptureCore

/// The field at an instant beside that of a mesh, what was seen then, and the way there.
public struct NearbyInstant: Sendable {
  /// Signed distances at that instant, metres.
  public let field: any ScalarField
  /// What cameras saw at that instant.
  public let seen: any FrameObservations
  /// Where a place of the surface, world metres, lies at that instant; nil where nobody knows. Asked from several threads at a time.
  public let carry: @Sendable (SIMD3<Float>) -> SIMD3<Float>?

  /// An instant to which places are carried.
  public init(
    field: any ScalarField, seen: any FrameObservations,
    carry: @escaping @Sendable (SIMD3<Float>) -> SIMD3<Float>?
  ) {
    (self.field, self.seen, self.carry) = (field, seen, carry)
  }
}
