internal import CaptureCore
internal import Foundation

/// One frame's observations on disk, as they stand in memory.
///
///     0   "FMOBSRV2"                     40  checksum of everything from 64 on
///     8   cameras (u32), 0 (u32)         48  hidden cell count (u64)
///     16  surface count (u64)            64  per camera: width, height (u32; 0 = no image)
///     24  free ray count (u64)               surface, free rays, depth samples camera by camera,
///     32  file size (u64)                    hidden cells; each part at a multiple of 64
///
/// Little endian. A file is read by mapping it, after its size and checksum were compared.
enum ObservationFile {
  static let magic: [UInt8] = Array("FMOBSRV2".utf8)
  static let limits = (cameras: 64, records: 1 << 26)

  struct Layout {
    var surface, freeRays: Int
    var depth: [Int]
    var hidden: Int
    var size: Int

    init(sizes: [(width: Int, height: Int)], surface count: Int, freeRays: Int, hidden: Int) {
      func padded(_ n: Int) -> Int { (n + 63) / 64 * 64 }
      surface = padded(64 + 8 * sizes.count)
      self.freeRays = padded(surface + count * MemoryLayout<SurfaceObservation>.stride)
      var next = padded(self.freeRays + freeRays * MemoryLayout<FreeRay>.stride)
      depth = []
      for s in sizes {
        depth.append(next)
        next = padded(next + 2 * s.width * s.height)
      }
      self.hidden = next
      size = padded(next + hidden * MemoryLayout<UInt32>.stride)
    }
  }

  static func write(
    _ cameras: [CameraObserver.Result?], sizes: [(width: Int, height: Int)], hidden: [UInt32],
    to url: URL
  ) throws(CaptureError) {
    let sizes = zip(cameras, sizes).map { $0?.depth.isEmpty ?? true ? (width: 0, height: 0) : $1 }
    let surface = cameras.flatMap { $0?.surface ?? [] }
    let free = cameras.flatMap { $0?.freeRays ?? [] }
    let layout = Layout(
      sizes: sizes, surface: surface.count, freeRays: free.count, hidden: hidden.count)
    var data = Data(count: layout.size)
    data.withUnsafeMutableBytes { raw in
      raw.copyBytes(from: magic)
      raw.storeBytes(of: UInt32(cameras.count), toByteOffset: 8, as: UInt32.self)
      raw.storeBytes(of: UInt64(surface.count), toByteOffset: 16, as: UInt64.self)
      raw.storeBytes(of: UInt64(free.count), toByteOffset: 24, as: UInt64.self)
      raw.storeBytes(of: UInt64(layout.size), toByteOffset: 32, as: UInt64.self)
      raw.storeBytes(of: UInt64(hidden.count), toByteOffset: 48, as: UInt64.self)
      for (c, size) in sizes.enumerated() {
        raw.storeBytes(of: UInt32(size.width), toByteOffset: 64 + 8 * c, as: UInt32.self)
        raw.storeBytes(of: UInt32(size.height), toByteOffset: 68 + 8 * c, as: UInt32.self)
      }
      func put<T>(_ values: [T], at offset: Int) {
        values.withUnsafeBytes {
          UnsafeMutableRawBufferPointer(rebasing: raw[offset...]).copyMemory(from: $0)
        }
      }
      put(surface, at: layout.surface)
      put(free, at: layout.freeRays)
      for (c, result) in cameras.enumerated() { put(result?.depth ?? [], at: layout.depth[c]) }
      put(hidden, at: layout.hidden)
      let sum = Checksum.of(UnsafeRawBufferPointer(rebasing: raw[64...]))
      raw.storeBytes(of: sum, toByteOffset: 40, as: UInt64.self)
    }
    try AtomicFile.write(data, to: url)
  }
}

extension ObservationFile {
  /// Maps the files of one take, after comparing size and checksum.
  struct Reader: Sendable {
    let rays: [CameraRays?]
    /// What free space keeps away from what was seen: metres, pixels.
    let margin: (depth: Float, pixels: Int)
    let hiddenSpace: HiddenSpace

    /// - Parameter verify: Whether the checksum is compared, and not only the size.
    /// - Throws: ``CaptureError`` `badInput` for a file that is missing or damaged, `tryAgain` for one that the
    ///   system can't hand out right now.
    func frame(_ url: URL, verify: Bool = true) throws(CaptureError) -> MappedFrame {
      try MappedFrame(url, self, verify: verify)
    }
  }
}

