internal import CaptureCore
internal import Foundation
internal import SyntheticRigs

/// The images of a rig, each rendered once where there is a folder to keep them in.
struct ImageShelf: Sendable {
  private let rig: SyntheticRig
  private let folder: URL?

  init(_ rig: SyntheticRig, keep: URL?) throws {
    self.rig = rig
    let knobs = rig.configuration
    folder = keep?.appendingPathComponent(
      "\(knobs.subject)-\(knobs.speed)-\(knobs.framesPerSecond)-\(knobs.depthWidth)"
        + "-\(knobs.colorWidth)-\(knobs.cameras)-\(knobs.depthNoise)-\(knobs.exposureSpread)"
        + "-\(knobs.seed)")
    if let folder {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }
  }

  func depth(camera: Int, frame: Int) -> DepthImage? {
    let (width, height) = (rig.configuration.depthWidth, rig.configuration.depthHeight)
    let unit = Float(rig.configuration.depthUnit)
    return kept("\(camera)-\(frame).depth", bytes: 2 * width * height) { data in
      let samples = data.withUnsafeBytes { Array($0.bindMemory(to: UInt16.self)) }
      return try? DepthImage(width: width, height: height, samples: samples, unit: unit)
    } rendering: {
      let image = rig.depth(camera: camera, frame: frame).measured
      return (image, image.samples.withUnsafeBytes { Data($0) })
    }
  }

  func color(camera: Int, frame: Int) -> ColorImage? {
    let (width, height) = (rig.configuration.colorWidth, rig.configuration.colorHeight)
    return kept("\(camera)-\(frame).color", bytes: 3 * width * height) { data in
      try? ColorImage(width: width, height: height, pixels: [UInt8](data))
    } rendering: {
      let image = rig.color(camera: camera, frame: frame)
      return (image, Data(image.pixels))
    }
  }

  private func kept<Image>(
    _ name: String, bytes: Int, reading: (Data) -> Image?, rendering: () -> (Image, Data)
  ) -> Image? {
    let file = folder?.appendingPathComponent(name)
    if let file, let data = try? Data(contentsOf: file), data.count == bytes {
      return reading(data)
    }
    let (image, data) = rendering()
    // Where it cannot be kept it is rendered again.
    if let file { try? data.write(to: file, options: .atomic) }
    return image
  }
}
