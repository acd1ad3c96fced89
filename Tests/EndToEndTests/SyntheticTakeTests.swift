import CaptureCore
import CapturePipeline
import CaptureTestSupport
import Foundation
import ImageFiles
import MeshExport
import NumpyFiles
import Recordings
import Synchronization
import SyntheticRigs
import Testing

@Suite struct SyntheticTakeTests {
  /// Two cameras, three frames: enough to see every file.
  private func knobs() -> SyntheticRigConfiguration {
    var knobs = SyntheticRigConfiguration.tiny
    (knobs.cameras, knobs.frames, knobs.masks) = (2, 3, true)
    (knobs.depthWidth, knobs.depthHeight, knobs.colorWidth, knobs.colorHeight) = (32, 24, 48, 27)
    (knobs.truthVoxel, knobs.truthPlaces) = (0.03, 200)
    return knobs
  }

  @Test func theReaderFindsWhatTheRigRecorded() throws {
    let folder = Scratch.unused()
    var knobs = knobs()
    knobs.droppedShare = 0.3
    let rig = try SyntheticRig(knobs)
    try SyntheticTake(rig, folder: folder, withTruth: false).write()
    let reader = try RecordingFormats.open(folder)
    #expect(reader.take.cameras.map(\.depth) == rig.take.cameras.map(\.depth))
    #expect(reader.take.cameras.map(\.sync) == rig.take.cameras.map(\.sync))
    #expect(
      reader.calibration?.rigFromColor["cam1"]?.translation
        == rig.calibration.rigFromColor["cam1"]?.translation)
    for camera in 0..<2 {
      for kind in StreamKind.allCases {
        let (found, made) = (
          reader.samples(camera: camera, kind: kind), rig.samples(camera: camera, kind: kind)
        )
        #expect(found.count == made.count)
        #expect(zip(found, made).allSatisfy { abs($0.time - $1.deviceTime) < 1e-9 })
      }
      for (index, sample) in rig.samples(camera: camera, kind: .depth).enumerated() {
        #expect(
          try reader.depth(camera: camera, index: index)
            == rig.depth(camera: camera, frame: sample.frame).measured)
      }
      for (index, sample) in rig.samples(camera: camera, kind: .color).enumerated() {
        let (color, mask) = rig.colorAndMask(camera: camera, frame: sample.frame)
        #expect(try reader.mask(camera: camera, index: index) == mask)
        let read = try reader.color(camera: camera, index: index)
        let difference = zip(read.pixels, color.pixels).map { abs(Int($0) - Int($1)) }
        #expect(difference.reduce(0, +) < 10 * difference.count)
      }
    }
    #expect(!FileManager.default.fileExists(atPath: folder.path + "/truth"))
    #expect(
      try SyntheticRigConfiguration().reading(folder.appendingPathComponent("synth.json"))
        == knobs)
  }

  @Test func theTruthLiesBesideTheTake() throws {
    let folder = Scratch.unused()
    var knobs = knobs()
    (knobs.frames, knobs.clockOffset, knobs.rotationError) = (2, 0.05, 1)
    let rig = try SyntheticRig(knobs)
    try SyntheticTake(rig, folder: folder).write()
    let truth = folder.appendingPathComponent("truth")
    let points = try NumpyArchive.read(truth.appendingPathComponent("points.npz"), limit: 1 << 24)
    #expect(points["points"]?.shape == [2, 200, 3] && points["normals"]?.shape == [2, 200, 3])
    let seen = try #require(points["seen"]).flags()
    let share = Double(seen.count { $0 }) / 400
    #expect(share > 0.3 && share < 0.8)
    for frame in 0..<2 {
      let mesh = try PLYReader.read(truth.appendingPathComponent("00000\(frame).ply"))
      #expect(mesh.colors.count == mesh.positions.count)
      let distances = distances(rig.field(at: rig.triggerTime(frame)), mesh.positions)
      #expect(distances.count { abs($0) < 5e-4 } > distances.count * 9 / 10)
      #expect(distances.allSatisfy { abs($0) < 0.01 })
      let floats = try #require(points["points"]).floats()
      let places = (0..<200).map { i in
        let at = 3 * (200 * frame + i)
        return SIMD3(floats[at], floats[at + 1], floats[at + 2])
      }
      let errors = self.distances(rig.field(at: rig.triggerTime(frame)), places)
      #expect(errors.count { abs($0) < 2e-4 } > 190)
    }
    let depth = try ImageFile.depth(
      at: truth.appendingPathComponent("depth/cam1/000001.png"), unit: SyntheticTake.truthUnit)
    let exact = rig.depth(camera: 1, frame: 1).truth
    for (sample, z) in zip(depth.samples, exact) where z < 6.5 {
      #expect(abs(Float(sample) * SyntheticTake.truthUnit - z) < 6e-5)
    }
    let document = JSONNode(
      try JSONValue(parsing: Data(contentsOf: truth.appendingPathComponent("rig.json"))))
    #expect(
      try RigCalibration(document.member("calibration")).rigFromColor["cam1"]?.translation
        == rig.trueCalibration.rigFromColor["cam1"]?.translation)
    let clock = try document.member("clocks").elements(count: 2...2)[1]
    #expect(try clock.member("offset").number(in: -1...1) == rig.clocks[1].offset)
  }

  @Test func anyNumberOfRunsGivesTheSameFiles() throws {
    let folder = Scratch.unused()
    let rig = try SyntheticRig(knobs())
    var contents: [[String: Data]] = []
    for name in ["a", "b"] {
      let url = folder.appendingPathComponent(name)
      try SyntheticTake(rig, folder: url).write()
      var files: [String: Data] = [:]
      for path in try FileManager.default.subpathsOfDirectory(atPath: url.path) {
        files[path] = FileManager.default.contents(atPath: url.path + "/" + path)
      }
      contents.append(files)
    }
    #expect(contents[0].count > 20)
    #expect(contents[0] == contents[1])
  }

  @Test func aFolderWithATakeIsRefused() throws {
    let folder = Scratch.unused()
    let rig = try SyntheticRig(knobs())
    try SyntheticTake(rig, folder: folder, withTruth: false).write()
    #expect {
      try SyntheticTake(rig, folder: folder, withTruth: false).write()
    } throws: {
      ($0 as? CaptureError)?.description
        == "\(folder.path): There is a take already. Choose another folder, or remove this one."
    }
  }

  @Test func aStoppedRunLeavesNoTake() throws {
    let folder = Scratch.unused()
    let reported = Mutex(0)
    let monitor = StageMonitor(
      report: { done, _, _ in reported.withLock { $0 = max($0, done) } },
      isCancelled: { reported.withLock { $0 >= 1 } })
    #expect {
      try SyntheticTake(SyntheticRig(knobs()), folder: folder, withTruth: false)
        .write(monitor: monitor)
    } throws: {
      ($0 as? CaptureError)?.code == .tryAgain
    }
    #expect(!FileManager.default.fileExists(atPath: folder.path + "/take.json"))
    try SyntheticTake(SyntheticRig(knobs()), folder: folder, withTruth: false).write()
    #expect(FileManager.default.fileExists(atPath: folder.path + "/take.json"))
  }

  @Test func knobsAreReadLikeAnyConfiguration() throws {
    let knobs = try SyntheticRigConfiguration().setting(["clockOffset=0.05", "subject=dancer"])
    #expect(knobs.clockOffset == 0.05 && knobs.subject == "dancer")
    #expect {
      _ = try SyntheticRigConfiguration().setting(["clockOfset=0.05"])
    } throws: {
      ($0 as? CaptureError)?.description.contains("clockOffset") == true
    }
    #expect(try SyntheticRigConfiguration().listing().contains("Axial depth noise"))
  }

  private func distances(_ field: any ScalarField, _ points: [SIMD3<Float>]) -> [Float] {
    var result = [Float](repeating: 0, count: points.count)
    points.withUnsafeBufferPointer { points in
      result.withUnsafeMutableBufferPointer { field.distances(at: points, into: $0) }
    }
    return result
  }

  @Test func recordingsOfKinectsAreMadeUpWithoutFurtherKnobs() throws {
    let folder = Scratch.unused()
    let command = try Command(
      "synth", folder.path, "--format", "mkv", "--tiny", "--cameras", "2", "--frames", "2",
      "--no-truth", "-q")
    #expect(command.status == 0, "\(command.errors)")
    let reader = try RecordingFormats.open(folder)
    #expect(reader.take.cameras.map(\.color?.width) == [1280, 1280])
    for camera in 0..<2 {
      #expect(reader.samples(camera: camera, kind: .depth).count == 2)
      #expect(try reader.depth(camera: camera, index: 1).height == 288)
      #expect(try reader.color(camera: camera, index: 1).height == 720)
    }
  }

  @Test func sizesThatAKinectDoesNotHaveAreRefusedBeforeAnythingIsWritten() throws {
    let folder = Scratch.unused()
    let command = try Command(
      "synth", folder.path, "--format", "mkv", "--set", "colorWidth=640")
    #expect(command.status == 2)
    #expect(
      command.errors
        == "fieldmesh: camera cam0: An Azure Kinect has no colour images of 640x720. Choose one of 1280x720, 1920x1080, 2560x1440, 2048x1536, 3840x2160, 4096x3072. The knobs are colorWidth, colorHeight, depthWidth and depthHeight.\n"
    )
    #expect(!FileManager.default.fileExists(atPath: folder.path))
  }

  @Test func aRecordingIsNotWrittenOver() throws {
    let folder = try Scratch.folder()
    let file = folder.appendingPathComponent("cam0.mkv")
    try Data("a recording".utf8).write(to: file)
    let error = #expect(throws: CaptureError.self) {
      try SyntheticTake(SyntheticRig(.tiny), folder: folder, format: .mkv, withTruth: false)
    }
    #expect(error?.what == "There is a recording already.")
    #expect(try Data(contentsOf: file) == Data("a recording".utf8))
  }
}
