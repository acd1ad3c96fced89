import CaptureTestSupport
import Foundation
import Synchronization
import Testing

@testable import BatchEngine

@Suite struct ChildProcessTests {
  private let shell = URL(fileURLWithPath: "/bin/sh")

  /// Starts a shell, does something, and waits for the end.
  private func end(
    of script: String, _ meanwhile: (ChildProcess) -> Void = { _ in }
  ) throws -> (process: ChildProcess, end: ChildProcess.End?) {
    let found = Mutex<ChildProcess.End?>(nil)
    let signal = DispatchSemaphore(value: 0)
    let process = try ChildProcess(
      shell, ["-c", script], output: Scratch.unused("log"),
      whenOver: { end in
        found.withLock { $0 = end }
        signal.signal()
      })
    meanwhile(process)
    signal.wait()
    return (process, found.withLock { $0 })
  }

  @Test("A worker is asked to stop")
  func interrupted() throws {
    let (_, end) = try end(of: "exec sleep 60") { #expect($0.interrupt()) }
    #expect(end == .signal(SIGINT))
  }

  @Test("One that has ended is not: its number may be another's by then")
  func ended() throws {
    let (process, end) = try end(of: "exit 7")
    #expect(end == .exit(7))
    #expect(!process.interrupt())
    #expect(kill(process.id, 0) != 0 && errno == ESRCH)
  }
}
