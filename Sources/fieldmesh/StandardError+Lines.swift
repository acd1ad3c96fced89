import CapturePipeline

extension StandardError {
  /// A line for every tenth of some work.
  static func writeTenth(_ work: String, _ done: Int, _ total: Int, _ things: String) {
    guard done * 10 / total > (done - 1) * 10 / total else { return }
    write("\(work)  \(done) of \(total) \(things)\n")
  }

  /// A sentence that the user should read.
  static func warn(_ sentence: String) { write("fieldmesh: warning: \(sentence)\n") }
}
