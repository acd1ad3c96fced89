internal import CaptureCore
internal import Foundation
internal import NeuralFields

/// The last two states of a training on disk.
///
/// A state is found again only by a training of the same fingerprint: configuration, field and
/// observations. A damaged file is passed over for the one before it, and said.
struct CheckpointStore {
  static let magic = "FMCHECK1"

  struct Header: Codable {
    var fingerprint: String
    var step: Int
    /// Absent where poses are not refined.
    var poses: PoseState?
  }

  let folder: URL
  /// What the names begin with: other windows' checkpoints may stand in the folder.
  let prefix: String
  let fingerprint: String

  private func url(_ step: Int) -> URL {
    folder.appendingPathComponent("\(prefix)\(step.padded(to: 8)).fmc")
  }

  private func steps() -> [Int] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.compactMap { name in
      guard name.hasPrefix(prefix), name.hasSuffix(".fmc") else { return nil }
      return Int(name.dropFirst(prefix.count).dropLast(4))
    }.sorted(by: >)
  }

  func save(_ state: OptimizerState, _ poses: PoseState?) throws(CaptureError) {
    try ParameterFile.write(
      magic: Self.magic,
      header: Header(fingerprint: fingerprint, step: state.step, poses: poses),
      arrays: [state.parameters, state.firstMoment, state.secondMoment], to: url(state.step))
    for old in steps().dropFirst(2) { unlink(url(old).path) }
  }

  /// The newest usable state with `count` parameters, and the poses of so many cameras where they are
  /// refined; nil when there is none.
  func newest(
    count: Int, cameras: Int?, monitor: StageMonitor
  ) -> (state: OptimizerState, poses: PoseState?)? {
    for step in steps() {
      do {
        let file = try ParameterFile.decode(
          ParameterFile.data(at: url(step)), Header.self, magic: Self.magic, arrays: 3,
          at: url(step))
        guard file.header.fingerprint == fingerprint, file.header.step == step, step >= 0,
          file.arrays[0].count == count,
          file.header.poses.map({ cameras.map($0.isValid) ?? false }) ?? (cameras == nil)
        else {
          unlink(url(step).path)
          continue
        }
        var state = OptimizerState(parameters: file.arrays[0])
        (state.firstMoment, state.secondMoment) = (file.arrays[1], file.arrays[2])
        state.step = file.header.step
        return (state, file.header.poses)
      } catch {
        // It may be whole, and its disk away for a moment: it stays until it is written over.
        monitor.warn("\(error.place): \(error.what) It is passed over for an older checkpoint.")
      }
    }
    return nil
  }

  func removeAll() { for step in steps() { unlink(url(step).path) } }
}
