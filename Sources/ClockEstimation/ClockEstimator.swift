public import CaptureCore
internal import Foundation

/// One camera as the estimation of clocks sees it.
public struct ClockCamera: Sendable {
  /// The device.
  public var description: CameraDescription
  /// Depth lens to world; nil where nobody knows it.
  public var worldFromDepth: RigidTransform?
  /// Times of the depth images without the wired delay, ascending, seconds.
  public var depthTimes: [Double]

  /// A camera with its times.
  public init(
    description: CameraDescription, worldFromDepth: RigidTransform?, depthTimes: [Double]
  ) {
    (self.description, self.worldFromDepth) = (description, worldFromDepth)
    self.depthTimes = depthTimes
  }
}

/// Relates the clocks of cameras by what they recorded: see the module's README for the method.
public struct ClockEstimator {
  private let cameras: [ClockCamera]
  private let configuration: ClockConfiguration
  private let threads: Int?
  private let load: @Sendable (_ camera: Int, _ index: Int) -> DepthImage?
  /// Clock of each camera; the first one is the rig's.
  private let clockOf: [Int]
  private let clocks: Int
  private let lenses: [ThumbnailLens?]

  /// - Parameters:
  ///   - cameras: In the take's order.
  ///   - load: Decodes a depth image; nil where it cannot be read. Called from several threads.
  public init(
    _ cameras: [ClockCamera], configuration: ClockConfiguration = ClockConfiguration(),
    threads: Int? = nil, load: @escaping @Sendable (_ camera: Int, _ index: Int) -> DepthImage?
  ) {
    (self.cameras, self.configuration, self.threads, self.load) = (
      cameras, configuration, threads, load
    )
    lenses = cameras.map { ThumbnailLens($0.description) }
    (clockOf, clocks) = Self.clocks(of: cameras, configuration.mode)
  }

  /// Whether there are two clocks to relate.
  public static func isNeeded(
    for cameras: [CameraDescription], mode: ClockConfiguration.Mode
  ) -> Bool {
    switch mode {
    case .trust: false
    case .estimate: cameras.count > 1
    case .auto: cameras.count > 1 && cameras.contains { $0.sync.mode == .standalone }
    }
  }

  /// Wired cameras share the first clock; without one it is that of the camera with most images.
  private static func clocks(
    of cameras: [ClockCamera], _ mode: ClockConfiguration.Mode
  ) -> ([Int], Int) {
    func isWired(_ camera: ClockCamera) -> Bool {
      mode != .estimate && camera.description.sync.mode != .standalone
    }
    let lead =
      cameras.indices.first { isWired(cameras[$0]) }
      ?? cameras.indices.max { cameras[$0].depthTimes.count < cameras[$1].depthTimes.count } ?? 0
    var next = 1
    let clockOf = cameras.indices.map { camera -> Int in
      if camera == lead || isWired(cameras[camera]) { return 0 }
      next += 1
      return next - 1
    }
    return (clockOf, next)
  }

  /// Estimates every camera's clock.
  ///
  /// - Returns: One estimate a camera, in the order given.
  /// - Throws: ``CaptureError`` `tryAgain` when asked to stop.
  /// - Complexity: Reads at most ``ClockConfiguration/images`` depth images of each camera; memory
  ///   for a thumbnail of each, 46 kB.
  public func estimate(_ monitor: StageMonitor = .silent) throws(CaptureError) -> [ClockEstimate] {
    guard clocks > 1 else {
      return cameras.map { ClockEstimate(id: $0.description.id, source: .shared) }
    }
    var work = ClockSearch(
      cameras: cameras, lenses: lenses, clockOf: clockOf, clocks: clocks,
      configuration: configuration, threads: threads, load: load)
    try work.run(monitor)
    return cameras.indices.map { camera in
      var estimate = work.estimates[clockOf[camera]]
      estimate.id = cameras[camera].description.id
      return estimate
    }
  }
}
