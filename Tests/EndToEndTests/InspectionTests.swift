import CaptureCore
import CapturePipeline
import CaptureTestSupport
import ClockEstimation
import Foundation
import FrameSync
import ImageFiles
import Pictures
import Recordings
import SyntheticRigs
import Testing

@Suite struct InspectionTests {
  private let folder = Scratch.unused()

  /// Two cameras, ten frames; `left` drops its third depth image and sees half the wall.
  private func writeTake(
    calibration: RigCalibration? = nil, range: ClosedRange<Double> = 0.5...2.4
  ) throws {
    let lens = CameraModel(
      width: 4, height: 2, intrinsics: Intrinsics(fx: 3, fy: 3, cx: 1.5, cy: 0.5))
    let take = TakeDescription(
      name: "wall", framesPerSecond: 30,
      cameras: [
        CameraDescription(
          id: "left", model: "test-tof", sync: SyncRole(mode: .master), color: lens, depth: lens,
          depthRange: range),
        CameraDescription(
          id: "right", sync: SyncRole(mode: .subordinate, delay: 0.00016), color: nil, depth: lens,
          depthUnit: 0.0005, depthRange: range),
      ])
    let writer = try TakeWriter(folder: folder, take: take, calibration: calibration)
    for i in 0..<10 {
      let time = 2 + Double(i) / 30
      if i != 2 {
        let samples: [UInt16] = [0, 0, 0, 0, 1000, 1100, 1200, 1300]
        try writer.write(
          DepthImage(width: 4, height: 2, samples: samples, unit: 0.001), camera: 0, index: i,
          time: time)
      }
      let pixels = [UInt8](repeating: UInt8(i), count: 24)
      try writer.write(
        ColorImage(width: 4, height: 2, pixels: pixels), camera: 0, index: i, time: time)
      let right = [UInt16](repeating: 3000, count: 7) + [5000]
      try writer.write(
        DepthImage(width: 4, height: 2, samples: right, unit: 0.0005), camera: 1, index: i,
        time: time + 0.00016 + (i < 3 ? 0.002 : 0))
    }
    try writer.finish()
  }

  private func calibration(of ids: [String]) -> RigCalibration {
    RigCalibration(
      rig: "test", reference: ids[0],
      rigFromColor: Dictionary(uniqueKeysWithValues: ids.map { ($0, .identity) }),
      worldFromRig: .identity)
  }

