import CaptureCore
import CaptureTestSupport
import Foundation
import RecordingFixtures
import Testing

@testable import Recordings

@Suite struct RecordingFormatsTests {
  /// Tests of formats loop over the fixtures.
  @Test func everyFormatHasAFixture() {
    #expect(
      RecordingFixture.all.map(\.format).sorted()
        == BuiltinRecordingFormats.all.map { $0.name }.sorted())
  }

  @Test(arguments: RecordingFixture.all.indices)
  func everyFormatKeepsTheReadersPromises(_ index: Int) throws {
    let fixture = RecordingFixture.all[index]
    let url = try fixture.write()
    #expect(BuiltinRecordingFormats.all.filter { $0.recognizes(url) }.count == 1)
    let reader = try RecordingFormats.open(url)
    #expect(reader.format == fixture.format && reader.warnings == [])
    let ids = reader.take.cameras.map(\.id)
    #expect(Set(ids).count == ids.count && !ids.isEmpty)
    #expect(reader.calibration.map { Set($0.rigFromColor.keys) == Set(ids) } ?? true)
    for (camera, description) in reader.take.cameras.enumerated() {
      for kind in StreamKind.allCases {
        let times = reader.samples(camera: camera, kind: kind).map(\.time)
        #expect(times == times.sorted())
        let error = #expect(throws: CaptureError.self) {
          try read(reader, camera, times.count, kind)
        }
        #expect(
          error?.description
            == "camera \(description.id), \(kind.rawValue) frame \(times.count): There is no such image; the stream has \(times.count)."
        )
        let model = kind == .depth ? description.depth : description.color
        for frame in times.indices {
          let size = try read(reader, camera, frame, kind)
          #expect(model.map { size == [$0.width, $0.height] } ?? false)
        }
      }
      #expect(reader.samples(camera: ids.count, kind: .depth).isEmpty)
    }
  }

  @Test func timesInAnotherUnitAreNamed() throws {
    let take = try TinyTake()
    let list = (0..<3).map { "\(1 + 1e-4 * Double($0)) cam1/depth/00000\($0).png\n" }.joined()
    try Data(list.utf8).write(to: take.url("cam1/depth.txt"))
    let error = #expect(throws: CaptureError.self) { try RecordingFormats.open(take.folder) }
    #expect(error?.place == take.folder.path)
    #expect(error?.what.hasPrefix("The depth images of camera cam1 are ") == true)
    #expect(error?.remedy == "Times are in seconds; write them so.")
  }

  @Test func aCameraWithoutIntrinsicsIsNamed() throws {
    let fixture = try #require(
      RecordingFixture.all.first {
        $0.format == PlainFoldersReader.name && $0.source.cameras.count > 1
      })
    let url = try fixture.write()
    let whole = try RecordingFormats.open(url)
    let lost = whole.take.cameras[1].id
    let file = try #require(LensFile.find(in: url.appendingPathComponent(lost)))
    try FileManager.default.removeItem(at: file)
    let rest = try RecordingFormats.open(url)
    #expect(rest.take.cameras.count == whole.take.cameras.count - 1)
    #expect(
      rest.warnings == [
        "The folder \(lost) holds images, but no file of intrinsics: it is not used."
      ])
  }

  /// Cameras, places, times, and pixels are those that were recorded.
  @Test(arguments: RecordingFixture.all.indices)
  func everyFormatReadsWhatWasWritten(_ index: Int) throws {
    let fixture = RecordingFixture.all[index]
    let url = try fixture.write()
    let reader = try RecordingFormats.open(url)
    #expect(reader.take.framesPerSecond == fixture.framesPerSecond)
    #expect(reader.take.cameras.map(\.id) == fixture.source.cameras.map(\.id))
    #expect((reader.calibration != nil) == fixture.hasPlaces)
    for (camera, recorded) in fixture.source.cameras.enumerated() {
      let found = reader.take.cameras[camera]
      try expectSame(try #require(found.color), recorded.color)
      try expectSame(try #require(found.depth), recorded.depth)
      #expect(found.colorFromDepth.isNear(recorded.colorFromDepth, meters: 1e-6, degrees: 0.01))
      if let calibration = reader.calibration {
        let place = calibration.worldFromRig * (try #require(calibration.rigFromColor[found.id]))
        #expect(place.isNear(recorded.worldFromColor, meters: 1e-6, degrees: 0.01))
      }
      for kind in [StreamKind.depth, .color] {
        let times = reader.samples(camera: camera, kind: kind).map(\.time)
        #expect(times.count == FixtureSource.times.count)
        #expect(zip(times, FixtureSource.times).allSatisfy { abs($0 - $1) < 1e-6 })
      }
      for frame in [0, FixtureSource.times.count - 1] {
        let color = try reader.color(camera: camera, index: frame)
        let expected = recorded.colors[frame].pixels
        #expect(color.pixels.count == expected.count)
        // Of a large image, 50,000 numbers tell.
        let errors = stride(from: 0, to: expected.count, by: 1 + expected.count / 50_000)
          .map { abs(Int(color.pixels[$0]) - Int(expected[$0])) }
        #expect(errors.reduce(0, +) <= fixture.colorError * errors.count)
        let depth = try reader.depth(camera: camera, index: frame)
        let steps = depth.unit / recorded.depths[frame].unit
        #expect(
          zip(depth.samples, recorded.depths[frame].samples).allSatisfy {
            abs(Float($0) * steps - Float($1)) < 0.01
          })
      }
    }
  }

  private func expectSame(_ a: CameraModel, _ b: CameraModel) throws {
    #expect(a.width == b.width && a.height == b.height && a.distortion == b.distortion)
    for key in [\Intrinsics.fx, \.fy, \.cx, \.cy] {
      #expect(abs(a.intrinsics[keyPath: key] - b.intrinsics[keyPath: key]) < 1e-4)
    }
  }

  /// Whatever is cut off or changed in the files that describe a recording: it opens and its images
  /// are read, or an error names the place.
  @Test(arguments: RecordingFixture.all.indices)
  func everyFormatReadsOrRefusesDamage(_ index: Int) throws {
    let fixture = RecordingFixture.all[index]
    let url = try fixture.write()
    var generator = SeededGenerator(seed: UInt64(index))
    for name in fixture.documents {
      let file = url.appendingPathComponent(name)
      let whole = try Data(contentsOf: file)
      let cut = (0..<9).map { whole.prefix(whole.count * $0 / 9) }
      let changed = (0..<12).map { _ in ByteMutator.mutate(whole, using: &generator) }
      var refused = 0
      for data in cut + changed {
        try data.write(to: file)
        do {
          let reader = try RecordingFormats.open(url)
          for camera in reader.take.cameras.indices {
            for kind in [StreamKind.depth, .color]
            where !reader.samples(camera: camera, kind: kind).isEmpty {
              _ = try read(reader, camera, 0, kind)
            }
          }
        } catch let error as CaptureError {
          refused += 1
          #expect(error.place.contains(url.path), "\(error)")
        }
      }
      #expect(refused > 0, "\(name)")
      try whole.write(to: file)
    }
  }

  /// What a reader gives survives being written as a take, which is what `ingest` does.
  @Test(arguments: RecordingFixture.all.indices)
  func everyFormatCanBeWrittenAsATake(_ index: Int) throws {
    let url = try RecordingFixture.all[index].write()
    let copy = url.appendingPathExtension("take")
    let reader = try RecordingFormats.open(url)
    let writer = try TakeWriter(folder: copy, take: reader.take, calibration: reader.calibration)
    for camera in reader.take.cameras.indices {
      for (i, sample) in reader.samples(camera: camera, kind: .depth).enumerated() {
        try writer.write(
          reader.depth(camera: camera, index: i), camera: camera, index: i, time: sample.time)
      }
      for (i, sample) in reader.samples(camera: camera, kind: .color).enumerated() {
        try writer.write(
          reader.color(camera: camera, index: i), camera: camera, index: i, time: sample.time,
          quality: nil)
      }
    }
    try writer.finish()
    let again = try RecordingFormats.open(copy)
    var take = reader.take
    for (camera, found) in again.take.cameras.enumerated() {
      // Rotations are made orthonormal when they are read.
      let written = take.cameras[camera].colorFromDepth
      #expect(found.colorFromDepth.isNear(written, meters: 1e-12, degrees: 1e-4))
      take.cameras[camera].colorFromDepth = found.colorFromDepth
    }
    #expect(again.take == take)
    for camera in reader.take.cameras.indices {
      let times = reader.samples(camera: camera, kind: .depth).map(\.time)
      #expect(again.samples(camera: camera, kind: .depth).map(\.time) == times)
      for i in times.indices {
        #expect(
          try again.depth(camera: camera, index: i) == reader.depth(camera: camera, index: i))
      }
    }
  }

  @discardableResult
  private func read(
    _ reader: any RecordingReader, _ camera: Int, _ index: Int, _ kind: StreamKind
  ) throws -> [Int] {
    switch kind {
    case .depth:
      let image = try reader.depth(camera: camera, index: index)
      return [image.width, image.height]
    case .color:
      let image = try reader.color(camera: camera, index: index)
      return [image.width, image.height]
    case .mask:
      let image = try reader.mask(camera: camera, index: index)
      return [image.width, image.height]
    }
  }

  @Test func nothingThereIsNamed() {
    let error = #expect(throws: CaptureError.self) {
      try RecordingFormats.open(URL(fileURLWithPath: "/no/such/take"))
    }
    #expect(error?.description == "/no/such/take: There is no such file or folder.")
  }

  @Test func anUnknownFolderIsToldWhatWasLookedFor() throws {
    let url = try Scratch.folder()
    let error = #expect(throws: CaptureError.self) { try RecordingFormats.open(url) }
    let formats = BuiltinRecordingFormats.all.map { "\($0.signature) (\($0.name))" }
    #expect(formats.contains("transforms.json (nerfstudio)"))
    #expect(
      error?.description
        == "\(url.path): No known recording format. Looked for \(formats.joined(separator: ", ")). Give the folder that holds one of these."
    )
  }
}
