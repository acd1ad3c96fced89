internal import Calibration
public import CaptureCore
public import Foundation
internal import ImageFiles
internal import Recordings
internal import Synchronization

/// Writes recordings of any format as a take: `fieldmesh ingest`.
///
/// Nothing is lost of the images: a JPEG is passed through, depth is packed as 16-bit PNG with the
/// unit that it was recorded in, colour that was recorded raw becomes PNG, or JPEG where that is asked
/// for. Every image is looked at
/// on the way; one that cannot be read is left out and named. Infrared images, motion samples and
/// other tracks are not part of a take and stay in the sources.
///
/// Images go through one by one, as many at a time as there are threads: memory is that of the lists,
/// about 200 bytes an image, and of a few images a thread.
public struct TakeIngest: Sendable {
  /// The recording's folders or files.
  public var sources: [URL]
  /// Calibration file; nil for the one in the recording, if there is one.
  public var calibration: URL?
  /// Folder of the new take.
  public var output: URL
  /// Quality, 1...100, of the JPEGs that colour is packed as which was not recorded as one; nil for
  /// PNG, without loss.
  public var jpegQuality: Int?
  /// Whether to stop at the first image that cannot be read.
  public var isStrict = false
  /// Threads to use.
  public var threads: Int

  /// What an ingest did.
  public struct Outcome: Sendable {
    /// Cameras and images of the take.
    public var cameras, images: Int
    /// Images that could not be read, each with the reason.
    public var skipped: [String]
    /// Sentences that the user should read.
    public var warnings: [String]
  }

  /// An ingest of the given recordings.
  public init(
    sources: [URL], calibration: URL? = nil, output: URL,
    threads: Int = ProcessInfo.processInfo.activeProcessorCount
  ) {
    (self.sources, self.calibration) = (sources, calibration)
    (self.output, self.threads) = (output, threads)
  }

  /// Writes the take; `take.json` comes last.
  /// - Throws: ``CaptureError`` for sources that cannot be opened or a folder that cannot be written,
  ///   `tryAgain` when the disk is full or on request to stop.
  public func write(monitor: StageMonitor = .silent) throws(CaptureError) -> Outcome {
    if let jpegQuality, !(1...100).contains(jpegQuality) {
      throw CaptureError(
        .usage, "\(jpegQuality) is out of range.", at: "--jpeg-quality",
        remedy: "Choose a value from 1 to 100.")
    }
    try checkSourcesStay(where: { $0 == $1 || $0.hasPrefix($1 + "/") })
    let (recording, calibration) = try open()
    let writer = try TakeWriter(folder: output, take: recording.take, calibration: calibration)
    let jobs = Self.jobs(recording)
    let state = Mutex<(done: Int, skipped: [(Int, CaptureError)], error: CaptureError?)>(
      (0, [], nil))
    concurrently(jobs.count, threads: threads) { number, _ in
      guard state.withLock({ $0.error == nil }) else { return }
      do throws(CaptureError) {
        try monitor.checkCancelled()
        let failure = try copy(jobs[number], recording, writer)
        if let failure, isStrict { throw failure }
        let done = state.withLock { state in
          if let failure { state.skipped.append((number, failure)) }
          state.done += 1
          return state.done
        }
        monitor.report(done, jobs.count, "")
      } catch {
        state.withLock { $0.error = $0.error ?? error }
      }
    }
    let (_, skipped, error) = state.withLock { $0 }
    if let error { throw error }
    guard skipped.count < jobs.count else {
      throw CaptureError(
        .badInput, "No image can be read. \(skipped.first.map { "\($0.1)" } ?? "")",
        at: sources.map(\.path).joined(separator: ", "))
    }
    try writer.finish()
    return Outcome(
      cameras: recording.take.cameras.count, images: jobs.count - skipped.count,
      skipped: skipped.sorted { $0.0 < $1.0 }.map(\.1.description), warnings: recording.warnings)
  }

  /// Writes a take that names the sources instead of holding their images.
  /// - Throws: ``CaptureError`` as ``write(monitor:)`` does.
  public func link() throws(CaptureError) -> Outcome {
    try checkSourcesStay(where: ==)
    let (recording, calibration) = try open()
    try LinkedTakeReader.write(
      output, sources: sources, name: recording.take.name,
      calibration: self.calibration == nil ? nil : calibration)
    let images = recording.take.cameras.indices.reduce(0) { sum, camera in
      StreamKind.allCases.reduce(sum) { $0 + recording.samples(camera: camera, kind: $1).count }
    }
    return Outcome(
      cameras: recording.take.cameras.count, images: images, skipped: [],
      warnings: recording.warnings)
  }

