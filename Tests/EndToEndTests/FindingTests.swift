import CaptureCore
import CaptureTestSupport
import Foundation
import FrameSync
import ImageFiles
import Recordings
import SyntheticRigs
import Testing

@testable import CapturePipeline

/// Every finding, from a synthetic take with one thing wrong.
@Suite struct FindingTests {
  /// A take of two small cameras; `change` breaks what it wants on the way in.
  private func inspection(
    frames: Int = 12, rig: String? = nil,
    _ change: (inout TakeDescription) -> Void = { _ in },
    color: (_ camera: Int, _ frame: Int, inout [UInt8]) -> Void = { _, _, _ in },
    depth: (_ camera: Int, _ frame: Int, inout [UInt16]) -> Void = { _, _, _ in },
    mask: (_ camera: Int, _ frame: Int) -> [UInt8]? = { _, _ in nil },
    isKept: (_ camera: Int, _ frame: Int) -> Bool = { _, _ in true },
    time: (_ camera: Int, _ frame: Int) -> Double = { _, frame in Double(frame) / 15 },
    in folder: URL = Scratch.unused("finding")
  ) throws -> Inspection {
    var knobs = SyntheticRigConfiguration.tiny
    (knobs.cameras, knobs.depthWidth, knobs.depthHeight) = (2, 16, 16)
    (knobs.colorWidth, knobs.colorHeight, knobs.frames) = (16, 16, 1)
    let source = try SyntheticRig(knobs)
    var take = source.take
    change(&take)
    let writer = try TakeWriter(folder: folder, take: take, calibration: source.calibration)
    for frame in 0..<frames {
      for camera in 0..<2 where isKept(camera, frame) {
        var (pixels, samples) = Self.images(camera, frame)
        color(camera, frame, &pixels)
        depth(camera, frame, &samples)
        try writer.write(
          ColorImage(width: 16, height: 16, pixels: pixels), camera: camera, index: frame,
          time: time(camera, frame))
        try writer.write(
          DepthImage(width: 16, height: 16, samples: samples, unit: 0.001), camera: camera,
          index: frame, time: time(camera, frame))
        if let mask = mask(camera, frame) {
          try writer.write(
            MaskImage(width: 16, height: 16, samples: mask), camera: camera, index: frame,
            time: time(camera, frame))
        }
      }
    }
    try writer.finish()
    var rigFile: URL?
    if let rig {
      rigFile = folder.appendingPathComponent("rig.json")
      try Data(rig.utf8).write(to: folder.appendingPathComponent("rig.json"))
    }
    return try InspectedTake(folder, rig: rigFile).inspect()
  }

  /// A grey picture and a wall with noise, another in every frame.
  private static func images(_ camera: Int, _ frame: Int) -> ([UInt8], [UInt16]) {
    var random = SeededGenerator(seed: UInt64(100 * camera + frame))
    let pixels = (0..<768).map { _ in UInt8(100 + Int(50 * random.uniform())) }
    let samples = (0..<256).map { _ in UInt16(1500 + Int(20 * random.uniform())) }
    return (pixels, samples)
  }

  /// What the first stage of a run warns of.
  private func warnings(_ take: URL, _ settings: String...) throws -> [String] {
    let pipeline = try TinyTake.pipeline(
      Scratch.unused("warned"), try TinyTake.configuration().setting(settings))
    return try pipeline.run(only: .pair, TakeSource(take: take)).warnings
  }

