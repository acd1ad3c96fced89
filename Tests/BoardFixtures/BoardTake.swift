internal import CBoardDrawing
public import CalibrationTargets
public import CaptureCore
internal import CaptureTestSupport
public import Foundation
internal import Recordings
internal import Synchronization

/// A made-up recording in which a board is carried before depth cameras: colour pictures and depth of
/// another lens, a floor at y = 0, and what sensors and people do wrong.
public struct BoardTake: Sendable {
  /// The board as printed.
  public var board: CalibrationTarget
  /// A tag or board that lies on the floor before the cameras; nil for none.
  public var floorTag: CalibrationTarget?
  /// Cameras on an arc of 1.8 m, and moments.
  public var cameras = 3, frames = 10
  /// Whether the board is tilted from moment to moment; it is moved in any case.
  public var tilts = true
  /// Cameras whose colour pictures are mirrored, and cameras that never see the board.
  public var mirrored: Set<Int> = [], blind: Set<Int> = []
  /// Cameras from this one on see the board in the second half of the moments only, the others in the
  /// first; nil where all see it all the time.
  public var split: Int?
  /// How the depth sensor of each camera reports, from the true depth; none for the rest.
  public var biases: [Int: DepthBias] = [:]
  /// How far the depth lenses are described wrong: rotation vector, radians, and metres.
  public var lensTurn = SIMD3<Double>.zero, lensShift = SIMD3<Double>.zero
  /// A moment at which the board lies on the floor; nil for none.
  public var lying: Int?
  /// Whether there is a floor in depth.
  public var hasFloor = true

  /// What the cameras look at, world metres.
  public var aim = SIMD3(0.0, 1, 0)

  private static let center = SIMD3(0.0, 1, 0)

  /// A take of a board.
  public init(_ board: CalibrationTarget) { self.board = board }

  /// The colour lens of each camera.
  public let color = CameraModel(
    width: 480, height: 360, intrinsics: Intrinsics(fx: 400, fy: 401, cx: 242, cy: 177))
  /// The depth lens of each camera.
  public let depth = CameraModel(
    width: 160, height: 144, intrinsics: Intrinsics(fx: 140, fy: 140, cx: 79, cy: 73))
  /// Depth lens to colour lens, in truth.
  public let colorFromDepth = RigidTransform(
    rows: RigidTransform.turn(SIMD3(0.09, 0.004, -0.002)).rows,
    translation: SIMD3(-0.032, -0.002, 0.004))

  /// Colour lens to world, in truth.
  public var worldFromColor: [RigidTransform] {
    (0..<cameras).map { i in
      let angle = (Double(i) / Double(max(1, cameras - 1)) - 0.5) * 1.3
      let eye = SIMD3(1.8 * sin(angle), 1.3 + 0.15 * Double(i % 2), 1.8 * cos(angle))
      return .looking(from: eye, at: aim)
    }
  }

  /// The cameras as the take describes them.
  public var descriptions: [CameraDescription] {
    (0..<cameras).map { i in
      CameraDescription(
        id: "cam\(i)", sync: SyncRole(mode: i == 0 ? .master : .subordinate), color: color,
        depth: depth, depthRange: 0.3...4,
        colorFromDepth: RigidTransform(
          rows: (RigidTransform.turn(lensTurn) * colorFromDepth).rows,
          translation: colorFromDepth.translation + lensShift))
    }
  }

  /// Board to world at each moment.
  public var worldFromBoard: [RigidTransform] {
    var random = SeededGenerator(seed: 5)
    func spread(_ size: Double) -> Double { (2 * Double(random.uniform()) - 1) * size }
    let upright = RigidTransform(
      rows: (SIMD3(1, 0, 0), SIMD3(0, -1, 0), SIMD3(0, 0, -1)), translation: .zero)
    let middle = SIMD3(board.size.x / 2, board.size.y / 2, 0)
    return (0..<frames).map { frame in
      let way = SIMD3(spread(0.5), spread(0.5), spread(0.4))
      let turned = RigidTransform.turn(tilts ? way : SIMD3(0.1, 0.05, 0)) * upright
      let place = BoardTake.center + SIMD3(spread(0.35), spread(0.2), spread(0.45))
      if frame == lying { return worldFromFloorTag }
      return RigidTransform(rows: turned.rows, translation: place - turned.rotate(middle))
    }
  }

  /// Floor tag to world: flat before the rig's middle, its top away from the cameras.
  public var worldFromFloorTag: RigidTransform {
    RigidTransform(
      rows: (SIMD3(1, 0, 0), SIMD3(0, 0, -1), SIMD3(0, 1, 0)), translation: SIMD3(-0.1, 0, -0.1))
  }