  @Test func theTextShowsCamerasStreamsAndDepth() throws {
    try writeTake()
    let inspection = try InspectedTake(folder).inspect()
    #expect(inspection.text == expectedText)
    let error = #expect(throws: CaptureError.self) { try inspection.checkUsable() }
    #expect(error?.code == .badInput)
    #expect(
      error?.what.hasPrefix("The recording is broken: The depth images of camera left are frozen")
        == true)
  }

  private let expectedText = """
    wall: Fieldmesh take, 2 cameras
    10 frame sets from 2.000 to 2.300 s, 30.00 Hz (the take says 30.00 Hz)
    calibration: none

    camera  model     clock        delay ms  colour  depth    range m  depth f px
    left    test-tof  master          0.000     4x2    4x2  0.50-2.40         3.0
    right   -         subordinate     0.160       -    4x2  0.50-2.40         3.0

    camera  depth images  dropped %  missing  unused  gap ms  colour images  dropped %  masks  off by ms  at most ms  suspicious  colour ms
    left               9       10.0        1       0    66.7             10        0.0      0      0.000       0.000           0       0.00
    right             10        0.0        0       0    33.3              0        0.0      0      0.400       2.000           2          -
    missing: frame sets without its depth; off by: mean distance of its depth from the set's time; colour: how long after its depth

    camera  depth 1 %  median  99 % m  holes %  out of range %
    left        1.000   1.100   1.300     50.0             0.0
    right       1.500   1.500   2.500      0.0            12.5

    depth figures: every pixel of 8 frame sets

    Warnings:
    - Camera right is more than 0.25 ms off in 2 of 10 frame sets; a wired rig does not do that. Check its delay and its cable.

    Verdict: broken
    - broken: The depth images of camera left are frozen: all that were compared are the same. Record again; a camera that hangs goes on sending its last image.
    - broken: The depth images of camera right are frozen: all that were compared are the same. Record again; a camera that hangs goes on sending its last image.
    - usable: The colour images of camera left are black. Uncover the lens, light the scene, or set the exposure by hand; meshes get no colour from it.
    - usable: Camera left dropped 10.0 % of its depth and 0.0 % of its colour images, up to 0.07 s at a time. Give it a USB controller and a disk of its own, or lower the rate.
    - usable: Where the cameras stand is not known. Name a calibration of the rig with --calibration; 'run' needs one.
    """

  @Test func theJSONReadsBack() throws {
    try writeTake()
    let inspection = try InspectedTake(folder).inspect()
    let text = try inspection.json()
    #expect(try JSONDecoder().decode(Inspection.self, from: Data(text.utf8)) == inspection)
  }

  @Test func imagesThatCannotBeReadAreListed() throws {
    try writeTake()
    let image = folder.appendingPathComponent("left/depth/000000.png")
    try Data("broken".utf8).write(to: image)
    var inspection = try InspectedTake(folder).inspect()
    let reason =
      "camera left, depth frame 0, \(image.path): The file is neither a JPEG nor a PNG image."
    #expect(inspection.unreadable == [reason])
    #expect(
      inspection.findings.map(\.what).contains(
        "1 of 7 depth images of camera left that were looked at cannot be read."))
    // Its images are all the same, which is worse.
    inspection.findings.removeAll { $0.verdict == .broken }
    let error = #expect(throws: CaptureError.self) { try inspection.checkUsable() }
    #expect(error?.description == "An image could not be read: \(reason)")
    #expect(error?.code == .partialResult)
  }

  @Test func aTakeWithoutARegionIsStillInspected() throws {
    try writeTake(calibration: calibration(of: ["left", "right"]), range: 5...6)
    let inspection = try InspectedTake(folder).inspect()
    #expect(inspection.calibratedRig == "test" && inspection.region == nil)
    #expect(inspection.verdict == .broken)
    #expect(
      inspection.findings.first?.text
        == "broken: There is no region of interest: No depth image holds a measurement within its camera's range. Look at the take with `fieldmesh inspect --picture`."
    )
  }

  @Test func theCalibrationMustBeThatOfTheRig() throws {
    try writeTake(calibration: calibration(of: ["left"]))
    let error = #expect(throws: CaptureError.self) { try InspectedTake(folder).inspect() }
    #expect(
      error?.description
        == "\(folder.path): The calibration of `test` does not place camera `right`, but left. Use the calibration of the rig that recorded the take, or leave the camera out with --cameras."
    )
  }

  @Test func theSheetShowsColourAndDepthOfEveryCamera() throws {
    try writeTake()
    try Data("broken".utf8).write(to: folder.appendingPathComponent("left/color/000000.jpg"))
    let take = try InspectedTake(folder)
    let url = folder.appendingPathComponent("sheet.png")
    try take.writeSheet(of: try take.inspect(), to: url)
    let sheet = try ImageFile.color(at: url)
    // Four times of colour and depth, 240 pixels wide, with gaps of 8; one row a camera.
    #expect(sheet.width == 8 + 8 * 248)
    func pixel(_ column: Int, _ y: Int) -> SIMD3<UInt8> {
      let i = 3 * (y * sheet.width + 8 + column * 248 + 200)
      return SIMD3(sheet.pixels[i], sheet.pixels[i + 1], sheet.pixels[i + 2])
    }
    let (first, second) = (sheet.height / 4 + 20, sheet.height * 3 / 4)
    // The broken image and the second camera's missing colour are dark; colours and depths are not.
    #expect(pixel(0, first) == SIMD3(repeating: 40) && pixel(0, second) == SIMD3(repeating: 40))
    let (found, wanted) = (pixel(1, first + 40), DepthColors.color(at: 0.2))
    #expect((0..<3).allSatisfy { abs(Int(found[$0]) - Int(wanted[$0])) < 8 })
    #expect(pixel(1, second).max() > 100)
  }

  @Test func theTimelineShowsEveryImageAndWhatIsMissing() throws {
    try writeTake()
    let url = folder.appendingPathComponent("timeline.png")
    try InspectedTake(folder).writeTimeline(to: url)
    let picture = try ImageFile.color(at: url)
    // One band of three rows: the left camera's depth and colour, the right one's depth.
    #expect(picture.width == 168 + 600 + 16 && picture.height == 44 + 3 * 12 + 26)
    func colors(_ frame: Int, _ row: Int) -> [SIMD3<UInt8>] {
      // Eight pixels a frame; the first one lies half a frame from the left.
      (-2...2).map { d in
        let i = 3 * ((62 + 12 * row) * picture.width + 168 + 4 + 8 * frame + d)
        return SIMD3(picture.pixels[i], picture.pixels[i + 1], picture.pixels[i + 2])
      }
    }
    let (white, red) = (SIMD3<UInt8>(repeating: 235), SIMD3<UInt8>(230, 60, 50))
    for frame in 0..<10 {
      #expect(colors(frame, 0).contains(frame == 2 ? red : white), "frame \(frame)")
      #expect(colors(frame, 1).contains(white) && colors(frame, 2).contains(white))
      #expect(!colors(frame, 2).contains(red))
    }
    let empty = Scratch.unused("empty")
    let lens = CameraModel(
      width: 4, height: 2, intrinsics: Intrinsics(fx: 3, fy: 3, cx: 1.5, cy: 0.5))
    let camera = CameraDescription(
      id: "a", sync: SyncRole(mode: .master), color: lens, depth: nil)
    let writer = try TakeWriter(
      folder: empty, take: TakeDescription(name: "none", framesPerSecond: 30, cameras: [camera]))
    try writer.write(
      ColorImage(width: 4, height: 2, pixels: [UInt8](repeating: 99, count: 24)), camera: 0,
      index: 0, time: 0)
    try writer.finish()
    let error = #expect(throws: CaptureError.self) {
      try InspectedTake(empty).writeTimeline(to: url)
    }
    #expect(error?.what == "There is nothing to draw: the take has no frame set.")
  }

  @Test func clocksOfUnwiredCamerasAreReported() throws {
    let unwired = Scratch.unused("unwired")
    var knobs = SyntheticRigConfiguration.tiny
    (knobs.frames, knobs.cameras, knobs.clockOffset, knobs.speed) = (4, 2, 0.3, 0)
    try SyntheticTake(SyntheticRig(knobs), folder: unwired, withTruth: false).write()
    let inspection = try InspectedTake(unwired).inspect()
    let clocks = inspection.sync.cameras.compactMap(\.clock)
    #expect(Set(clocks.map(\.source)) == [.shared, .recorded])
    #expect(inspection.text.contains("\ncamera  clock from  offset ms  +- ms  rate ppm  +- ppm\n"))
    #expect(
      inspection.warnings.contains {
        $0.contains("cannot be told from the images; its times stand")
      })
    var trust = JobConfiguration()
    trust.clocks.mode = .trust
    let trusted = try InspectedTake(unwired, configuration: trust).inspect()
    #expect(trusted.sync.cameras.allSatisfy { $0.clock == nil })
    #expect(
      trusted.warnings.contains { $0.hasPrefix("Clocks are unrelated: cam0, cam1 standalone.") })
  }

  @Test func theRedwoodRoomIsCalibratedAndStandsOnItsFloor() throws {
    let root = URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let take = try InspectedTake(
      root.appendingPathComponent("samples/redwood-room"),
      calibration: root.appendingPathComponent("calibration/redwood-handheld/2026-11-24.json"))
    let inspection = try take.inspect()
    let region = try #require(inspection.region)
    #expect(abs(try #require(region.floorHeight)) < 0.02)
    #expect(region.box.size.min() > 0.5 && region.box.size.max() < 4)
    #expect(inspection.cameras.allSatisfy { ($0.holes ?? 1) < 0.2 })
  }
}
