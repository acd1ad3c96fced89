internal import CaptureCore

/// The images that are compared, of all cameras, and when they were taken.
struct AlignmentFrames: Sendable {
  /// One camera's part.
  struct Stream: Sendable {
    var lens: DepthLens
    /// Times of the images, ascending, seconds of the rig.
    var times: [Double]
    var images: [SurfaceImage]
    /// For each moment the image that its pixels are taken from; nil where the camera has none.
    var sources: [Int?]
    /// The usual time between two images of the recording, seconds.
    var spacing: Double
  }

  /// By camera; nil without depth.
  var streams: [Stream?]
  /// Number of moments.
  var moments: Int

  /// Reads images around moments spread over the recording: one a camera where clocks are shared,
  /// else five, so that any time near the moment lies between two.
  static func load(
    _ cameras: [AlignmentCamera], _ configuration: AlignmentConfiguration, threads: Int?,
    load: @Sendable (_ camera: Int, _ index: Int) -> DepthImage?,
    color: (@Sendable (_ camera: Int, _ index: Int) -> ColorImage?)?, monitor: StageMonitor
  ) throws(CaptureError) -> AlignmentFrames {
    let greyLenses = cameras.map {
      color == nil ? nil : GreyLens($0.description, longest: configuration.longest)
    }
    let lenses = cameras.map { DepthLens($0.description, longest: configuration.longest) }
    let around = cameras.contains { $0.clockDeviation > 0 } ? 2 : 0
    let instants = moments(of: cameras, lenses, configuration, around: around)
    let chosen = cameras.indices.map { camera in
      choice(cameras[camera], instants, around: around)
    }
    var work: [(camera: Int, slot: Int)] = []
    for camera in cameras.indices where lenses[camera] != nil {
      work += chosen[camera].positions.indices.map { (camera, $0) }
    }
    try monitor.checkCancelled()
    let read = concurrentValues(work.count, threads: threads) { i -> SurfaceImage? in
      let (camera, slot) = work[i]
      guard !monitor.isCancelled(), let lens = lenses[camera],
        let image = load(camera, cameras[camera].indices[chosen[camera].positions[slot]]),
        let depth = lens.reduce(image)
      else { return nil }
      var surface = SurfaceImage(depth: depth, lens: lens, configuration)
      if let grey = greyLenses[camera],
        let image = color?(camera, cameras[camera].indices[chosen[camera].positions[slot]])
      {
        surface.grey = grey.grey(image, depth: depth, lens: lens)
      }
      return surface
    }
    var images = chosen.map { [SurfaceImage?](repeating: nil, count: $0.positions.count) }
    for (i, place) in work.enumerated() { images[place.camera][place.slot] = read[i] }
    try monitor.checkCancelled()
    let streams = cameras.indices.map { camera in
      lenses[camera].map { lens in
        Self.stream(cameras[camera], lens, chosen[camera], images[camera])
      }
    }
    return AlignmentFrames(streams: streams, moments: instants.count)
  }

  /// Which images of a camera are read, and which of them each moment has.
  private struct Choice {
    var positions: [Int]
    var sources: [Int?]
  }

  private static func moments(
    of cameras: [AlignmentCamera], _ lenses: [DepthLens?], _ configuration: AlignmentConfiguration,
    around: Int
  ) -> [Double] {
    let bytes = cameras.indices.reduce(0) { sum, camera in
      sum + (lenses[camera].map { $0.width * $0.height * SurfaceImage.bytes } ?? 0)
    }
    let affordable = configuration.memory / max(1, bytes * (2 * around + 1))
    // The camera with the most images says when.
    let lead = cameras.max { $0.times.count < $1.times.count }?.times ?? []
    let inside = Array(lead.dropFirst(around / 2).dropLast(around / 2))
    let all = inside.isEmpty ? lead : inside
    let count = min(configuration.moments, max(1, affordable), all.count)
    return (0..<count).map { all[(2 * $0 + 1) * all.count / (2 * count)] }
  }

  private static func choice(
    _ camera: AlignmentCamera, _ instants: [Double], around: Int
  ) -> Choice {
    let spacing = usualSpacing(camera.times)
    var positions: Set<Int> = []
    let nearest = instants.map { instant -> Int? in
      let after = camera.times.partitionPoint { $0 < instant }
      let near = [after - 1, after].filter { camera.times.indices.contains($0) }
        .min { abs(camera.times[$0] - instant) < abs(camera.times[$1] - instant) }
      guard let near, abs(camera.times[near] - instant) <= 0.75 * spacing else { return nil }
      positions.formUnion(max(0, near - around)...min(camera.times.count - 1, near + around))
      return near
    }
    let sorted = positions.sorted()
    return Choice(
      positions: sorted, sources: nearest.map { $0.flatMap { sorted.firstIndex(of: $0) } })
  }

  private static func stream(
    _ camera: AlignmentCamera, _ lens: DepthLens, _ choice: Choice, _ images: [SurfaceImage?]
  ) -> Stream {
    // Images that could not be read leave the list.
    var place = [Int?](repeating: nil, count: images.count)
    var kept: [Int] = []
    for slot in images.indices where images[slot] != nil {
      place[slot] = kept.count
      kept.append(slot)
    }
    return Stream(
      lens: lens, times: kept.map { camera.times[choice.positions[$0]] },
      images: kept.compactMap { images[$0] },
      sources: choice.sources.map { $0.flatMap { place[$0] } },
      spacing: usualSpacing(camera.times))
  }

  private static func usualSpacing(_ times: [Double]) -> Double {
    let gaps = zip(times.dropFirst(), times).map { $0 - $1 }.filter { $0 > 0 }.sorted()
    return gaps.isEmpty ? 0.1 : gaps[gaps.count / 2]
  }
}
