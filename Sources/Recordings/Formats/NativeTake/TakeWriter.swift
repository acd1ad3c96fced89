public import CaptureCore
public import Foundation
internal import ImageFiles
internal import Synchronization

/// Writes a take image by image: memory is that of the lists, not of the images.
///
///     let writer = try TakeWriter(folder: url, take: take, calibration: calibration)
///     try writer.write(depth, camera: 0, index: 0, time: 1.000165)
///     try writer.finish()
///
/// Each file is whole or absent, and `take.json` comes last, when all others are on the disk: a folder without it is no take, so a
/// run that was killed leaves nothing that could be taken for one. Images may be written from
/// several threads and in any order; their index gives the order in the list and the file's name.
public final class TakeWriter: Sendable {
  /// The folder of the take.
  public let folder: URL
  /// What is being written.
  public let take: TakeDescription
  private let calibration: RigCalibration?
  private let lock: FolderLock
  private let lists: Mutex<[[StreamKind: [Int: StreamSample]]]>

  /// Makes the folders of a take.
  /// - Throws: ``CaptureError`` `badInput` when there is a take already, when the description
  ///   could not be read back, or when the folder cannot be written; `tryAgain` while another writer
  ///   is at work in the folder.
  public init(
    folder: URL, take: TakeDescription, calibration: RigCalibration? = nil
  ) throws(CaptureError) {
    (self.folder, self.take, self.calibration) = (folder, take, calibration)
    lists = Mutex(take.cameras.map { _ in [:] })
    try AtomicFile.makeFolder(folder)
    lock = try FolderLock(folder)
    _ = try TakeDescription(JSONNode(take.json))
    if let calibration { _ = try RigCalibration(JSONNode(calibration.json)) }
    let document = folder.appendingPathComponent(NativeTakeReader.signature)
    guard !FileManager.default.fileExists(atPath: document.path) else {
      throw CaptureError(
        .badInput, "There is a take already.", at: folder.path,
        remedy: "Choose another folder, or remove this one.")
    }
    for camera in take.cameras {
      for kind in StreamKind.allCases {
        // What an interrupted run left: its masks would be taken for this take's.
        let list = folder.appendingPathComponent("\(camera.id)/\(kind.rawValue).txt")
        if FileManager.default.fileExists(atPath: list.path) { try remove(list) }
      }
      try AtomicFile.makeFolder(folder.appendingPathComponent(camera.id))
    }
  }

  /// Writes a depth image, as a 16-bit PNG.
  ///
  /// - Parameters:
  ///   - image: An image of the depth lens's size, in steps of the camera's `depthUnit`.
  ///   - camera: Index of the camera in the take.
  ///   - index: Number of the image in its stream; each is written once, and gaps are allowed.
  ///   - time: Device time, seconds, with the device's delay in it.
  /// - Throws: ``CaptureError`` `sizeMismatch` or `badInput` for an image that does not fit the
  ///   take, `tryAgain` when the disk is full.
  public func write(
    _ image: DepthImage, camera: Int, index: Int, time: Double
  ) throws(CaptureError) {
    let model = take.cameras[camera].depth
    try check(image.width, image.height, model, "depth image", camera)
    guard image.unit == Float(take.cameras[camera].depthUnit) else {
      throw CaptureError(
        .badInput,
        "The depth image has steps of \(image.unit) m, but the take's are \(take.cameras[camera].depthUnit) m.",
        at: "camera \(take.cameras[camera].id)")
    }
    let url = try add(.depth, camera, index, time, "png")
    try ImageFile.writePNG(image, to: url, isSynced: false)
  }

  /// Writes a colour image, as a JPEG of the given quality (1...100) or, without one, as a PNG.
  /// - Throws: as for depth.
  public func write(
    _ image: ColorImage, camera: Int, index: Int, time: Double, quality: Int? = 92
  ) throws(CaptureError) {
    try check(image.width, image.height, take.cameras[camera].color, "colour image", camera)
    let url = try add(.color, camera, index, time, quality == nil ? "png" : "jpg")
    if let quality {
      try ImageFile.writeJPEG(image, quality: quality, to: url, isSynced: false)
    } else {
      try ImageFile.writePNG(image, to: url, isSynced: false)
    }
  }

  /// Writes a subject mask, as an 8-bit PNG.
  /// - Throws: as for depth.
  public func write(
    _ image: MaskImage, camera: Int, index: Int, time: Double
  ) throws(CaptureError) {
    try check(image.width, image.height, take.cameras[camera].color, "mask", camera)
    try ImageFile.writePNG(
      image, to: try add(.mask, camera, index, time, "png"), isSynced: false)
  }

