import CaptureCore
import CaptureTestSupport
import Foundation
import NumpyFiles
import SurfaceMetrics
import Testing

@Suite struct TruthPlacesTests {
  let url = Scratch.unused("arrays.npz")

  func array(_ shape: [Int], _ value: Float = 1) throws -> NumpyArray {
    try NumpyArray(
      shape: shape, elements: .float32([Float](repeating: value, count: shape.reduce(1, *))))
  }

  @Test func theFramesOfAFileAreRead() throws {
    let points = try NumpyArray(shape: [2, 1, 3], elements: .float32([1, 2, 3, 4, 5, 6]))
    let seen = try NumpyArray(shape: [2, 1], elements: .bool([true, false]))
    try NumpyArchive.write(
      [("points", points), ("normals", try array([2, 1, 3])), ("seen", seen)], to: url)
    let places = try TruthPlaces.read(url)
    #expect(places.frames.map(\.points) == [[SIMD3(1, 2, 3)], [SIMD3(4, 5, 6)]])
    #expect(places.frames.map(\.seen) == [[true], [false]])
  }

  @Test func aFileWithoutAnArrayIsRefused() throws {
    try NumpyArchive.write([("points", try array([2, 1, 3]))], to: url)
    let error = #expect(throws: CaptureError.self) { try TruthPlaces.read(url) }
    #expect(
      error?.description
        == "\(url.path): The true places need the arrays 'points', 'normals' and 'seen'.")
  }

  @Test func shapesThatDoNotBelongTogetherAreRefused() throws {
    try NumpyArchive.write(
      [
        ("points", try array([2, 4, 3])), ("normals", try array([2, 4, 3])),
        ("seen", try array([2, 3])),
      ], to: url)
    let error = #expect(throws: CaptureError.self) { try TruthPlaces.read(url) }
    #expect(error?.what == "The true places have the shapes [2, 4, 3], [2, 4, 3] and [2, 3].")
  }

  @Test func numbersThatAreNotFiniteAreRefused() throws {
    try NumpyArchive.write(
      [
        ("points", try array([1, 1, 3], .nan)), ("normals", try array([1, 1, 3])),
        ("seen", try array([1, 1])),
      ], to: url)
    let error = #expect(throws: CaptureError.self) { try TruthPlaces.read(url) }
    #expect(error?.what == "The true places hold a number that is not finite.")
  }
}