  private func expect(
    _ inspection: Inspection, _ verdict: Inspection.Verdict, _ camera: String?, _ words: String,
    _ remedy: String? = nil, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let found = inspection.findings.map(\.text).joined(separator: "\n")
    #expect(inspection.verdict == verdict, "\(found)", sourceLocation: sourceLocation)
    #expect(
      inspection.findings.contains {
        $0.verdict == verdict && $0.camera == camera && $0.what.contains(words)
          && (remedy.map($0.remedy.contains) ?? !$0.remedy.isEmpty)
      }, "\(found)", sourceLocation: sourceLocation)
    #expect(inspection.findings.count == 1, "\(found)", sourceLocation: sourceLocation)
  }

  @Test func aSoundTakeIsGood() throws {
    let inspection = try inspection()
    #expect(inspection.verdict == .good && inspection.findings.isEmpty)
    #expect(inspection.text.hasSuffix("\n\nVerdict: good"))
    #expect(try inspection.json().contains("\"verdict\" : \"good\""))
  }

  @Test func blackAndOverexposedColour() throws {
    let black = try inspection(color: { camera, frame, pixels in
      if camera == 1 { pixels = pixels.indices.map { UInt8($0 % 3 + frame % 2) } }
    })
    expect(black, .usable, "cam1", "are black")
    let white = try inspection(color: { camera, frame, pixels in
      if camera == 0 { for i in 0..<600 { pixels[i] = UInt8(254 + frame % 2) } }
    })
    expect(white, .usable, "cam0", "overexposed: 7")
  }

  @Test func frozenAndRepeatedImages() throws {
    let frozen = try inspection(depth: { camera, _, samples in
      if camera == 1 { samples = Self.images(1, 0).1 }
    })
    expect(frozen, .broken, "cam1", "depth images of camera cam1 are frozen")
    let repeated = try inspection(color: { camera, frame, pixels in
      if camera == 0, frame == 4 { pixels = Self.images(0, 3).0 }
    })
    expect(repeated, .usable, "cam0", "colour images of camera cam0 that were compared repeat")
  }

  @Test func aRunSaysOfImagesWhatAnInspectionSays() throws {
    let folder = Scratch.unused("told")
    let found = try inspection(
      depth: { camera, frame, samples in
        if camera == 0 { samples = samples.map { $0 + 20_000 } }
        if camera == 1 { samples = Self.images(1, 0).1 }
      }, in: folder)
    let broken = found.findings.filter { $0.verdict == .broken }.map { "\($0.what) \($0.remedy)" }
    #expect(broken.count == 2)
    let said = try warnings(folder)
    #expect(Set(broken).isSubset(of: said), "\(said)")
    // What is left out harms nothing.
    let one = try warnings(folder, "cameras=cam0")
    #expect(one.contains { $0.contains("cam0") } && !one.contains { $0.contains("cam1") })
  }

  @Test func masksThatAreBlackOrOfAnotherSize() throws {
    let folder = Scratch.unused("masks")
    let black = try inspection(
      mask: { camera, frame in
        [UInt8](repeating: camera == 1 ? UInt8(frame % 2) : 0, count: 256)
      }, in: folder)
    // Where 1 is the most, it stands for the subject.
    expect(black, .usable, "cam0", "masks of camera cam0 show no subject at all")
    #expect(try warnings(folder).contains { $0.hasPrefix("The masks of camera cam0 show no") })
    let small = try MaskImage(width: 4, height: 4, samples: [UInt8](repeating: 255, count: 16))
    for frame in 0..<12 {
      try ImageFile.writePNG(
        small, to: folder.appendingPathComponent("cam0/mask/\(frame.padded(to: 6)).png"))
    }
    expect(
      try InspectedTake(folder).inspect(), .broken, "cam0",
      "mask images of camera cam0 are not of the size")
  }

  @Test func aCameraThatLacksInTheChosenFramesIsWarnedOf() throws {
    let folder = Scratch.unused("lacking")
    _ = try inspection(
      frames: 40, isKept: { camera, frame in camera == 0 || frame < 25 }, in: folder)
    let words = "Camera cam1 has no depth in 15 of the 20 chosen frame sets"
    #expect(try warnings(folder, "frames.first=20").contains { $0.hasPrefix(words) })
    #expect(try !warnings(folder).contains { $0.contains("chosen frame sets") })
    #expect(
      try !warnings(folder, "frames.first=20", "cameras=cam0").contains { $0.contains("cam1") })
  }

  @Test func depthBeyondTheRange() throws {
    expect(
      try inspection(depth: { camera, _, samples in
        if camera == 1 { samples = samples.map { $0 + 20_000 } }
      }), .broken, "cam1", "100.0 % of what camera cam1 measured lies outside its range of 0.25 to")
  }

  @Test func aClockOfItsOwnAndAPauseOfAll() throws {
    // Of two that differ nobody knows which is wrong.
    let far = try inspection(time: { camera, frame in
      Double(frame) / 15 + (camera == 1 ? 1000 : 0)
    })
    #expect(far.verdict == .broken)
    #expect(far.findings.map(\.camera) == ["cam0", "cam1"], "\(far.findings)")
    // Of three the odd one is named.
    // The odd one's times are of microseconds: that it dropped nearly all images is not said besides.
    let times = [1.0, 1e6, 1].enumerated().map { index, unit in
      CameraTimes(
        id: "cam\(index)", sync: SyncRole(mode: .standalone),
        times: [.depth: (0..<12).map { unit * (2 + Double($0) / 15) }], clock: nil)
    }
    let (_, sync) = frameSets(
      of: times, framesPerSecond: 15, configuration: FrameSyncConfiguration())
    let findings = StreamRules(sync).findings()
    #expect(findings.map(\.camera) == ["cam1"] && findings[0].verdict == .broken)
    #expect(
      findings[0].what
        == "Camera cam1 recorded while none of the others did: its clock is another.")
    expect(
      try inspection(time: { _, frame in Double(frame) / 15 + (frame < 6 ? 0 : 4) }), .usable, nil,
      "All cameras paused for 4.07 s.", "use --frames '..<6' or '6..<'")
  }

  @Test func camerasThatStoppedStartedLateOrDropped() throws {
    expect(
      try inspection(frames: 40, isKept: { camera, frame in camera == 0 || frame < 25 }),
      .usable, "cam1", "Camera cam1 stopped 1.00 s before the others", "Use --frames '..<25'")
    expect(
      try inspection(frames: 40, isKept: { camera, frame in camera == 0 || frame < 5 }),
      .broken, "cam1", "stopped 2.33 s before")
    expect(
      try inspection(frames: 40, isKept: { camera, frame in camera == 0 || frame >= 15 }),
      .usable, "cam1", "started 1.00 s after", "Use --frames '15..<'")
    // Three frame sets are enough, however long the take is; two may be chance.
    expect(
      try inspection(frames: 120, isKept: { camera, frame in camera == 0 || frame < 117 }),
      .usable, "cam1", "Camera cam1 stopped 0.20 s before the others", "Use --frames '..<117'")
    expect(
      try inspection(frames: 120, isKept: { camera, frame in camera == 0 || frame >= 3 }),
      .usable, "cam1", "started 0.20 s after", "Use --frames '3..<'")
    #expect(
      try inspection(frames: 40, isKept: { camera, frame in camera == 0 || 2..<38 ~= frame })
        .verdict == .good)
    expect(
      try inspection(frames: 40, isKept: { camera, frame in camera == 0 || frame % 8 != 3 }),
      .usable, "cam1", "dropped 12.5 % of its depth and 12.5 % of its colour images")
  }

  @Test func depthWithoutMeasurements() throws {
    expect(
      try inspection(depth: { camera, frame, samples in
        if camera == 0 { for i in 0..<254 { samples[(i + frame) % 256] = 0 } }
      }), .broken, "cam0", "Only 0.8 % of the depth pixels")
    expect(
      try inspection(depth: { camera, frame, samples in
        if camera == 0 { for i in 0..<246 { samples[(i + frame) % 256] = 0 } }
      }), .usable, "cam0", "Only 3.9 % of the depth pixels")
  }

  @Test func swappedAndCopiedCameras() throws {
    expect(
      try inspection { $0.cameras[1].serial = $0.cameras[0].serial }, .broken, nil,
      "Cameras cam0 and cam1 have the same serial number 1000")
    let rig = """
      {"format": "fieldmesh-rig", "version": 1, "name": "r", "setup": "", "framesPerSecond": 15,
       "cameras": [
        {"id": "cam0", "model": "synthetic-tof", "serial": "1001",
         "sync": {"mode": "master", "delay": 0}, "color": {"width": 16, "height": 16},
         "depth": {"width": 16, "height": 16, "range": [0.25, 5.46]}},
        {"id": "cam1", "model": "synthetic-tof",
         "sync": {"mode": "subordinate", "delay": 0.00016}, "color": {"width": 16, "height": 16},
         "depth": {"width": 16, "height": 16, "range": [0.25, 5.46]}}]}
      """
    expect(
      try inspection(rig: rig), .broken, "cam1",
      "Camera cam1 has the serial number of the rig's camera cam0")
  }

  @Test func swappedCamerasAreFoundByTheirDepth() throws {
    let take = try RecordingFormats.open(TinyTake.folder)
    let sound = try InspectedTake(TinyTake.folder).inspect()
    #expect(!sound.findings.contains { $0.what.contains("swapped") })
    for (a, b) in [("cam0", "cam1"), ("cam1", "cam3")] {
      var calibration = try #require(take.calibration)
      (calibration.rigFromColor[a], calibration.rigFromColor[b]) = (
        calibration.rigFromColor[b], calibration.rigFromColor[a]
      )
      let file = Scratch.unused("swapped")
      try Data(calibration.json.text.utf8).write(to: file)
      let inspection = try InspectedTake(TinyTake.folder, calibration: file).inspect()
      let found = try #require(inspection.findings.first { $0.what.contains("swapped") })
      #expect(inspection.verdict == .broken && found.verdict == .broken)
      #expect(found.what.hasPrefix("Cameras \(a) and \(b) seem to be swapped: "), "\(found.what)")
    }
  }

  @Test func intrinsicsOfAnotherMode() throws {
    expect(
      try inspection { $0.cameras[1].depth?.intrinsics.cx = 320 }, .broken, "cam1",
      "depth intrinsics of camera cam1 do not fit images of 16x16")
    expect(
      try inspection { $0.cameras[0].color?.intrinsics.fx = 600 }, .broken, "cam0",
      "colour intrinsics of camera cam0 do not fit")
  }

  @Test func repeatedTimesAndDifferentFirmware() throws {
    expect(
      try inspection(
        frames: 40, time: { camera, frame in Double(camera == 1 && frame == 7 ? 6 : frame) / 15 }),
      .usable, "cam1", "2 images of camera cam1 have the time of the one before")
    expect(
      try inspection {
        $0.cameras[0].firmware = "1.6.110"
        $0.cameras[1].firmware = "1.6.108"
      }, .usable, nil, "run different firmware: cam0 1.6.110; cam1 1.6.108")
  }

  @Test func takesThatCannotBeOpenedAreBroken() throws {
    let take = try TinyTake.copy()
    let list = take.appendingPathComponent("cam1/depth.txt")
    let lines = try String(contentsOf: list, encoding: .utf8).split(separator: "\n")
    try Data((lines[0...0] + lines[1...].reversed()).joined(separator: "\n").utf8).write(to: list)
    let error = try #require(throws: CaptureError.self) { try InspectedTake(take).inspect() }
    let refused = RefusedTake(error)
    #expect(
      refused.verdict == .broken
        && refused.text.contains("cam1/depth.txt, line 3: The time goes back"))
    #expect(try JSONDecoder().decode(RefusedTake.self, from: Data(refused.json.utf8)) == refused)
    let command = try Command("inspect", take.path)
    #expect(command.status == 3 && command.output == refused.text + "\n")
    #expect(command.errors == "fieldmesh: \(error)\n")
    // So are those beyond a limit.
    let description = try FileHandle(
      forWritingTo: take.appendingPathComponent("take.json"))
    try description.truncate(atOffset: 1 << 30)
    let large = try Command("inspect", take.path, "--json")
    #expect(large.status == 3 && large.output.contains("at most"), "\(large.output)")
  }

  @Test func settingsAreCheckedAndUsed() throws {
    for command in [
      ["inspect", TinyTake.folder.path], ["align", TinyTake.folder.path, "-o", "x"],
    ] {
      let refused = try Command(command + ["--set", "clocks.search=-1"])
      #expect(refused.status == 2, "\(refused.errors)")
      #expect(refused.errors.contains("clocks.search: -1.0 is out of range."))
    }
    let box = try Command(
      "inspect", TinyTake.folder.path, "--json", "--set",
      "observations.box=[-0.9, 0.02, -0.9, 0.9, 2, 0.9]")
    let found = try JSONDecoder().decode(Inspection.self, from: Data(box.output.utf8))
    #expect(found.region?.box.lower == SIMD3(-0.9, 0.02, -0.9))
  }
}
