public import CaptureCore
public import Foundation

/// One array in a `.npy` file: a magic, a header written as a Python dictionary, the elements.
///
/// Versions 1 to 3 are read, little-endian elements of plain number types; Fortran order is turned
/// into C order. Objects (pickles), strings, records and big-endian numbers are refused.
///
/// Source: NumPy Enhancement Proposal 1, *A Simple File Format for NumPy Arrays*.
public enum NumpyFile {
  /// Reads one array.
  ///
  /// - Parameter limit: Largest file that is read, bytes.
  /// - Throws: ``CaptureError`` `badInput` for a file that is missing or malformed, `limitExceeded`
  ///   for one beyond the limit.
  public static func read(_ url: URL, limit: Int) throws(CaptureError) -> NumpyArray {
    let bytes = [UInt8](try AtomicFile.read(url, limit: limit))
    do {
      return try decode(bytes[...])
    } catch {
      throw error.within(url.path)
    }
  }

  /// Writes one array, version 1: the same array gives the same bytes.
  /// - Throws: ``CaptureError`` as ``AtomicFile/write(_:to:)`` does.
  public static func write(_ array: NumpyArray, to url: URL) throws(CaptureError) {
    try AtomicFile.write(Data(encode(array)), to: url)
  }

  static func decode(_ bytes: ArraySlice<UInt8>) throws(CaptureError) -> NumpyArray {
    let (header, body) = try split(bytes)
    let (type, fortran, shape) = try NumpyHeader.parse(header)
    guard let count = NumpyArray.count(shape),
      !count.multipliedReportingOverflow(by: type.width).overflow,
      count * type.width == body.count
    else {
      throw CaptureError(
        .badInput,
        "An array of shape \(shape) and type \(type.rawValue) does not have \(body.count) bytes.")
    }
    let ordered =
      fortran && shape.count > 1 && count > 0 ? cOrder(body, shape, type.width)[...] : body
    return try NumpyArray(shape: shape, elements: type.elements(ordered, count: count))
  }

  /// The header's text and the elements' bytes.
  private static func split(
    _ bytes: ArraySlice<UInt8>
  ) throws(CaptureError) -> (ArraySlice<UInt8>, ArraySlice<UInt8>) {
    let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
    guard bytes.starts(with: magic) else {
      throw CaptureError(.badInput, "This is not a NumPy array: the first bytes are wrong.")
    }
    guard bytes.count >= 12 else { throw truncated }
    let at = bytes.startIndex
    let version = bytes[at + 6]
    guard (1...3).contains(version) else {
      throw CaptureError(.badInput, "Version \(version) of NumPy's file format is not known.")
    }
    let lengthBytes = version == 1 ? 2 : 4
    let length = (0..<lengthBytes).reduce(0) { $0 | Int(bytes[at + 8 + $1]) << (8 * $1) }
    let start = at + 8 + lengthBytes
    guard length <= bytes.endIndex - start else { throw truncated }
    return (bytes[start..<start + length], bytes[(start + length)...])
  }

  private static var truncated: CaptureError {
    CaptureError(.badInput, "A NumPy array ends within its header.")
  }

  /// Elements in Fortran order (first index fastest) put into C order.
  private static func cOrder(_ body: ArraySlice<UInt8>, _ shape: [Int], _ width: Int) -> [UInt8] {
    var strides = [Int](repeating: width, count: shape.count)
    for axis in 1..<shape.count { strides[axis] = strides[axis - 1] * shape[axis - 1] }
    return [UInt8](unsafeUninitializedCapacity: body.count) { out, filled in
      body.withUnsafeBufferPointer { from in
        var index = [Int](repeating: 0, count: shape.count)
        var source = 0
        for target in stride(from: 0, to: from.count, by: width) {
          for byte in 0..<width { out[target + byte] = from[source + byte] }
          for axis in stride(from: shape.count - 1, through: 0, by: -1) {
            index[axis] += 1
            source += strides[axis]
            if index[axis] < shape[axis] { break }
            source -= index[axis] * strides[axis]
            index[axis] = 0
          }
        }
      }
      filled = body.count
    }
  }

  static func encode(_ array: NumpyArray) -> [UInt8] {
    let type = NumpyType(array.elements)
    let lengths = array.shape.map(String.init).joined(separator: ", ")
    let tuple = array.shape.count == 1 ? "(\(lengths),)" : "(\(lengths))"
    var header = "{'descr': '\(type.rawValue)', 'fortran_order': False, 'shape': \(tuple), }"
    // The elements start at a multiple of 64 bytes, so that readers can map them.
    let padding = (64 - (10 + header.utf8.count + 1) % 64) % 64
    header += String(repeating: " ", count: padding) + "\n"
    let length = header.utf8.count
    var bytes: [UInt8] = [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(length & 255)]
    bytes.append(UInt8(length >> 8))
    bytes += Array(header.utf8)
    type.append(array.elements, to: &bytes)
    return bytes
  }
}
