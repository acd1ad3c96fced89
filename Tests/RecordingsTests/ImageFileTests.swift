import CaptureCore
import CaptureTestSupport
import Foundation
import ImageFiles
import Testing

@Suite struct ImageFileTests {
  let folder: URL

  init() throws { folder = try Scratch.folder() }

  @Test func depthSurvivesARoundTrip() throws {
    let image = try DepthImage(
      width: 5, height: 3, samples: (0..<15).map { UInt16($0 * 4369) }, unit: 0.001)
    let url = folder.appendingPathComponent("depth.png")
    try ImageFile.writePNG(image, to: url)
    #expect(try ImageFile.depth(at: url, unit: 0.001) == image)
  }

  @Test func colourSurvivesARoundTrip() throws {
    let image = try ColorImage(width: 4, height: 2, pixels: (0..<24).map { UInt8($0 * 10) })
    let url = folder.appendingPathComponent("color.png")
    try ImageFile.writePNG(image, to: url)
    #expect(try ImageFile.color(at: url) == image)
  }

  @Test func eightBitDepthIsRefused() throws {
    let url = folder.appendingPathComponent("depth.png")
    try ImageFile.writePNG(MaskImage(width: 2, height: 2, samples: [0, 1, 2, 3]), to: url)
    let error = #expect(throws: CaptureError.self) { try ImageFile.depth(at: url, unit: 0.001) }
    #expect(
      error?.what == "A depth image must be a 16-bit grey PNG; this is 8-bit grey PNG.")
  }

  @Test(arguments: ["png", "jpg"]) func everyTruncatedPrefixIsRefused(_ kind: String) throws {
    let image = try ColorImage(width: 16, height: 16, pixels: (0..<768).map { UInt8($0 % 251) })
    let url = folder.appendingPathComponent("whole.\(kind)")
    if kind == "png" {
      try ImageFile.writePNG(image, to: url)
    } else {
      try ImageFile.writeJPEG(image, quality: 90, to: url)
    }
    let data = try Data(contentsOf: url)
    let cut = folder.appendingPathComponent("cut.\(kind)")
    // A JPEG may do without its two-byte end marker; every shorter prefix must fail.
    for length in 0..<data.count - 2 {
      try data.prefix(length).write(to: cut)
      #expect(throws: CaptureError.self, "\(length) bytes") { try ImageFile.color(at: cut) }
    }
  }

  @Test func aFullPathIsNamedWhenTheFolderCannotBeWritten() {
    let url = URL(fileURLWithPath: "/proc/none/picture.png")
    let error = #expect(throws: CaptureError.self) {
      try AtomicFile.write(Data([1]), to: url)
    }
    #expect(error?.place == url.path)
  }
}
