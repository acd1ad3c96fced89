import CaptureCore
import CaptureTestSupport
import Foundation
import Testing

@Suite struct SHA256Tests {
  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
  ]) func standardVectorsHold(_ text: String, _ digest: String) {
    #expect(SHA256.hexDigest(of: Data(text.utf8)) == digest)
  }

  @Test func aLongMessageHolds() {
    var hash = SHA256()
    for _ in 0..<20 { hash.update(Data(repeating: 0x61, count: 50_000)) }
    #expect(
      hash.hexDigest() == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
  }

  @Test func thePiecesDoNotMatter() {
    var random = SeededGenerator(seed: 7)
    for length in [0, 1, 55, 56, 57, 63, 64, 65, 119, 120, 128, 300] {
      let bytes = Data((0..<length).map { _ in UInt8.random(in: 0...255, using: &random) })
      var hash = SHA256()
      var rest = bytes[...]
      while !rest.isEmpty {
        let piece = rest.prefix(Int.random(in: 1...70, using: &random))
        hash.update(piece)
        rest = rest.dropFirst(piece.count)
      }
      #expect(hash.hexDigest() == SHA256.hexDigest(of: bytes), "length \(length)")
    }
  }

  @Test func aFileHasTheHashOfItsBytes() throws {
    let url = Scratch.unused("file.bin")
    try Data("abc".utf8).write(to: url)
    #expect(try SHA256.hexDigest(ofFile: url) == SHA256.hexDigest(of: Data("abc".utf8)))
    #expect(throws: CaptureError.self) {
      try SHA256.hexDigest(ofFile: url.appendingPathExtension("absent"))
    }
  }
}
