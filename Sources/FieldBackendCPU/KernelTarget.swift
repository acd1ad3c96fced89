internal import CFieldKernels
public import CaptureCore
internal import Foundation

/// The instruction set that the kernels run on.
public struct KernelTarget: @unchecked Sendable {
  // Points at an immutable table of functions that lives as long as the program.
  let kernels: UnsafePointer<cfk_kernels>
  /// `avx512bf16`, `avx512`, `avx2` or `generic`.
  public let name: String

  private init?(_ name: String) {
    guard let kernels = cfk_kernels_named(name) else { return nil }
    (self.kernels, self.name) = (kernels, name)
  }

  /// Names of all targets this program was built with, best first.
  public static var allNames: [String] {
    var names: [String] = []
    guard var next = cfk_kernel_names() else { return [] }
    while let name = next.pointee {
      names.append(String(cString: name))
      next += 1
    }
    return names
  }

  /// Targets that this processor can run, best first.
  public static var supported: [KernelTarget] { allNames.compactMap { KernelTarget($0) } }

  /// The best target, or the one that `FIELDMESH_FORCE_TARGET` names.
  /// - Throws: ``CaptureError`` `usage` when the variable names a target that cannot run here.
  public static func choose(
    environment: [String: String]? = nil
  ) throws(CaptureError) -> KernelTarget {
    let environment = environment ?? ProcessInfo.processInfo.environment
    let usable = supported
    guard let wanted = environment["FIELDMESH_FORCE_TARGET"], !wanted.isEmpty else {
      guard let best = usable.first else {
        throw CaptureError(.usage, "No kernel target runs on this processor.")
      }
      return best
    }
    guard let target = usable.first(where: { $0.name == wanted }) else {
      throw CaptureError(
        .usage, "The kernel target '\(wanted)' does not run here.", at: "FIELDMESH_FORCE_TARGET",
        remedy: "Choose one of: \(usable.map(\.name).joined(separator: ", ")).")
    }
    return target
  }

  /// Floating-point operations a second that a core does at best while so many work: multiply-adds in registers
  /// alone. Takes some hundredths of a second.
  public func measuredPeak(threads: Int) -> Double {
    let rates = concurrentValues(threads, threads: threads) { _ in
      let start = DispatchTime.now().uptimeNanoseconds
      let operations = kernels.pointee.peak(4_000_000)
      return operations / Double(DispatchTime.now().uptimeNanoseconds - start) * 1e9
    }
    return rates.reduce(0, +) / Double(threads)
  }
}
