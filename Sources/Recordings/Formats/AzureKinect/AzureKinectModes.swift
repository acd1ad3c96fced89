internal import CaptureCore

/// A way in which the device reads a sensor out: how the image lies in the calibrated field.
struct SensorMode: Equatable {
  /// Name, as recordings have it.
  var name: String
  /// Size of the image, pixels.
  var width, height: Int
  /// Size of the whole field in this mode's pixels, and where the image begins in it.
  var binned, crop: SIMD2<Double>

  /// The lens for this mode, from intrinsics as shares of the field with the origin at the corner
  /// of the first pixel.
  func lens(_ raw: RawLens) -> CameraModel {
    let focal = raw.focal * binned
    // Corner of the first pixel to its centre.
    let center = raw.center * binned - crop - SIMD2(repeating: 0.5)
    return CameraModel(
      width: width, height: height,
      intrinsics: Intrinsics(fx: focal.x, fy: focal.y, cx: center.x, cy: center.y),
      distortion: raw.distortion, radius: raw.radius)
  }

  private init(
    _ name: String, _ width: Int, _ height: Int, of binned: SIMD2<Double>,
    from crop: SIMD2<Double> = .zero
  ) {
    (self.name, self.width, self.height) = (name, width, height)
    (self.binned, self.crop) = (binned, crop)
  }

  /// Depth modes. `PASSIVE_IR` has infrared only.
  static let depth = [
    SensorMode("NFOV_2X2BINNED", 320, 288, of: SIMD2(512, 512), from: SIMD2(96, 90)),
    SensorMode("NFOV_UNBINNED", 640, 576, of: SIMD2(1024, 1024), from: SIMD2(192, 180)),
    SensorMode("WFOV_2X2BINNED", 512, 512, of: SIMD2(512, 512)),
    SensorMode("WFOV_UNBINNED", 1024, 1024, of: SIMD2(1024, 1024)),
    SensorMode("PASSIVE_IR", 1024, 1024, of: SIMD2(1024, 1024)),
  ]

  /// Colour modes, without the coding in front of the name.
  static let color = [
    SensorMode("720P", 1280, 720, of: SIMD2(1280, 960), from: SIMD2(0, 120)),
    SensorMode("1080P", 1920, 1080, of: SIMD2(1920, 1440), from: SIMD2(0, 180)),
    SensorMode("1440P", 2560, 1440, of: SIMD2(2560, 1920), from: SIMD2(0, 240)),
    SensorMode("1536P", 2048, 1536, of: SIMD2(2048, 1536)),
    SensorMode("2160P", 3840, 2160, of: SIMD2(3840, 2880), from: SIMD2(0, 360)),
    SensorMode("3072P", 4096, 3072, of: SIMD2(4096, 3072)),
  ]

  /// Working range of a depth mode, metres.
  var range: ClosedRange<Double> {
    switch name {
    case "NFOV_2X2BINNED": 0.5...5.46
    case "NFOV_UNBINNED": 0.5...3.86
    case "WFOV_2X2BINNED": 0.25...2.88
    default: 0.25...2.21
    }
  }

  /// The mode of a tag's value; early recordings write a small x.
  static func named(_ name: String, in modes: [SensorMode]) -> SensorMode? {
    modes.first { $0.name == name.uppercased() }
  }

  /// The mode of an image size, which all modes of one size share their lens with.
  static func sized(_ width: Int, _ height: Int, in modes: [SensorMode]) -> SensorMode? {
    modes.first { $0.width == width && $0.height == height }
  }
}

/// A lens as the factory calibrated it: shares of the whole field, origin at its corner.
struct RawLens: Equatable {
  var center, focal: SIMD2<Double>
  var distortion: Distortion
  /// Farthest from the axis that the model holds, on the plane z = 1.
  var radius: Double
  /// World to lens.
  var lensFromWorld: RigidTransform
}