/// A mapped file of observations.
final class MappedFrame: FrameObservations, @unchecked Sendable {
  private let base: UnsafeMutableRawPointer
  let size: Int
  private let sizes: [(width: Int, height: Int)]
  private let layout: ObservationFile.Layout
  private let rays: [CameraRays?]
  private let margin: (depth: Float, pixels: Int)
  let surface: UnsafeBufferPointer<SurfaceObservation>
  let freeRays: UnsafeBufferPointer<FreeRay>
  let hidden: HiddenCells
  // Built at the first question about free space and never changed after.
  private lazy var free: [FreeDepth?] = rays.indices.map { c in
    guard let depth = depth(ofCamera: c), let r = rays[c] else { return nil }
    return FreeDepth(depth, rays: r, margin: margin.depth, pixels: margin.pixels)
  }
  private let lock = NSLock()

  init(
    _ url: URL, _ reader: ObservationFile.Reader, verify: Bool
  ) throws(CaptureError) {
    func damaged(_ what: String) -> CaptureError {
      CaptureError(
        .badInput, "The observation file \(what).", at: url.path,
        remedy: "Remove it and run `fieldmesh observe` again, which writes what is missing.")
    }
    func refused(_ what: String) -> CaptureError {
      let cause = errno
      let text = "cannot be \(what): \(String(cString: strerror(cause)))"
      guard cause != ENOENT else { return damaged(text) }
      return CaptureError(
        .tryAgain, "The observation file \(text).", at: url.path,
        remedy: "Run the same command again; finished work is kept.")
    }
    let (rays, margin, hiddenSpace) = (reader.rays, reader.margin, reader.hiddenSpace)
    let file = open(url.path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw refused("opened") }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0, status.st_size >= 64 else { throw damaged("is too short") }
    size = Int(status.st_size)
    guard let map = mmap(nil, size, PROT_READ, MAP_SHARED, file, 0), map != MAP_FAILED else {
      throw refused("mapped")
    }
    base = map
    (self.rays, self.margin) = (rays, margin)
    let raw = UnsafeRawBufferPointer(start: map, count: size)
    let cameras = Int(raw.load(fromByteOffset: 8, as: UInt32.self))
    let counts = [16, 24, 48].map { raw.load(fromByteOffset: $0, as: UInt64.self) }
    var sizes: [(width: Int, height: Int)] = []
    var objection: String?
    if !raw.starts(with: ObservationFile.magic) || cameras != rays.count
      || size < 64 + 8 * cameras
    {
      objection = "is not of this take"
    } else if counts.contains(where: { $0 > ObservationFile.limits.records }) {
      objection = "states impossible counts"
    } else {
      for c in 0..<cameras {
        sizes.append(
          (
            Int(raw.load(fromByteOffset: 64 + 8 * c, as: UInt32.self)),
            Int(raw.load(fromByteOffset: 68 + 8 * c, as: UInt32.self))
          ))
      }
      let fits = zip(sizes, rays).allSatisfy { s, r in
        s == (0, 0) || (s.width == r?.width && s.height == r?.height)
      }
      if !fits { objection = "has images of another size" }
    }
    self.sizes = sizes
    layout = ObservationFile.Layout(
      sizes: sizes, surface: objection == nil ? Int(counts[0]) : 0,
      freeRays: objection == nil ? Int(counts[1]) : 0,
      hidden: objection == nil ? Int(counts[2]) : 0)
    if objection == nil, layout.size != size { objection = "ends too early" }
    if objection == nil, verify,
      Checksum.of(UnsafeRawBufferPointer(rebasing: raw[64...]))
        != raw.load(fromByteOffset: 40, as: UInt64.self)
    {
      objection = "has a wrong checksum"
    }
    if let objection {
      // The object never comes to be, so nobody else unmaps.
      munmap(map, size)
      throw damaged(objection)
    }
    func view<T>(_ offset: Int, _ count: Int) -> UnsafeBufferPointer<T> {
      UnsafeBufferPointer(
        start: (map + offset).assumingMemoryBound(to: T.self), count: count)
    }
    surface = view(layout.surface, Int(counts[0]))
    freeRays = view(layout.freeRays, Int(counts[1]))
    hidden = hiddenSpace.view(view(layout.hidden, Int(counts[2])))
  }

  deinit { munmap(base, size) }

  func depth(ofCamera camera: Int) -> ObservedDepth? {
    guard sizes.indices.contains(camera), sizes[camera].width > 0 else { return nil }
    let (w, h) = sizes[camera]
    let start = (base + layout.depth[camera]).assumingMemoryBound(to: Int16.self)
    return ObservedDepth(
      width: w, height: h, samples: UnsafeBufferPointer(start: start, count: w * h))
  }

  func freedom(
    of points: UnsafeBufferPointer<SIMD3<Float>>, into result: UnsafeMutableBufferPointer<Float>
  ) {
    let free = lock.withLock { self.free }.compactMap { $0 }
    for i in points.indices {
      var most: Float = -1
      for camera in free {
        if let f = camera.freedom(points[i]) { most = max(most, f) }
      }
      result[i] = most
    }
  }
}
