/// One depth pixel as evidence of the surface. 64 bytes, written to disk as it stands in memory.
public struct SurfaceObservation: Equatable, Sendable {
  /// Place in the world, metres.
  public var x, y, z: Float
  /// Unit normal, towards the camera's side.
  public var nx, ny, nz: Float
  /// Unit ray direction, from the camera into the scene.
  public var dx, dy, dz: Float
  /// Length of the ray from the depth lens to the place, metres (not z-depth).
  public var range: Float
  /// Where on this ray the region of interest begins, metres.
  public var near: Float
  /// Standard deviation of the place along the ray, metres.
  public var sigma: Float
  /// |cos| of the angle between ray and normal.
  public var incidence: Float
  /// Weight in 0...1: how far to trust this pixel.
  public var confidence: Float
  /// sRGB colour; meaningless unless ``hasColor`` is 1.
  public var red, green, blue, hasColor: UInt8
  /// Index of the camera in the take.
  public var camera: UInt32

  /// An observation with nothing measured yet.
  public init() {
    (x, y, z, nx, ny, nz, dx, dy, dz) = (0, 0, 0, 0, 0, 0, 0, 0, 0)
    (range, near, sigma, incidence, confidence) = (0, 0, 0, 0, 0)
    (red, green, blue, hasColor, camera) = (0, 0, 0, 0, 0)
  }

  /// Place in the world, metres.
  @inlinable public var position: SIMD3<Float> { SIMD3(x, y, z) }
  /// Unit normal.
  @inlinable public var normal: SIMD3<Float> { SIMD3(nx, ny, nz) }
  /// Unit ray direction.
  @inlinable public var direction: SIMD3<Float> { SIMD3(dx, dy, dz) }
  /// sRGB colour, 0 to 1; nil where there is none.
  @inlinable public var color: SIMD3<Float>? {
    hasColor == 1 ? SIMD3(Float(red), Float(green), Float(blue)) / 255 : nil
  }
}

/// A ray that crosses the region of interest without meeting the subject. 32 bytes.
public struct FreeRay: Equatable, Sendable {
  /// Unit direction.
  public var dx, dy, dz: Float
  /// The free stretch, as lengths along the ray, metres.
  public var near, far: Float
  /// Distance to the subject's silhouette in the depth image, pixels.
  public var silhouette: Float
  /// Index of the camera in the take.
  public var camera: UInt32
  /// Keeps the size a power of two.
  public var reserved: UInt32 = 0

  /// A ray of the given camera.
  public init(
    direction: SIMD3<Float>, near: Float, far: Float, silhouette: Float, camera: UInt32
  ) {
    (dx, dy, dz) = (direction.x, direction.y, direction.z)
    (self.near, self.far, self.silhouette, self.camera) = (near, far, silhouette, camera)
  }
}

/// The cleaned depth image of one camera in one frame set, on the camera's own (distorted) pixel grid.
///
/// Each sample is a z-depth in steps of ``step`` metres. Positive: the subject is there. Negative: no
/// subject, and the ray is free as far as the absolute value. 0: unknown.
public struct ObservedDepth: Sendable {
  /// Metres per step.
  public static let step: Float = 0.00025
  /// Size in pixels.
  public let width, height: Int
  /// Row-major samples, `[height × width]`.
  nonisolated(unsafe) public let samples: UnsafeBufferPointer<Int16>

  /// A view of `width × height` samples.
  public init(width: Int, height: Int, samples: UnsafeBufferPointer<Int16>) {
    precondition(samples.count == width * height, "one sample a pixel")
    (self.width, self.height, self.samples) = (width, height, samples)
  }
}

/// What was seen in one frame set. Buffers live as long as the object.
public protocol FrameObservations: AnyObject, Sendable {
  /// Surface evidence.
  var surface: UnsafeBufferPointer<SurfaceObservation> { get }
  /// Rays that meet no subject.
  var freeRays: UnsafeBufferPointer<FreeRay> { get }
  /// Where nobody looks, with the side that it is believed to be on.
  var hidden: HiddenCells { get }
  /// The cleaned depth image of a camera; nil where it has none for this instant.
  func depth(ofCamera camera: Int) -> ObservedDepth?
  /// For each world point, how far in metres it lies inside space that some camera saw through:
  /// positive is free, negative is occupied or unknown. Conservative by the stage's margins.
  func freedom(
    of points: UnsafeBufferPointer<SIMD3<Float>>, into result: UnsafeMutableBufferPointer<Float>)
}

extension FrameObservations {
  /// Nothing is hidden, unless an implementation says so.
  public var hidden: HiddenCells { .none }
}

/// When a camera's images of a frame set were taken: what its observations hold for.
public struct ObservationTiming: Codable, Equatable, Sendable {
  /// Time of the depth image, and of the colour image, minus the frame set's, seconds; 0 without.
  public var depth, color: Double

  /// Images at the frame set's time, unless told otherwise.
  public init(depth: Double = 0, color: Double = 0) { (self.depth, self.color) = (depth, color) }
}

/// What was seen in all frame sets of a take: the trainer's and the mesher's view of the recording.
public protocol ObservationSource: Sendable {
  /// Number of frame sets.
  var frameCount: Int { get }
  /// Times of the frame sets, seconds.
  var times: [Double] { get }
  /// Region of interest, world metres.
  var box: BoundingBox { get }
  /// The cameras, in the take's order.
  var cameras: [PlacedCamera] { get }
  /// When a camera's observations of a frame set were made.
  func timing(frame: Int, camera: Int) -> ObservationTiming
  /// The observations of one frame set; a few recent ones stay in memory.
  func frame(_ index: Int) throws(CaptureError) -> any FrameObservations
}

extension ObservationSource {
  /// All images were taken at the frame sets' times.
  public func timing(frame: Int, camera: Int) -> ObservationTiming { ObservationTiming() }
}
