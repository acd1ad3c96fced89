internal import CaptureCore
internal import Foundation

/// Reads nerfstudio's `transforms.json` with depth images.
///
/// The format lists posed images and says nothing of cameras or instants. Here frames that share
/// pose and lens belong to one camera, which stands still:
/// - every pose is used once, and no `time` is given: one instant, seen by as many cameras;
/// - poses come again: as many cameras as poses, each with a sequence, ordered by `time`, seconds,
///   else by the number in the file's name at 30 Hz;
/// - every pose is used once, and times differ: a camera that is carried about, which is refused.
///
/// What else is taken from it, and how:
/// - **Poses** are camera to world with OpenGL's axes (+y up, -z forward) in a world with +z up; they
///   are turned to ours. They must be in metres, as depth is; poses from photographs alone are not.
/// - **Pixel centres** lie at one half: 0.5 is taken from `cx` and `cy`.
/// - **Lenses**: pinholes, and `OPENCV` with `k1`...`k3`, `p1`, `p2`. `OPENCV_FISHEYE` is refused.
/// - **Depth** is a 16-bit PNG of z-depth in steps of `depth_unit_scale_factor` metres (0.001),
///   registered to colour; images of another size than colour are taken to be scaled.
/// - **Masks** may be grey or colour; the first channel counts.
///
/// Source: M. Tancik et al., *Nerfstudio*, SIGGRAPH 2023, and its description of the format.
struct NerfstudioReader: ImageFileRecording {
  static let name = "nerfstudio"
  static let signature = "transforms.json"
  /// Largest `transforms.json` that is read, bytes, and most frames in it.
  private static let limit = 16 << 20
  private static let frameLimit = 200_000

  let take: TakeDescription
  let calibration: RigCalibration?
  let streams: RecordedStreams

  static func recognizes(_ url: URL) -> Bool {
    FileManager.default.fileExists(atPath: url.appendingPathComponent(signature).path)
  }

  static func open(_ url: URL) throws(CaptureError) -> NerfstudioReader {
    let file = url.appendingPathComponent(signature)
    let data = try AtomicFile.read(file, limit: limit)
    do throws(CaptureError) {
      let document = try JSONNode(JSONValue(parsing: data))
      var folder = TakeFolder(url)
      var frames: [NerfstudioFrame] = []
      for node in try document.member("frames").elements(count: 1...frameLimit) {
        frames.append(try NerfstudioFrame(node, document, &folder))
      }
      return try NerfstudioReader(
        grouped(frames), name: url.lastPathComponent,
        unit: document.optionalMember("depth_unit_scale_factor")?.number(in: 1e-6...1) ?? 0.001)
    } catch {
      throw error.within(file.path)
    }
  }

  /// The frames of each camera in order, cameras in the order of the file.
  private static func grouped(
    _ frames: [NerfstudioFrame]
  ) throws(CaptureError) -> [[NerfstudioFrame]] {
    var numbers: [NerfstudioFrame.Key: Int] = [:]
    var cameras: [[NerfstudioFrame]] = []
    for frame in frames {
      if let number = numbers[frame.key] {
        cameras[number].append(frame)
      } else {
        numbers[frame.key] = cameras.count
        cameras.append([frame])
      }
    }
    guard
      frames.count == 1 || cameras.count < frames.count
        || Set(frames.map(\.time)).count == 1
    else {
      throw CaptureError(
        .badInput, "Every frame has a pose and a time of its own: the camera moves.",
        remedy: "Only cameras that stand still can be used; for a still scene leave out `time`.")
    }
    guard cameras.count <= CameraDescription.limit else {
      throw CaptureError(
        .limitExceeded,
        "There are \(cameras.count) different poses, a camera each; at most \(CameraDescription.limit) can be read.",
        remedy: "Leave out frames.")
    }
    let isOneInstant = cameras.count == frames.count
    return try cameras.map { frames throws(CaptureError) in
      try isOneInstant ? frames : ordered(frames)
    }
  }

  private static func ordered(
    _ frames: [NerfstudioFrame]
  ) throws(CaptureError) -> [NerfstudioFrame] {
    var timed = frames
    for index in timed.indices where timed[index].time == nil {
      let name = timed[index].color.sample.name
      guard let number = NumberedImages.frameNumber(name) else {
        throw CaptureError(
          .badInput, "The frame has neither a `time` nor a number in its name.",
          at: String(name.prefix(80)))
      }
      timed[index].time = Double(number) / 30
    }
    timed.sort { ($0.time ?? 0, $0.color.sample.name) < ($1.time ?? 0, $1.color.sample.name) }
    if let twice = zip(timed, timed.dropFirst()).first(where: { $0.time == $1.time }) {
      throw CaptureError(
        .badInput,
        "Two frames have one pose and one time: \(twice.0.color.sample.name.prefix(80)), \(twice.1.color.sample.name.prefix(80))."
      )
    }
    return timed
  }

  private init(
    _ groups: [[NerfstudioFrame]], name: String, unit: Double
  ) throws(CaptureError) {
    var cameras: [CameraDescription] = []
    var streams: [[StreamKind: RecordedStream]] = []
    for (number, frames) in groups.enumerated() {
      let lens = try frames[0].colorLens()
      cameras.append(
        CameraDescription(
          id: "cam\(number)", sync: SyncRole(mode: number == 0 ? .master : .subordinate),
          color: lens, depth: try frames.first { $0.depth != nil }?.depthLens(lens),
          depthUnit: unit, depthRange: 0.1...20))
      streams.append([
        .color: Self.stream(frames.map { ($0.color, $0.time) }),
        .depth: Self.stream(frames.compactMap { frame in frame.depth.map { ($0, frame.time) } }),
        .mask: Self.stream(frames.compactMap { frame in frame.mask.map { ($0, frame.time) } }),
      ])
    }
    let longest = streams.compactMap { $0[.color]?.samples }.max { $0.count < $1.count } ?? []
    take = TakeDescription(
      name: name, framesPerSecond: NominalRate.of(longest), cameras: cameras)
    calibration = RigCalibration(
      rig: name,
      worldFromColor: zip(cameras, groups).map { ($0.id, .yUpFromZUp * $1[0].worldFromColor) })
    self.streams = RecordedStreams(cameras: cameras, streams: streams, masksAreGrey: false)
  }

  private static func stream(
    _ images: [(image: NerfstudioFrame.Image, time: Double?)]
  ) -> RecordedStream {
    RecordedStream(
      samples: images.map { StreamSample(time: $0.time ?? 0, name: $0.image.sample.name) },
      files: images.map(\.image.file))
  }
}