  /// Writes the bytes of a JPEG or PNG file as they are, for recordings that are stored so.
  /// - Throws: ``CaptureError`` `badInput` when the bytes begin like neither, or depth or a mask
  ///   is no PNG; else as for depth. Sizes are checked when the image is read.
  public func write(
    encoded data: Data, kind: StreamKind, camera: Int, index: Int, time: Double
  ) throws(CaptureError) {
    let isPNG = data.starts(with: [0x89, 0x50, 0x4e, 0x47])
    guard isPNG || (kind == .color && data.starts(with: [0xff, 0xd8])) else {
      throw CaptureError(
        .badInput,
        kind == .color
          ? "The bytes are neither a JPEG nor a PNG image." : "The bytes are no PNG image.",
        at: "camera \(take.cameras[camera].id), \(kind.rawValue) frame \(index)")
    }
    try AtomicFile.write(
      data, to: try add(kind, camera, index, time, isPNG ? "png" : "jpg"), isSynced: false)
  }

  /// Writes the lists, the calibration and, last, `take.json`.
  /// - Throws: ``CaptureError`` `badInput` when there is no image or a stream's times go backwards,
  ///   or for what writing meets.
  public func finish() throws(CaptureError) {
    let lists = lists.withLock { $0 }
    guard lists.contains(where: { !$0.isEmpty }) else {
      throw CaptureError(.badInput, "No image was written, and a take needs one.", at: folder.path)
    }
    for (camera, streams) in zip(take.cameras, lists) {
      for kind in StreamKind.allCases {
        let isDescribed = kind == .depth ? camera.depth != nil : camera.color != nil
        guard isDescribed, kind != .mask || streams[.mask] != nil else { continue }
        let samples = (streams[kind] ?? [:]).sorted { $0.key < $1.key }.map(\.value)
        if let late = zip(samples, samples.dropFirst()).first(where: { $0.time > $1.time }) {
          throw CaptureError(
            .badInput, "The time goes back from \(late.0.time) to \(late.1.time) s.",
            at: "camera \(camera.id), \(kind.rawValue) images")
        }
        try AtomicFile.write(
          Data(StreamList.text(samples).utf8),
          to: folder.appendingPathComponent("\(camera.id)/\(kind.rawValue).txt"))
      }
    }
    if let calibration {
      try AtomicFile.write(
        Data(calibration.json.text.utf8),
        to: folder.appendingPathComponent(RigCalibration.fileName))
    }
    try sync(lists)
    try AtomicFile.write(
      Data(take.json.text.utf8), to: folder.appendingPathComponent(NativeTakeReader.signature))
    // Whoever comes now finds the take.
    unlink(folder.appendingPathComponent(FolderLock.defaultName).path)
  }

  /// Brings all images to the disk.
  private func sync(_ lists: [[StreamKind: [Int: StreamSample]]]) throws(CaptureError) {
    let names = lists.flatMap { $0.values.flatMap { $0.values.map(\.name) } }
    let first = Mutex<CaptureError?>(nil)
    concurrently(names.count) { index, _ in
      do throws(CaptureError) {
        try AtomicFile.sync(folder.appendingPathComponent(names[index]))
      } catch {
        first.withLock { $0 = $0 ?? error }
      }
    }
    if let error = first.withLock({ $0 }) { throw error }
  }

  /// Notes an image in its list and gives the file to write.
  private func add(
    _ kind: StreamKind, _ camera: Int, _ index: Int, _ time: Double, _ suffix: String
  ) throws(CaptureError) -> URL {
    let id = take.cameras[camera].id
    let place = "camera \(id), \(kind.rawValue) frame \(index)"
    guard index >= 0, time.isFinite, abs(time) <= StreamList.latest else {
      throw CaptureError(.badInput, "The time \(time) is out of range.", at: place)
    }
    let name = "\(id)/\(kind.rawValue)/\(index.padded(to: 6)).\(suffix)"
    let (isNew, isFirst) = lists.withLock { lists in
      let isFirst = lists[camera][kind] == nil
      let old = lists[camera][kind, default: [:]].updateValue(
        StreamSample(time: time, name: name), forKey: index)
      return (old == nil, isFirst)
    }
    guard isNew else { throw CaptureError(.badInput, "The image is written twice.", at: place) }
    let url = folder.appendingPathComponent(name)
    if isFirst || !FileManager.default.fileExists(atPath: url.deletingLastPathComponent().path) {
      try AtomicFile.makeFolder(url.deletingLastPathComponent())
    }
    return url
  }

  private func check(
    _ width: Int, _ height: Int, _ model: CameraModel?, _ what: String, _ camera: Int
  ) throws(CaptureError) {
    let place = "camera \(take.cameras[camera].id)"
    guard let model else {
      throw CaptureError(.badInput, "The take describes no lens for a \(what).", at: place)
    }
    guard width == model.width, height == model.height else {
      throw CaptureError(
        .sizeMismatch,
        "The \(what) is \(width)x\(height), but the take's are \(model.width)x\(model.height).",
        at: place)
    }
  }

  private func remove(_ url: URL) throws(CaptureError) {
    guard unlink(url.path) == 0 else {
      throw CaptureError(
        .badInput, "Removing failed: \(String(cString: strerror(errno))).", at: url.path,
        remedy: "Choose an output folder that can be written.")
    }
  }
}
