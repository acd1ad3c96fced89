public import CaptureCore
public import Foundation

/// Reads meshes from PLY files, binary little-endian or ascii.
///
/// Takes positions (`x y z`), normals (`nx ny nz`), colours (`red green blue`, uchar), `confidence`
/// and faces; polygons become fans of triangles; what else a file holds is skipped. A file that ends too
/// early, goes on too long, or refers to vertices it does not have is refused.
public enum PLYReader: MeshReader {
  /// The extension of its files.
  public static let fileExtension = "ply"

  /// Reads the bytes of a file.
  /// - Throws: ``CaptureError`` `badInput`.
  public static func decode(_ data: Data) throws(CaptureError) -> TriangleMesh {
    let header = try PLYHeader(data)
    let result = data.withUnsafeBytes { bytes -> Result<TriangleMesh, CaptureError> in
      let body = UnsafeRawBufferPointer(rebasing: bytes.dropFirst(header.bodyOffset))
      do throws(CaptureError) {
        switch header.encoding {
        case .ascii: return .success(try mesh(header, PLYTextCursor(body)))
        case .littleEndian: return .success(try mesh(header, PLYBinaryCursor(body)))
        }
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }

  private static func mesh<Cursor: PLYCursor>(
    _ header: PLYHeader, _ start: Cursor
  ) throws(CaptureError) -> TriangleMesh {
    var mesh = TriangleMesh()
    var cursor = start
    for element in header.elements {
      switch element.name {
      case "vertex": try readVertices(element, &cursor, into: &mesh)
      case "face": try readFaces(element, &cursor, into: &mesh)
      default: for _ in 0..<element.count { try skip(element.properties[...], &cursor) }
      }
    }
    guard cursor.isAtEnd else {
      throw CaptureError(.badInput, "The PLY file goes on after its last element.")
    }
    let count = mesh.positions.count
    guard mesh.triangles.allSatisfy({ Int($0.max()) < count }) else {
      throw CaptureError(.badInput, "A face refers to a vertex beyond the file's \(count).")
    }
    return mesh
  }

  private static func readVertices<Cursor: PLYCursor>(
    _ element: PLYHeader.Element, _ cursor: inout Cursor, into mesh: inout TriangleMesh
  ) throws(CaptureError) {
    let layout = try VertexLayout(element)
    mesh.positions.reserveCapacity(element.count)
    if layout.hasNormals { mesh.normals.reserveCapacity(element.count) }
    if layout.hasColors { mesh.colors.reserveCapacity(element.count) }
    if layout.hasConfidence { mesh.confidence.reserveCapacity(element.count) }
    var values = [Double](repeating: 0, count: VertexLayout.names.count)
    for _ in 0..<element.count {
      for (property, slot) in zip(element.properties, layout.slots) {
        if let slot {
          values[slot] = try cursor.next(property.scalar)
        } else {
          try skip([property], &cursor)
        }
      }
      let p = SIMD3(Float(values[0]), Float(values[1]), Float(values[2]))
      let n = SIMD3(Float(values[3]), Float(values[4]), Float(values[5]))
      let confidence = Float(values[9])
      guard (p * 0 + n * 0) == .zero, confidence.isFinite else {
        throw CaptureError(.badInput, "A vertex has a number that is not finite.")
      }
      mesh.positions.append(p)
      if layout.hasNormals { mesh.normals.append(n) }
      if layout.hasConfidence { mesh.confidence.append(confidence) }
      if layout.hasColors {
        guard let r = UInt8(exactly: values[6]), let g = UInt8(exactly: values[7]),
          let b = UInt8(exactly: values[8])
        else { throw CaptureError(.badInput, "A vertex has a colour beyond 0...255.") }
        mesh.colors.append(SIMD3(r, g, b))
      }
    }
  }

  private static func readFaces<Cursor: PLYCursor>(
    _ element: PLYHeader.Element, _ cursor: inout Cursor, into mesh: inout TriangleMesh
  ) throws(CaptureError) {
    guard
      let at = element.properties.firstIndex(where: {
        $0.listCount != nil && ($0.name == "vertex_indices" || $0.name == "vertex_index")
      }), let countType = element.properties[at].listCount
    else { throw CaptureError(.badInput, "The PLY file's faces have no list of vertices.") }
    let type = element.properties[at].scalar
    mesh.triangles.reserveCapacity(element.count)
    for _ in 0..<element.count {
      try skip(element.properties[..<at], &cursor)
      let corners = try length(&cursor, countType)
      guard corners >= 3 else {
        throw CaptureError(.badInput, "A face has fewer than three corners.")
      }
      let first = try index(&cursor, type)
      var previous = try index(&cursor, type)
      for _ in 2..<corners {
        let next = try index(&cursor, type)
        mesh.triangles.append(SIMD3(first, previous, next))
        previous = next
      }
      try skip(element.properties[(at + 1)...], &cursor)
    }
  }

  private static func index<Cursor: PLYCursor>(
    _ cursor: inout Cursor, _ type: PLYHeader.Scalar
  ) throws(CaptureError) -> UInt32 {
    let value = try cursor.next(type)
    guard let index = UInt32(exactly: value) else {
      throw CaptureError(.badInput, "A face has a corner that is no index.")
    }
    return index
  }

  /// A list's length; one that the file cannot hold ends at the file's end, without taking memory.
  private static func length<Cursor: PLYCursor>(
    _ cursor: inout Cursor, _ type: PLYHeader.Scalar
  ) throws(CaptureError) -> Int {
    guard let count = UInt32(exactly: try cursor.next(type)) else {
      throw CaptureError(.badInput, "A list in the PLY file has a length that makes no sense.")
    }
    return Int(count)
  }

  private static func skip<Cursor: PLYCursor>(
    _ properties: ArraySlice<PLYHeader.Property>, _ cursor: inout Cursor
  ) throws(CaptureError) {
    for property in properties {
      var count = 1
      if let type = property.listCount { count = try length(&cursor, type) }
      for _ in 0..<count { _ = try cursor.next(property.scalar) }
    }
  }
}

/// Which of a vertex's numbers mean what.
private struct VertexLayout {
  static let names = ["x", "y", "z", "nx", "ny", "nz", "red", "green", "blue", "confidence"]

  /// For each property, its place in ``names``; nil for those that are skipped.
  var slots: [Int?]
  var hasNormals: Bool
  var hasColors: Bool
  var hasConfidence: Bool

  init(_ element: PLYHeader.Element) throws(CaptureError) {
    slots = element.properties.map { property in
      guard property.listCount == nil, let slot = Self.names.firstIndex(of: property.name) else {
        return nil
      }
      return !(6..<9).contains(slot) || property.scalar == .uint8 ? slot : nil
    }
    let found = Set(slots.compactMap { $0 })
    guard found.isSuperset(of: 0..<3) else {
      throw CaptureError(.badInput, "The PLY file's vertices lack x, y or z.")
    }
    (hasNormals, hasColors) = (found.isSuperset(of: 3..<6), found.isSuperset(of: 6..<9))
    hasConfidence = found.contains(9)
    // Half a normal means nothing, and must not be read as one.
    slots = slots.map { [hasNormals, hasColors] in
      guard let slot = $0 else { return nil }
      return !(3..<9).contains(slot) || (slot < 6 ? hasNormals : hasColors) ? slot : nil
    }
  }
}
