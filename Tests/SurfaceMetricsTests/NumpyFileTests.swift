import CaptureCore
import CaptureTestSupport
import Foundation
import NumpyFiles
import Testing

@Suite struct NumpyFileTests {
  let url = Scratch.unused("array.npy")

  func npy(_ header: String, body: [UInt8] = [], version: UInt8 = 1) -> Data {
    let text = Array(header.utf8)
    let length = [UInt8(text.count & 255), UInt8(text.count >> 8)] + (version > 1 ? [0, 0] : [])
    return Data([0x93] + Array("NUMPY".utf8) + [version, 0] + length + text + body)
  }

  func read(_ data: Data) throws -> NumpyArray {
    try data.write(to: url)
    return try NumpyFile.read(url, limit: 1 << 20)
  }

  func refusal(_ data: Data) -> String? {
    #expect(throws: CaptureError.self) { try read(data) }?.what
  }

  @Test func theBytesAreThoseOfNumPy() throws {
    try NumpyFile.write(NumpyArray(shape: [2], elements: .int16([1, -1])), to: url)
    let bytes = try Data(contentsOf: url)
    let header = "{'descr': '<i2', 'fortran_order': False, 'shape': (2,), }"
    let padded = header.padding(toLength: 117, withPad: " ", startingAt: 0) + "\n"
    #expect(bytes == npy(padded, body: [1, 0, 255, 255]))
  }

  @Test(arguments: [1, 2, 3]) func everyVersionIsRead(_ version: UInt8) throws {
    let header = "{'shape':(1,2,),\"descr\" : '|u1', 'fortran_order': False}\n"
    let array = try read(npy(header, body: [5, 6], version: version))
    #expect(try array == NumpyArray(shape: [1, 2], elements: .uint8([5, 6])))
  }

  @Test func fortranOrderIsTurned() throws {
    let header = "{'descr': '<i2', 'fortran_order': True, 'shape': (2, 3, 2), }"
    // Element (i, j, k) holds 100 i + 10 j + k; on disk i runs fastest.
    var body: [UInt8] = []
    for k in 0..<2 {
      for j in 0..<3 {
        for i in 0..<2 { body += [UInt8(100 * i + 10 * j + k), 0] }
      }
    }
    #expect(
      try read(npy(header, body: body)).doubles()
        == [0, 1, 10, 11, 20, 21, 100, 101, 110, 111, 120, 121])
  }

  @Test func lengthsOfAnEmptyArrayAreNotMultiplied() throws {
    let header = "{'descr': '<i2', 'fortran_order': True, 'shape': (4611686018427387904, 0), }"
    #expect(try read(npy(header)).shape == [4_611_686_018_427_387_904, 0])
  }

  @Test func everyTruncatedPrefixIsRefused() throws {
    try NumpyFile.write(NumpyArray(shape: [2], elements: .float64([1, -1])), to: url)
    let whole = try Data(contentsOf: url)
    for length in 0..<whole.count {
      #expect(refusal(whole.prefix(length)) != nil, "\(length) bytes")
    }
    #expect(refusal(whole + [0]) == "An array of shape [2] and type <f8 does not have 17 bytes.")
  }

  @Test(arguments: [
    "4611686018427387904, 4", "9223372036854775807", "2305843009213693952",
    "9223372036854775807, 9223372036854775807, 0",
  ])
  func hugeCountsTakeNoMemory(_ shape: String) {
    let header = "{'descr': '<f8', 'fortran_order': False, 'shape': (\(shape),), }"
    #expect(refusal(npy(header, body: [0])) != nil)
  }

  @Test(arguments: [
    "", "{", "}", "{'descr'}", "{'descr': '<f4'}", "{'descr': '<f4', 'descr': '<f4'}",
    "{'descr': '<f4', 'fortran_order': 0, 'shape': (1,)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} x",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}",
    "{'descr': '<f4, 'fortran_order': False, 'shape': (1,)}",
  ])
  func aMalformedHeaderIsRefused(_ header: String) {
    #expect(
      refusal(npy(header, body: [0, 0, 0, 0])) == "The header of a NumPy array is malformed.")
  }

  @Test(arguments: [
    (">f4", "Elements of the type '>f4' are not read."),
    ("|O", "Elements of the type '|O' are not read."),
  ])
  func otherTypesAreRefused(_ type: String, _ text: String) {
    let header = "{'descr': '\(type)', 'fortran_order': False, 'shape': (1,), }"
    #expect(refusal(npy(header, body: [0, 0, 0, 0])) == text)
  }

  @Test func recordsAreRefused() {
    let header = "{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (1,), }"
    #expect(
      refusal(npy(header, body: [0, 0, 0, 0])) == "The array holds records, which are not read.")
  }

  @Test func tooManyAxesAreRefused() {
    let shape = String(repeating: "1, ", count: 33)
    let header = "{'descr': '|u1', 'fortran_order': False, 'shape': (\(shape)), }"
    #expect(refusal(npy(header, body: [0])) == "An array has more than 32 axes.")
  }
}
