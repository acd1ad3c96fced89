import CaptureCore
import Foundation
import ImageFiles
import Recordings
import Testing

@Suite struct RecordingFormatsTests {
  /// A small recording of each format; a new format without one fails the tests.
  private func sample(of format: any RecordingReader.Type) throws -> URL {
    switch format.name {
    case NativeTakeReader.name: return try TinyTake().folder
    case CameraFoldersReader.name: return try TinyCameraFolders().folder
    case AzureKinectRecording.name:
      let files = try KinectFiles()
      try files.write("left.mkv", .init(frames: 2))
      try files.write("right.mkv", .init(frames: 1, start: 0.25))
      return files.folder
    case LinkedTakeReader.name:
      let (source, link) = (try TinyTake().folder, try KinectFiles().folder)
      try LinkedTakeReader.write(
        link, sources: [source], name: "tiny", calibration: nil)
      return link
    default: throw CaptureError(.badInput, "There is no small recording of \(format.name).")
    }
  }

  @Test(arguments: BuiltinRecordingFormats.all.indices)
  func everyFormatKeepsTheReadersPromises(_ index: Int) throws {
    let format = BuiltinRecordingFormats.all[index]
    let url = try sample(of: format)
    defer { try? FileManager.default.removeItem(at: url) }
    #expect(BuiltinRecordingFormats.all.filter { $0.recognizes(url) }.count == 1)
    let reader = try RecordingFormats.open(url)
    #expect(type(of: reader) == format)
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

  /// What a reader gives survives being written as a take, which is what `ingest` does.
  @Test(arguments: BuiltinRecordingFormats.all.indices)
  func everyFormatCanBeWrittenAsATake(_ index: Int) throws {
    let url = try sample(of: BuiltinRecordingFormats.all[index])
    let copy = url.appendingPathExtension("take")
    defer {
      try? FileManager.default.removeItem(at: url)
      try? FileManager.default.removeItem(at: copy)
    }
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
    #expect(again.take == reader.take)
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
    let url = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try AtomicFile.makeFolder(url)
    defer { try? FileManager.default.removeItem(at: url) }
    let error = #expect(throws: CaptureError.self) { try RecordingFormats.open(url) }
    #expect(
      error?.description
        == "\(url.path): No known recording format. Looked for take.json (Fieldmesh take), take.json that names sources (linked take), <camera>.mkv (Azure Kinect recording), <camera>/cameras_sphere.npz (NeuS camera folders). Give the folder that holds one of these."
    )
  }
}
