import CaptureCore
import Foundation
import Recordings
import Testing

@Suite struct RecordingFormatsTests {
  @Test func nothingThereIsNamed() {
    let error = #expect(throws: CaptureError.self) {
      try RecordingFormats.open(URL(fileURLWithPath: "/no/such/take"))
    }
    #expect(error?.description == "/no/such/take: There is no such file or folder.")
  }

  @Test func namesAndSignaturesDiffer() {
    let all = BuiltinRecordingFormats.all
    #expect(Set(all.map { $0.name }).count == all.count)
    #expect(Set(all.map { $0.signature }).count == all.count)
  }
}
