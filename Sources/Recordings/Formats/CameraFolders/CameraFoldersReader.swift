internal import CaptureCore
internal import Foundation

/// Reads the layout of NeuS and ResFields: one folder a camera, with `rgb` (or `image`), `depth`,
/// `mask` and `cameras_sphere.npz`.
///
/// What is taken from it, and how:
/// - `world_mat_0` is `K [R | t]`, from world to pixel. It is taken apart into intrinsics and pose;
///   every other `world_mat_i` of the folder must be the same, for cameras stand still here.
/// - **Units.** The world of `world_mat` is taken to be in metres, and depth is `value / 1000` metres.
///   That is what the authors' code means too: it divides depth in metres by `scale_mat[0][0]`, which
///   takes the unit sphere to that world. Poses stay in the world, so `scale_mat` is only checked.
/// - **World axes** are kept as they are; the layout does not say which way is up.
/// - **Pixel centres** lie at one half in the layout: 0.5 is taken from `cx` and `cy`.
/// - **Depth** is z-depth registered to colour, of the colour image's size; the lenses are one.
///   There is no lens distortion.
/// - **Frames** are numbered by the last number in the file's name; the time is number / 30 s.
/// - **Masks** may be grey or colour; the first channel counts.
///
/// Source: P. Wang et al., *NeuS*, NeurIPS 2021; M. Mihajlovic et al., *ResFields*, ICLR 2024.
struct CameraFoldersReader: ImageFileRecording {
  static let name = "NeuS camera folders"
  static let signature = "<camera>/cameras_sphere.npz"

  let take: TakeDescription
  /// The poses of `world_mat`; the first camera is the reference.
  let calibration: RigCalibration?
  let streams: RecordedStreams

  /// Whether a folder in the folder holds a `cameras_sphere.npz`.
  static func recognizes(_ url: URL) -> Bool { !cameraFolders(url).isEmpty }

  private static func cameraFolders(_ url: URL) -> [URL] {
    NumberedImages.subfolders(of: url) {
      FileManager.default.fileExists(
        atPath: $0.appendingPathComponent(CameraFolder.camerasFile).path)
    }
  }

  /// Opens a recording: lists its folders, reads its matrices and the size of one image a camera.
  /// - Throws: ``CaptureError`` that names the file.
  static func open(_ url: URL) throws(CaptureError) -> CameraFoldersReader {
    let folders = cameraFolders(url)
    try CameraDescription.check(
      count: folders.count, of: "camera folders", at: url, code: .badInput)
    var cameras: [CameraFolder] = []
    for folder in folders { cameras.append(try CameraFolder(folder)) }
    let descriptions = cameras.enumerated().map { index, camera in
      var description = camera.description
      if index == 0 { description.sync.mode = .master }
      return description
    }
    return CameraFoldersReader(
      take: TakeDescription(
        name: url.lastPathComponent, framesPerSecond: CameraFolder.framesPerSecond,
        cameras: descriptions),
      calibration: RigCalibration(
        rig: url.lastPathComponent,
        worldFromColor: cameras.map { ($0.description.id, $0.worldFromColor) }),
      streams: RecordedStreams(
        cameras: descriptions, streams: cameras.map(\.streams), masksAreGrey: false))
  }
}
