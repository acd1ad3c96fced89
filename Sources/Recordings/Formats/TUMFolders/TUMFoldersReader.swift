internal import CaptureCore
internal import Foundation
internal import ImageFiles

/// Reads the layout of the TUM RGB-D benchmark: `rgb.txt` and `depth.txt` list `<time> <file>`, and
/// `groundtruth.txt` the poses; one such folder, or one for each camera of a rig.
///
/// What is taken from it, and how:
/// - **Depth** is z-depth registered to colour, 5000 steps a metre, and the lenses are one, unless the file of
///   intrinsics says otherwise.
/// - **Times** are those of the lists, seconds on the recording computer's clock, which all folders
///   of one rig share. Colour and depth keep their own times.
/// - **Intrinsics** are not in the layout: a ``LensFile`` in the folder says them; without one they
///   are those that the benchmark recommends for its own recordings, at 640x480.
/// - **Poses** are colour lens to world, +z up, turned so that +y is up. Only cameras that stand
///   still (to 1 cm and 0.5°) have a place; the benchmark's own camera is carried about, and
///   its recording opens with a warning and without a calibration.
///
/// Source: J. Sturm et al., *A Benchmark for the Evaluation of RGB-D SLAM Systems*, IROS 2012.
struct TUMFoldersReader: ImageFileRecording {
  static let name = "TUM RGB-D"
  static let signature = "rgb.txt and depth.txt"
  private static let depthUnit = 1.0 / 5000
  private static let recommended = CameraModel(
    width: 640, height: 480, intrinsics: Intrinsics(fx: 525, fy: 525, cx: 319.5, cy: 239.5))

  let take: TakeDescription
  let calibration: RigCalibration?
  let streams: RecordedStreams
  let warnings: [String]

  static func recognizes(_ url: URL) -> Bool { !cameraFolders(url).isEmpty }

  static func isCamera(_ url: URL) -> Bool {
    FileManager.default.fileExists(atPath: url.appendingPathComponent("rgb.txt").path)
  }

  private static func cameraFolders(_ url: URL) -> [URL] {
    NumberedImages.cameraFolders(at: url, where: isCamera)
  }

  static func open(_ url: URL) throws(CaptureError) -> TUMFoldersReader {
    let folders = cameraFolders(url)
    try CameraDescription.check(count: folders.count, of: "camera folders", at: url)
    var cameras: [CameraDescription] = []
    var streams: [[StreamKind: RecordedStream]] = []
    var places: [PoseList.Place] = []
    for folder in folders {
      let images = try images(of: folder)
      var camera = try describe(folder, images)
      if !cameras.isEmpty { camera.sync.mode = .subordinate }
      cameras.append(camera)
      streams.append(images)
      places.append(try PoseList.place(folder.appendingPathComponent("groundtruth.txt")))
    }
    let depth = streams.map { $0[.depth]?.samples ?? [] }.max { $0.count < $1.count } ?? []
    let found = calibration(zip(cameras, places).map { ($0.id, $1) }, rig: url.lastPathComponent)
    return TUMFoldersReader(
      take: TakeDescription(
        name: url.lastPathComponent, framesPerSecond: NominalRate.of(depth), cameras: cameras),
      calibration: found.calibration,
      streams: RecordedStreams(cameras: cameras, streams: streams, masksAreGrey: false),
      warnings: found.warnings)
  }

  private static func images(of folder: URL) throws(CaptureError) -> [StreamKind: RecordedStream] {
    var inside = TakeFolder(folder)
    var streams: [StreamKind: RecordedStream] = [:]
    for (kind, name) in [(StreamKind.color, "rgb.txt"), (.depth, "depth.txt")] {
      streams[kind] = try StreamList.read(folder.appendingPathComponent(name), in: &inside)
    }
    return streams
  }

  private static func describe(
    _ folder: URL, _ images: [StreamKind: RecordedStream]
  ) throws(CaptureError) -> CameraDescription {
    guard let first = images[.color]?.files.first, images[.depth]?.files.isEmpty == false else {
      throw CaptureError(.badInput, "`rgb.txt` or `depth.txt` lists no images.", at: folder.path)
    }
    let id = CameraDescription.usableID(folder.lastPathComponent)
    var camera = CameraDescription(
      id: id, model: "tum-rgbd", sync: SyncRole(mode: .master), color: recommended,
      depth: recommended, depthUnit: depthUnit, depthRange: 0.4...8)
    if let file = LensFile.find(in: folder) {
      let said = try LensFile(file, id: id, depthUnit: depthUnit).camera
      if said.depth != said.color { camera.depthRange = said.depthRange }
      (camera.color, camera.depth, camera.depthUnit) = (said.color, said.depth, said.depthUnit)
      camera.colorFromDepth = said.colorFromDepth
    } else {
      let size = try ImageFile.size(at: first)
      guard size == (recommended.width, recommended.height) else {
        throw CaptureError(
          .badInput,
          "The images are \(size.width)x\(size.height), and no file says the camera's intrinsics.",
          at: folder.path, remedy: "Write intrinsics.json beside rgb.txt.")
      }
    }
    guard camera.color != nil else {
      throw CaptureError(
        .badInput, "The file of intrinsics has no lens `color`.", at: folder.path)
    }
    return camera
  }

  private static func calibration(
    _ places: [(id: String, place: PoseList.Place)], rig: String
  ) -> (calibration: RigCalibration?, warnings: [String]) {
    var (standing, warnings): ([(id: String, worldFromColor: RigidTransform)], [String]) = ([], [])
    for (id, place) in places {
      switch place {
      case .standing(let pose): standing.append((id, .yUpFromZUp * pose))
      case .moving(let meters, let degrees):
        let (far, turned) = ((meters * 100).rounded() / 100, degrees.rounded())
        warnings.append(
          "Camera \(id) moves by \(far) m and \(turned) degrees; only cameras that stand still have a place."
        )
      case .unknown:
        if places.count > 1 { warnings.append("Camera \(id) has no groundtruth.txt.") }
      }
    }
    guard standing.count == places.count else { return (nil, warnings) }
    return (RigCalibration(rig: rig, worldFromColor: standing), warnings)
  }
}
