internal import Calibration
internal import CalibrationTargets
internal import CaptureCore
internal import CapturePipeline
internal import FieldBackendCPU
internal import FieldTraining
internal import Foundation
internal import ImageFiles
internal import MeshExport
internal import NeuralFields
internal import NumpyFiles

extension FuzzTarget {
  static let json = FuzzTarget("json") {
    [Data(#"{"a": [1, -2.5e3, "\u00e9\ud83d\ude00\n", null, true], "b": {"c": {}}}"#.utf8)]
  } run: {
    { data in
      let value = try JSONValue(parsing: data)
      // What is read is written so that the same is read again.
      let again = try JSONValue(parsing: Data(value.text.utf8))
      precondition(again == value, "a document changes when it is written")
    }
  }

  static let npy = FuzzTarget("npy") {
    try arrays.map { array in try written("a.npy") { try NumpyFile.write(array, to: $0) } }
      + [emptyFortranArray]
  } run: {
    reading("a.npy") { _ = try NumpyFile.read($0, limit: 1 << 24).doubles() }
  }

  static let npz = FuzzTarget("npz") {
    let named = zip(["a", "b", "c"], try arrays).map { (name: $0, array: $1) }
    return [try written("a.npz") { try NumpyArchive.write(named, to: $0) }]
  } run: {
    reading("a.npz") { _ = try NumpyArchive.read($0, limit: 1 << 24) }
  }

  /// An array without elements whose first length is close to what a number can hold.
  private static var emptyFortranArray: Data {
    let header = "{'descr': '<i2', 'fortran_order': True, 'shape': (4611686018427387904, 0), }\n"
    return Data([0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.utf8.count), 0])
      + Data(header.utf8)
  }

  private static var arrays: [NumpyArray] {
    get throws {
      [
        try NumpyArray(shape: [2, 3], elements: .float64([1, 2, 3, 4, 5, .nan])),
        try NumpyArray(shape: [4], elements: .float32([1, 2, 3, 4])),
        try NumpyArray(shape: [], elements: .float64([7])),
      ]
    }
  }

  static let colorImage = FuzzTarget("color-image") {
    let image = try ColorImage(
      width: 9, height: 5, pixels: (0..<135).map { UInt8(truncatingIfNeeded: $0 * 7) })
    return [
      try written("a.png") { try ImageFile.writePNG(image, to: $0) },
      try written("a.jpg") { try ImageFile.writeJPEG(image, quality: 80, to: $0) },
    ]
  } run: {
    reading("a.jpg") { url in
      let size = try ImageFile.size(at: url)
      // The stated limit is 16384 a side; what is larger than this takes too long to try.
      guard size.width * size.height <= 1 << 20 else { return }
      _ = try ImageFile.color(at: url)
    }
  }

  static let depthImage = FuzzTarget("depth-image") {
    let depth = try DepthImage(
      width: 9, height: 5, samples: (0..<45).map { UInt16($0 * 1000) }, unit: 0.001)
    let mask = try MaskImage(width: 9, height: 5, samples: (0..<45).map { UInt8($0) })
    return [
      try written("a.png") { try ImageFile.writePNG(depth, to: $0) },
      try written("a.png") { try ImageFile.writePNG(mask, to: $0) },
    ]
  } run: {
    reading("a.png") { url in
      let size = try ImageFile.size(at: url)
      guard size.width * size.height <= 1 << 20 else { return }
      do throws(CaptureError) { _ = try ImageFile.mask(at: url) } catch {
        _ = try ImageFile.depth(at: url, unit: 0.001)
      }
    }
  }

  private static var mesh: TriangleMesh {
    var mesh = TriangleMesh()
    mesh.positions = [SIMD3(0, 0, 0), SIMD3(1, 0, 0), SIMD3(0, 1, 0), SIMD3(0, 0, 1)]
    mesh.normals = [SIMD3(0, 0, 1), SIMD3(1, 0, 0), SIMD3(0, 1, 0), SIMD3(0, 0, 1)]
    mesh.colors = [SIMD3(1, 2, 3), SIMD3(4, 5, 6), SIMD3(7, 8, 9), SIMD3(255, 0, 255)]
    mesh.triangles = [SIMD3(0, 1, 2), SIMD3(0, 2, 3)]
    return mesh
  }

  static let ply = FuzzTarget("ply") {
    [
      try written("a.ply") { try PLYWriter().write(mesh, to: $0) },
      Data(
        """
        ply
        format ascii 1.0
        element vertex 3
        property float x
        property float y
        property float z
        element face 1
        property list uchar int vertex_indices
        end_header
        0 0 0
        1 0 0
        0 1 0
        3 0 1 2

        """.utf8),
    ]
  } run: {
    { _ = try PLYReader.decode($0) }
  }

  static let obj = FuzzTarget("obj") {
    [
      try written("a.obj") { try OBJWriter().write(mesh, to: $0) },
      Data("v 1 2 3\nf 1/1/1 -1 1\n".utf8),
    ]
  } run: {
    { _ = try OBJReader.decode($0) }
  }

  /// Fields and checkpoints; the checksum is made to fit, or nothing behind it would be reached.
  static let parameters = FuzzTarget("parameters") {
    let field = BuiltinFields.standard(
      FieldSize(width: 4, depth: 2, rank: 1, bands: 1), capacity: 2)
    let description = String(decoding: try JSONEncoder().encode(field), as: UTF8.self)
    let header = Data(
      """
      {"bandWeights":[1],"field":\(description),"space":{"center":[0,0,0],"scale":1,"times":[0,1]}}
      """.utf8)
    let size = withUnsafeBytes(of: UInt64(header.count).littleEndian) { Data($0) }
    let numbers = Data(count: 4 * (try ParameterLayout(field).count))
    return [Data("FMFIELD1".utf8) + Data(count: 8) + size + header + numbers]
  } run: {
    let folder = FuzzFolder.file("field")
    try AtomicFile.makeFolder(folder)
    let backend = CPUBackend(target: try KernelTarget.choose(), threads: 1)
    return { data in
      var data = data
      if data.count >= 24 {
        let checksum = data.dropFirst(16).withUnsafeBytes(Checksum.of)
        withUnsafeBytes(of: checksum.littleEndian) {
          data.replaceSubrange(data.startIndex + 8..<data.startIndex + 16, with: $0)
        }
      }
      try data.write(to: folder.appendingPathComponent("field.fmf"))
      _ = try TrainedField.load(folder: folder, backend: backend)
    }
  }

  static let manifest = FuzzTarget("manifest") {
    let folder = FuzzFolder.file("manifest")
    try AtomicFile.makeFolder(folder)
    defer { try? FileManager.default.removeItem(at: folder) }
    let frame = SequenceManifest.Frame(
      index: 3, time: 1.5, file: "frame_000003.ply", mesh: mesh, sha256: "ab")
    try SequenceManifest(framesPerSecond: 30, frames: [frame]).write(toFolder: folder)
    return [try Data(contentsOf: folder.appendingPathComponent(SequenceManifest.fileName))]
  } run: {
    let folder = FuzzFolder.file("manifest")
    try AtomicFile.makeFolder(folder)
    return { data in
      try data.write(to: folder.appendingPathComponent(SequenceManifest.fileName))
      _ = try SequenceManifest.read(fromFolder: folder)
    }
  }

  static let rig = FuzzTarget("rig") {
    [
      Data(
        """
        {"format": "fieldmesh-rig", "version": 1, "name": "r", "setup": "s", "framesPerSecond": 30,
         "cameras": [{"id": "a", "model": "m", "sync": {"mode": "master", "delay": 0},
                      "color": {"width": 4, "height": 3},
                      "depth": {"width": 4, "height": 3, "range": [0.5, 4]}}]}
        """.utf8)
    ]
  } run: {
    reading("rig.json") { _ = try RigDescription(file: $0) }
  }

  static let configuration = FuzzTarget("config") {
    [
      Data(try JobConfiguration().text().utf8),
      Data(#"{"method": "tsdf", "frames": {"first": 2}, "export": {"formats": ["obj"]}}"#.utf8),
    ]
  } run: {
    reading("job.json") { _ = try JobConfiguration().reading($0).text() }
  }

  static let target = FuzzTarget("target") {
    [
      Data(
        """
        {"format": "fieldmesh-target", "version": 1, "name": "t", "kind": "charuco", "columns": 3,
         "rows": 4, "square": 0.04, "marker": 0.03, "topLeft": "black",
         "dictionary": "aruco-4x4-50", "firstID": 2}
        """.utf8),
      Data(
        """
        {"format": "fieldmesh-target", "version": 1, "name": "t", "kind": "aprilgrid", "columns": 2,
         "rows": 1, "tag": 0.04, "gap": 0.01, "cornerSquares": true, "dictionary": "tag36h11"}
        """.utf8),
    ]
  } run: {
    reading("target.json") { _ = TargetDrawing(try CalibrationTarget(file: $0)).svg }
  }

  static func written(_ name: String, _ write: (URL) throws -> Void) throws -> Data {
    let url = FuzzFolder.file(name)
    defer { try? FileManager.default.removeItem(at: url) }
    try write(url)
    return try Data(contentsOf: url)
  }

  static func reading(
    _ name: String, _ read: @escaping (URL) throws -> Void
  ) -> (Data) throws -> Void {
    let url = FuzzFolder.file(name)
    return { data in
      try data.write(to: url)
      try read(url)
    }
  }
}
