import CaptureCore
import FieldBackendCPU
import Foundation
import NeuralFields

/// What can run fields; the only place of the command that names one.
enum Backends {
  /// The backend of this machine with so many threads.
  /// - Throws: ``CaptureError`` `usage` when a kernel target is forced that cannot run here.
  static func choose(threads: Int) throws(CaptureError) -> any FieldBackend {
    CPUBackend(target: try KernelTarget.choose(), threads: threads)
  }
}
