internal import CaptureCore
internal import Foundation
internal import Recordings
internal import Synchronization
internal import SyntheticRigs

/// Writes the images of a synthetic rig as Azure Kinects would: `cam0.mkv` and so on, and
/// `calibration.json` beside them.
///
/// Frames come in any order and are put into the files in theirs; those that came early wait, as many
/// as there are threads.
final class SyntheticKinectFiles: SyntheticImages {
  private enum Content: Sendable {
    case depth(DepthImage)
    case jpeg(Data)
  }

  private struct Image: Sendable {
    var camera: Int
    var time: Double
    var content: Content

    func write(to file: AzureKinectWriter) throws(CaptureError) {
      switch content {
      case .depth(let image): try file.write(image, time: time)
      case .jpeg(let data): try file.write(color: data, time: time)
      }
    }
  }

  private struct State {
    var writers: [AzureKinectWriter]
    var waiting: [Int: [Image]] = [:]
    var ended: Set<Int> = []
    var next = 0
  }

  private let state: Mutex<State>
  private let rig: SyntheticRig
  private let folder: URL

  /// Begins a file for each camera, in a folder that is made.
  /// - Throws: ``CaptureError`` `usage` for image sizes that no mode of the device has, `badInput` where there
  ///   is a recording already.
  init(_ rig: SyntheticRig, folder: URL) throws(CaptureError) {
    (self.rig, self.folder) = (rig, folder)
    guard !RecordingFormats.recognizes(folder),
      !FileManager.default.fileExists(
        atPath: folder.appendingPathComponent(RigCalibration.fileName).path)
    else {
      throw CaptureError(
        .badInput, "There is a recording already.", at: folder.path,
        remedy: "Choose another folder, or remove this one.")
    }
    do {
      for camera in rig.take.cameras { try AzureKinectWriter.check(camera) }
    } catch {
      var error = error
      error.remedy += " The knobs are colorWidth, colorHeight, depthWidth and depthHeight."
      throw error
    }
    try AtomicFile.makeFolder(folder)
    var writers: [AzureKinectWriter] = []
    for (number, camera) in rig.take.cameras.enumerated() {
      var settings = AzureKinectWriter.Settings()
      // The file begins with the camera's first image.
      let times = [StreamKind.color, .depth].flatMap { kind in
        rig.samples(camera: number, kind: kind).map(\.deviceTime)
      }
      settings.startOffset = ((times.min() ?? 0) * 1e6).rounded() / 1e6
      writers.append(
        try AzureKinectWriter(
          folder.appendingPathComponent("\(camera.id).mkv"), camera: camera,
          framesPerSecond: rig.take.framesPerSecond, settings: settings))
    }
    nonisolated(unsafe) let state = State(writers: writers)
    self.state = Mutex(state)
  }

  func write(
    _ image: DepthImage, frame: Int, camera: Int, index: Int, time: Double
  ) throws(CaptureError) {
    wait(frame, Image(camera: camera, time: time, content: .depth(image)))
  }

  func write(
    _ image: ColorImage, frame: Int, camera: Int, index: Int, time: Double
  ) throws(CaptureError) {
    let data = try AzureKinectWriter.frame(of: image, .mjpg)
    wait(frame, Image(camera: camera, time: time, content: .jpeg(data)))
  }

  /// The device records no masks.
  func write(
    _ image: MaskImage, frame: Int, camera: Int, index: Int, time: Double
  ) throws(CaptureError) {}

  func end(frame: Int) throws(CaptureError) {
    let error = state.withLock { state -> CaptureError? in
      state.ended.insert(frame)
      while state.ended.remove(state.next) != nil {
        let images = (state.waiting.removeValue(forKey: state.next) ?? []).enumerated().sorted {
          ($0.element.time, $0.offset) < ($1.element.time, $1.offset)
        }.map(\.element)
        state.next += 1
        do throws(CaptureError) {
          for camera in state.writers.indices {
            let own = images.filter { $0.camera == camera }
            if let first = own.first { try state.writers[camera].write(Self.motion(first.time)) }
            for image in own { try image.write(to: state.writers[camera]) }
          }
        } catch {
          return error
        }
      }
      return nil
    }
    if let error { throw error }
  }

  func finish() throws(CaptureError) {
    try AtomicFile.write(
      Data(rig.calibration.json.text.utf8),
      to: folder.appendingPathComponent(RigCalibration.fileName))
    let error = state.withLock { state -> CaptureError? in
      do throws(CaptureError) {
        for writer in state.writers { try writer.finish() }
        return nil
      } catch {
        return error
      }
    }
    if let error { throw error }
  }

  private func wait(_ frame: Int, _ image: Image) {
    state.withLock { $0.waiting[frame, default: []].append(image) }
  }

  /// A camera at rest feels gravity.
  private static func motion(_ time: Double) -> [MotionSample] {
    (0..<4).map {
      let time = time + Double($0) / 1600
      return MotionSample(
        accelerationTime: time, acceleration: SIMD3(0, 0, -9.81), turnTime: time,
        turn: SIMD3(repeating: 0))
    }
  }
}