  /// A take's images have the names that a recording's may have.
  /// - Throws: ``CaptureError`` `usage` where a source's path stands in the way of the output's.
  private func checkSourcesStay(
    where clash: (_ source: String, _ output: String) -> Bool
  ) throws(CaptureError) {
    func path(_ url: URL) -> String { url.standardizedFileURL.resolvingSymlinksInPath().path }
    for source in sources where clash(path(source), path(output)) {
      throw CaptureError(
        .usage, "The take would lie in the place of `\(source.path)`, which it is made from.",
        at: "--output", remedy: "Choose another folder.")
    }
  }

  private func open() throws(CaptureError) -> (any Recording, RigCalibration?) {
    let recording = try RecordingFormats.open(sources)
    guard let calibration else { return (recording, recording.calibration) }
    let read = try CalibrationFile.read(calibration)
    do {
      _ = try place(recording.take, read)
    } catch {
      throw error.within(calibration.path)
    }
    return (recording, read)
  }

  /// One image to be copied.
  private struct Job {
    var camera: Int
    var kind: StreamKind
    var index: Int
    var time: Double
  }

  /// All images: camera by camera in the order of their times, which is that of the files.
  private static func jobs(_ recording: any Recording) -> [Job] {
    recording.take.cameras.indices.flatMap { camera -> [Job] in
      let jobs = StreamKind.allCases.flatMap { kind in
        recording.samples(camera: camera, kind: kind).enumerated().map {
          Job(camera: camera, kind: kind, index: $0, time: $1.time)
        }
      }
      return jobs.enumerated().sorted {
        ($0.element.time, $0.offset) < ($1.element.time, $1.offset)
      }.map(\.element)
    }
  }

  /// Copies an image; gives back why it cannot be read.
  /// - Throws: ``CaptureError`` when the take cannot be written.
  private func copy(
    _ job: Job, _ recording: any Recording, _ writer: TakeWriter
  ) throws(CaptureError) -> CaptureError? {
    let image: LoadedImage
    do {
      image = try LoadedImage(
        job.camera, job.kind, job.index, recording, decodingPNG: jpegQuality != nil)
    } catch {
      return error
    }
    switch image {
    case .file(let data):
      try writer.write(
        encoded: data, kind: job.kind, camera: job.camera, index: job.index, time: job.time)
    case .depth(let image):
      try writer.write(image, camera: job.camera, index: job.index, time: job.time)
    case .color(let image):
      try writer.write(
        image, camera: job.camera, index: job.index, time: job.time, quality: jpegQuality)
    case .mask(let image):
      try writer.write(image, camera: job.camera, index: job.index, time: job.time)
    }
    return nil
  }
}

/// An image of a recording in the form in which a take will hold it.
private enum LoadedImage {
  case file(Data)
  case depth(DepthImage)
  case color(ColorImage)
  case mask(MaskImage)

  /// Reads the image, and finds out whether it can be decoded.
  /// - Parameter decodingPNG: Whether colour that is a PNG is to be packed anew.
  init(
    _ camera: Int, _ kind: StreamKind, _ index: Int, _ recording: any Recording, decodingPNG: Bool
  ) throws(CaptureError) {
    let data = try recording.encoded(camera: camera, kind: kind, index: index)
    if kind == .color, let data, data.starts(with: [0xff, 0xd8]) {
      let description = recording.take.cameras[camera]
      let place = "camera \(description.id), \(kind.rawValue) frame \(index)"
      let size = try ImageFile.checkJPEG(data, at: place)
      if let lens = description.color, size != (lens.width, lens.height) {
        throw CaptureError(
          .sizeMismatch,
          "The colour image is \(size.width)x\(size.height), but the camera is described as \(lens.width)x\(lens.height).",
          at: place)
      }
      self = .file(data)
      return
    }
    let image: LoadedImage =
      switch kind {
      case .depth: .depth(try recording.depth(camera: camera, index: index))
      case .color: .color(try recording.color(camera: camera, index: index))
      case .mask: .mask(try recording.mask(camera: camera, index: index))
      }
    if case .color = image, decodingPNG {
      self = image
    } else {
      self = data.map { .file($0) } ?? image
    }
  }
}
