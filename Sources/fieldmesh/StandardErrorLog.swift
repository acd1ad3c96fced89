import CapturePipeline
import Foundation
import Logging

/// One line a message on stderr: `fieldmesh: warning: <text>`.
struct StandardErrorLog: LogHandler {
  let label: String
  var logLevel: Logger.Level = .info
  var metadata: Logger.Metadata = [:]

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    StandardError.write("\(label): \(event.level): \(event.message)\n")
  }
}
