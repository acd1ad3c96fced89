import CaptureCore
import CaptureTestSupport
import Foundation
import Testing

@Suite struct AtomicFileTests {
  @Test(
    "A copy has the same bytes, in pieces, and is a file of its own", arguments: [0, 1, 2_500_001])
  func copy(_ size: Int) throws {
    let folder = try Scratch.folder()
    let (source, target) = (
      folder.appendingPathComponent("a"), folder.appendingPathComponent("b")
    )
    let data = Data((0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) })
    try data.write(to: source)
    try Data("an older one".utf8).write(to: target)
    try AtomicFile.copy(source, to: target)
    #expect(try Data(contentsOf: target) == data)
    try Data("changed".utf8).write(to: target)
    #expect(try Data(contentsOf: source) == data)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).count == 2)
  }

  @Test("A copy of what cannot be read leaves what was there")
  func unreadable() throws {
    let folder = try Scratch.folder()
    let target = folder.appendingPathComponent("b")
    try Data("old".utf8).write(to: target)
    for source in [folder.appendingPathComponent("none"), folder] {
      let error = #expect(throws: CaptureError.self) { try AtomicFile.copy(source, to: target) }
      #expect(error?.code == .badInput && error?.place == source.path)
    }
    #expect(try Data(contentsOf: target) == Data("old".utf8))
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["b"])
  }
}
