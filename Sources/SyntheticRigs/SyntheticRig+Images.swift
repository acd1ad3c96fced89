public import CaptureCore

extension SyntheticRig {
  /// What a depth camera reports of a frame, and what was there.
  public struct DepthRendering: Sendable {
    /// The image with all the sensor's defects.
    public var measured: DepthImage
    /// z-depth of each pixel's centre, metres, row-major; 0 where the ray meets nothing.
    public var truth: [Float]
  }

  /// The depth image of a trigger, and the truth at the time of its exposure.
  ///
  /// The same whether or not the image is among ``samples(camera:kind:)``. Cost: about 0.1 s for
  /// 320×288 on one core.
  public func depth(camera: Int, frame: Int) -> DepthRendering {
    let view = View(
      scene: scene(at: exposureTime(camera: camera, frame: frame)), rays: depthRays,
      worldFromLens: worldFromColor[camera] * RigLenses.colorFromDepth)
    let hits = view.hits()
    let samples = DepthSensor(configuration).measure(
      view, hits, seed: RigLayout.mix(configuration.seed, camera, 15, frame))
    let (width, height) = (view.rays.width, view.rays.height)
    guard
      let image = try? DepthImage(
        width: width, height: height, samples: samples, unit: Float(configuration.depthUnit))
    else { preconditionFailure("a lens measures one sample a pixel") }
    return DepthRendering(
      measured: image, truth: hits.map { $0.kind == .nothing || !$0.t.isFinite ? 0 : $0.t })
  }

  /// The colour image of a trigger. Cost: about 0.2 s for 640×360 on one core.
  public func color(camera: Int, frame: Int) -> ColorImage {
    colorAndMask(camera: camera, frame: frame).color
  }

  /// The colour image of a trigger with the exact mask of the subject.
  public func colorAndMask(camera: Int, frame: Int) -> (color: ColorImage, mask: MaskImage) {
    let time = exposureTime(camera: camera, frame: frame)
    let view = View(scene: scene(at: time), rays: colorRays, worldFromLens: worldFromColor[camera])
    let hits = view.hits()
    let pixels = ColorSensor(knobs: configuration, camera: camera).measure(
      view, hits, seed: RigLayout.mix(configuration.seed, camera, 16, frame))
    let (width, height) = (view.rays.width, view.rays.height)
    guard
      let color = try? ColorImage(width: width, height: height, pixels: pixels),
      let mask = try? MaskImage(
        width: width, height: height, samples: hits.map { $0.kind == .subject ? 255 : 0 })
    else { preconditionFailure("a lens measures one sample a pixel") }
    return (color, mask)
  }
}