  /// Writes the take, without any calibration.
  public func write(to folder: URL) throws {
    let take = TakeDescription(name: "boards", framesPerSecond: 10, cameras: descriptions)
    try AtomicFile.makeFolder(folder)
    let writer = try TakeWriter(folder: folder, take: take)
    let (places, boards) = (worldFromColor, worldFromBoard)
    let paper = PrintedBoard(board)
    let floorPaper = floorTag.map { PrintedBoard($0) }
    let error = Mutex<CaptureError?>(nil)
    concurrently(cameras * frames) { job, _ in
      let (camera, frame) = (job / frames, job % frames)
      let isShown =
        !blind.contains(camera) && split.map { ($0 <= camera) == (2 * frame >= frames) } ?? true
      let shown = isShown ? boards[frame] : nil
      do throws(CaptureError) {
        let image = try picture(places[camera], shown, paper, floorPaper, camera)
        let time = 1 + 0.1 * Double(frame)
        try writer.write(image, camera: camera, index: frame, time: time)
        let depth = try measured(places[camera], shown, paper, camera, frame)
        try writer.write(depth, camera: camera, index: frame, time: time)
      } catch let failure {
        error.withLock { $0 = $0 ?? failure }
      }
    }
    if let error = error.withLock({ $0 }) { throw error }
    try writer.finish()
  }

  private func picture(
    _ worldFromColor: RigidTransform, _ worldFromBoard: RigidTransform?, _ paper: PrintedBoard,
    _ floorPaper: PrintedBoard?, _ camera: Int
  ) throws(CaptureError) -> ColorImage {
    let (w, h) = (color.width, color.height)
    var samples = [UInt8](repeating: 140, count: w * h)
    let colorFromWorld = worldFromColor.inverse
    floorPaper?.draw(
      into: &samples, width: w, height: h, color.intrinsics,
      cameraFromBoard: colorFromWorld * worldFromFloorTag)
    if let worldFromBoard {
      paper.draw(
        into: &samples, width: w, height: h, color.intrinsics,
        cameraFromBoard: colorFromWorld * worldFromBoard)
    }
    var image = try GreyImage(width: w, height: h, samples: samples)
    if mirrored.contains(camera) { image = image.mirrored }
    return try image.colorImage()
  }

  /// Depth of the board and the floor with noise of 2 mm.
  private func measured(
    _ worldFromColor: RigidTransform, _ worldFromBoard: RigidTransform?, _ paper: PrintedBoard,
    _ camera: Int, _ frame: Int
  ) throws(CaptureError) -> DepthImage {
    let depthFromWorld = (worldFromColor * colorFromDepth).inverse
    // What hides comes first; the floor is 10 m wide.
    var sheets: [cbd_sheet] = []
    if let worldFromBoard {
      let (low, high) = (paper.corners[0], paper.corners[2])
      sheets.append(
        Self.sheet(depthFromWorld * worldFromBoard, SIMD2(low.x, low.y), SIMD2(high.x, high.y)))
    }
    if hasFloor {
      let floor = RigidTransform(
        rows: (SIMD3(1, 0, 0), SIMD3(0, 0, 1), SIMD3(0, -1, 0)), translation: .zero)
      sheets.append(Self.sheet(depthFromWorld * floor, SIMD2(-5, -5), SIMD2(5, 5)))
    }
    let (k, bias) = (depth.intrinsics, biases[camera] ?? .none)
    var depths = [Double](repeating: 0, count: depth.width * depth.height)
    cbd_depth(
      &depths, Int64(depth.width), Int64(depth.height), [k.fx, k.fy, k.cx, k.cy], sheets,
      Int64(sheets.count), 4)
    var random = SeededGenerator(seed: UInt64(1000 * camera + frame))
    let samples = depths.enumerated().map { i, z -> UInt16 in
      if z == 0 { return 0 }
      let x = (Double(i % depth.width) - k.cx) / k.fx
      let y = (Double(i / depth.width) - k.cy) / k.fy
      // Three even draws are near enough to a normal one of 2 mm.
      let noise = 0.004 * Double(random.uniform() + random.uniform() + random.uniform() - 1.5)
      let read = (z + noise - bias.offset) / (1 + bias.scale + bias.radial * (x * x + y * y))
      return UInt16(max(0, min(65535, read * 1000 + 0.5)))
    }
    return try DepthImage(width: depth.width, height: depth.height, samples: samples, unit: 0.001)
  }

  private static func sheet(
    _ pose: RigidTransform, _ low: SIMD2<Double>, _ high: SIMD2<Double>
  ) -> cbd_sheet {
    let (r, t) = (pose.rotation, pose.translation)
    return cbd_sheet(
      pose: (r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7], r[8], t.x, t.y, t.z),
      low: (low.x, low.y), high: (high.x, high.y))
  }
}
