import Calibration
import CaptureCore
import Foundation
import FrameSync
import Recordings
import Testing

/// What the repository ships besides code: samples, calibrations, rigs.
@Suite struct SampleTests {
  static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  static func folders(_ name: String) -> [String] {
    let url = root.appendingPathComponent(name)
    let names = (try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? []
    return names.filter { !$0.hasSuffix(".md") && !$0.hasPrefix(".") }.sorted()
  }

  private func open(_ sample: String) throws -> any RecordingReader {
    try RecordingFormats.open(SampleTests.root.appendingPathComponent("samples/\(sample)"))
  }

  @Test(arguments: SampleTests.folders("samples"))
  func everySampleIsReadWhole(_ sample: String) throws {
    let reader = try open(sample)
    #expect(reader.take.name == sample)
    for (camera, description) in reader.take.cameras.enumerated() {
      let (depth, color) = (
        reader.samples(camera: camera, kind: .depth), reader.samples(camera: camera, kind: .color)
      )
      #expect(!depth.isEmpty && !color.isEmpty)
      let image = try reader.depth(camera: camera, index: depth.count - 1)
      let some = stride(from: 0, to: image.samples.count, by: 97).map { image.samples[$0] }
      let measured = some.filter { $0 > 0 }.map { Double($0) * description.depthUnit }
      #expect(measured.count > some.count / 20)
      let inRange = measured.count { description.depthRange.contains($0) }
      #expect(Double(inRange) > 0.99 * Double(measured.count), "camera \(camera)")
      _ = try reader.color(camera: camera, index: 0)
    }
    let notices = try FileManager.default.contentsOfDirectory(
      atPath: SampleTests.root.appendingPathComponent("samples/\(sample)").path)
    #expect(notices.contains("SOURCE.txt") && notices.contains { $0.hasPrefix("LICENSE") })
  }

  @Test func samplesStaySmall() throws {
    let files = FileManager.default.enumerator(
      at: SampleTests.root.appendingPathComponent("samples"),
      includingPropertiesForKeys: [.fileSizeKey])
    var total = 0
    while let url = files?.nextObject() as? URL {
      total += try url.resourceValues(forKeys: [.fileSizeKey]).fileSize ?? 0
    }
    #expect(total > 1 << 20 && total < 40 << 20)
  }

  @Test(arguments: SampleTests.folders("calibration").filter { $0 != "targets" })
  func everyCalibrationIsReadAndIsThatOfItsSample(_ rig: String) throws {
    let names = SampleTests.folders("calibration/\(rig)")
    #expect(!names.isEmpty)
    for name in names {
      let calibration = try CalibrationFile.read(
        SampleTests.root.appendingPathComponent("calibration/\(rig)/\(name)"))
      #expect(calibration.rig == rig)
      let samples = try SampleTests.folders("samples").map { try open($0) }
      var owners = samples.filter { $0.calibration == calibration }
      if owners.isEmpty {
        // A sample without a calibration of its own is known by its cameras.
        let ids = Set(calibration.rigFromColor.keys)
        owners = samples.filter { $0.calibration == nil && Set($0.take.cameras.map(\.id)) == ids }
      }
      #expect(owners.count == 1)
      for owner in owners { #expect(try !place(owner.take, calibration).isEmpty) }
    }
  }

  @Test(arguments: SampleTests.folders("rigs")) func everyRigIsRead(_ rig: String) throws {
    let description = try RigDescription(
      file: SampleTests.root.appendingPathComponent("rigs/\(rig)/rig.json"))
    #expect(description.name == rig)
  }

  @Test func theKnightWasRecordedByTheSyntheticRig() throws {
    let rig = try RigDescription(
      file: SampleTests.root.appendingPathComponent("rigs/synthetic/rig.json"))
    var take = try open("knight").take
    #expect(rig.differences(from: take) == [])
    take.framesPerSecond = 30
    take.cameras[0].model = "other"
    take.cameras[1].color = nil
    take.cameras[2].id = "cam9"
    take.cameras[3].sync = SyncRole(mode: .standalone)
    #expect(
      rig.differences(from: take) == [
        "The rate is 30.0 Hz, but the rig's is 15.0 Hz.",
        "Camera cam0: the model is other, but the rig's is synthetic-tof.",
        "Camera cam1: the colour image is absent, but the rig's is 640x360.",
        "Camera cam2 of the rig is not in the take.",
        "Camera cam3: the wiring is standalone, but the rig's is subordinate.",
        "Camera cam3: the delay is 0.0 s, but the rig's is 0.00048 s.",
        "Camera cam9 of the take is not in the rig.",
      ])
  }

  @Test func theKnightIsInStep() throws {
    let reader = try open("knight")
    let (sets, report) = frameSets(
      of: reader.take.cameras.enumerated().map { index, camera in
        CameraTimes(
          id: camera.id, sync: camera.sync,
          times: [
            .depth: reader.samples(camera: index, kind: .depth).map(\.time),
            .color: reader.samples(camera: index, kind: .color).map(\.time),
          ])
      }, framesPerSecond: reader.take.framesPerSecond)
    #expect(sets.count == 24 && report.warnings == [])
    #expect(sets.allSatisfy { set in set.entries.allSatisfy { $0.depth == set.index } })
    #expect(report.cameras.allSatisfy { $0.maxError < 2e-4 && $0.setsWithoutColor == 0 })
  }

  /// Depth of one camera, carried into another by the calibration, must be the depth found there.
  @Test(arguments: [
    ("redwood-room", 0, 4, 0.02), ("redwood-room", 3, 1, 0.02),
  ]) func posesCarryDepthFromCameraToCamera(
    _ sample: String, _ a: Int, _ b: Int, _ tolerance: Double
  ) throws {
    let reader = try open(sample)
    let cameras = try place(reader.take, try #require(reader.calibration))
    let (from, to) = (cameras[a], cameras[b])
    let (source, target) = (
      try #require(from.description.depth), try #require(to.description.depth)
    )
    let (depth, other) = (
      try reader.depth(camera: a, index: 0), try reader.depth(camera: b, index: 0)
    )
    let toFromSource = to.worldFromDepth.inverse * from.worldFromDepth
    var differences: [Double] = []
    for v in stride(from: 2, to: depth.height, by: 11) {
      for u in stride(from: 2, to: depth.width, by: 11) where depth.meters(u, v) > 0 {
        guard let ray = source.unproject(SIMD2(Double(u), Double(v))),
          let pixel = target.project(toFromSource.apply(ray * Double(depth.meters(u, v))))
        else { continue }
        let (x, y) = (Int(pixel.x.rounded()), Int(pixel.y.rounded()))
        guard (0..<other.width).contains(x), (0..<other.height).contains(y),
          other.meters(x, y) > 0
        else { continue }
        let z = toFromSource.apply(ray * Double(depth.meters(u, v))).z
        let difference = abs(z - Double(other.meters(x, y)))
        // Beyond 20 cm the two cameras see different surfaces.
        if difference < 0.2 { differences.append(difference) }
      }
    }
    #expect(differences.count > 300)
    #expect(differences.sorted()[differences.count / 2] < tolerance)
  }
}
