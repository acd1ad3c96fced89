internal import CaptureCore
internal import Foundation

/// A recording whose images are in other recordings: it has to say where, no more.
protocol CompositeRecording: Recording {
  /// By camera: the recording that its images are in, and its number there.
  var places: [(part: any Recording, camera: Int)] { get }
}

extension CompositeRecording {
  func samples(camera: Int, kind: StreamKind) -> [StreamSample] {
    guard places.indices.contains(camera) else { return [] }
    return places[camera].part.samples(camera: places[camera].camera, kind: kind)
  }

  func depth(camera: Int, index: Int) throws(CaptureError) -> DepthImage {
    let (part, camera) = try place(camera)
    return try part.depth(camera: camera, index: index)
  }

  func color(camera: Int, index: Int) throws(CaptureError) -> ColorImage {
    let (part, camera) = try place(camera)
    return try part.color(camera: camera, index: index)
  }

  func mask(camera: Int, index: Int) throws(CaptureError) -> MaskImage {
    let (part, camera) = try place(camera)
    return try part.mask(camera: camera, index: index)
  }

  func encoded(camera: Int, kind: StreamKind, index: Int) throws(CaptureError) -> Data? {
    let (part, camera) = try place(camera)
    return try part.encoded(camera: camera, kind: kind, index: index)
  }

  private func place(_ camera: Int) throws(CaptureError) -> (part: any Recording, camera: Int) {
    guard places.indices.contains(camera) else {
      throw CaptureError(
        .badInput, "There is no camera number \(camera); the recording has \(places.count).")
    }
    return places[camera]
  }
}
