public import CaptureCore
public import Foundation
public import NeuralFields

/// What training left: the surface at any time of the take.
///
/// A take that was trained in windows has a field for each. Where two windows share frames, the first
/// one's distances give way to the second one's, linearly in time: alone at the first shared frame,
/// gone at the last.
public struct TrainedField: Sendable {
  private let windows: [ClosedRange<Double>]
  private let store: WindowStore

  /// Reads what ``FieldTrainer`` wrote for all windows.
  /// - Throws: ``CaptureError`` `badInput` when a file is missing, damaged or of another version.
  public static func load(
    folder: URL, backend: any FieldBackend
  ) throws(CaptureError) -> TrainedField {
    let several = folder.appendingPathComponent(WindowPlace(index: 0, count: 2).fieldName)
    guard AtomicFile.size(of: several) != nil else {
      return try TrainedField(WindowStore(folder, count: 1, backend))
    }
    let count = try WindowField.read(several).header.window?.count ?? 0
    guard (2...WindowPlace.limit).contains(count) else {
      throw CaptureError(
        .badInput, "The field is not one of several windows.", at: several.path,
        remedy: "Train again.")
    }
    return try TrainedField(WindowStore(folder, count: count, backend))
  }

  private init(_ store: WindowStore) throws(CaptureError) {
    self.store = store
    var windows: [ClosedRange<Double>] = []
    for index in 0..<store.count {
      let times = try store.field(index).header.space.times
      let window = (times.first ?? 0)...(times.last ?? 0)
      let before = windows.last ?? window
      let beforeThat = windows.dropLast().last
      guard
        windows.isEmpty
          || window.lowerBound > before.lowerBound && window.lowerBound <= before.upperBound
            && window.upperBound > before.upperBound
            && beforeThat.map({ $0.upperBound < window.lowerBound }) ?? true
      else {
        throw CaptureError(
          .badInput, "Window \(index + 1) does not follow the one before it.",
          at: store.url(index).path, remedy: "Train again.")
      }
      windows.append(window)
    }
    self.windows = windows
  }

  /// Number of parameters of a window's field; nil where there is none, where it is another window's,
  /// and where it is damaged, which the monitor is told.
  /// - Throws: ``CaptureError`` `tryAgain` for a file that cannot be read: it may be whole, and hours of
  ///   training.
  public static func parameters(
    ofWindow index: Int, of count: Int, in folder: URL, monitor: StageMonitor = .silent
  ) throws(CaptureError) -> Int? {
    let place = WindowPlace(index: index, count: count)
    let url = folder.appendingPathComponent(place.fieldName)
    guard access(url.path, F_OK) == 0 || errno != ENOENT else { return nil }
    let data: Data
    do { data = try ParameterFile.data(at: url) } catch {
      throw CaptureError(
        .tryAgain, error.what, at: error.place,
        remedy: "Run the same command again; once the file is removed, it is trained anew.")
    }
    do {
      let field = try WindowField.decode(data, at: url)
      return field.place == place ? field.layout.count : nil
    } catch {
      monitor.warn("\(url.path): \(error.what) It is trained anew.")
      return nil
    }
  }

  /// Names of the files that the windows' fields stand in.
  public static func names(windows count: Int) -> [String] {
    (0..<count).map { WindowPlace(index: $0, count: count).fieldName }
  }

  /// First and last time of the take, seconds.
  public var duration: ClosedRange<Double> {
    (windows.first?.lowerBound ?? 0)...(windows.last?.upperBound ?? 0)
  }

  /// - Throws: ``CaptureError`` `usage` for a time in seconds outside of the take.
  public func check(_ time: Double) throws(CaptureError) {
    guard duration.contains(time) else {
      throw CaptureError(
        .usage, "The time \(time) s lies outside of the take.",
        remedy: "Choose a time from \(duration.lowerBound) to \(duration.upperBound) s.")
    }
  }

  /// The surface at a time in seconds; between frames the field's coefficients are interpolated.
  /// - Throws: ``CaptureError`` `usage` for a time outside of the take, `badInput` when a window's file
  ///   can no longer be read.
  public func field(at time: Double) throws(CaptureError) -> any ScalarField {
    try check(time)
    let last = windows.lastIndex { $0.contains(time) } ?? 0
    guard last > 0, windows[last - 1].contains(time) else { return try surface(last, time) }
    let (start, end) = (windows[last].lowerBound, windows[last - 1].upperBound)
    let share = end > start ? (time - start) / (end - start) : 1
    if share <= 0 { return try surface(last - 1, time) }
    if share >= 1 { return try surface(last, time) }
    return BlendedSurface(
      a: try surface(last - 1, time), b: try surface(last, time), share: Float(share))
  }

  private func surface(_ index: Int, _ time: Double) throws(CaptureError) -> FieldSurface {
    try store.field(index).surface(at: time, on: store.backend)
  }
}

/// The field of one window, as its file has it.
struct WindowField: Sendable {
  static let magic = "FMFIELD1"

  struct Header: Codable {
    var field: FieldDescription
    var space: FieldSpace
    var bandWeights: [Float]
    /// False where no camera records colours, else absent: what the field says of them is made up.
    var hasColor: Bool?
    /// Absent where there is one window.
    var window: WindowPlace?
  }

  let layout: ParameterLayout
  let header: Header
  private let parameters: [Float]

  /// Which of the take's windows it is of.
  var place: WindowPlace { header.window ?? WindowPlace(index: 0, count: 1) }

  static func write(
    layout: ParameterLayout, space: FieldSpace, bandWeights: [Float], hasColor: Bool,
    parameters: [Float], window: WindowPlace, to folder: URL
  ) throws(CaptureError) {
    try ParameterFile.write(
      magic: magic,
      header: Header(
        field: layout.field, space: space, bandWeights: bandWeights,
        hasColor: hasColor ? nil : false,
        window: window.count > 1 ? window : nil),
      arrays: [parameters], to: folder.appendingPathComponent(window.fieldName))
  }

  static func read(_ url: URL) throws(CaptureError) -> WindowField {
    try decode(ParameterFile.data(at: url), at: url)
  }

  /// The field in a file's bytes.
  static func decode(_ data: Data, at url: URL) throws(CaptureError) -> WindowField {
    let file = try ParameterFile.decode(data, Header.self, magic: magic, arrays: 1, at: url)
    let layout = try ParameterLayout(file.header.field)
    let (header, space) = (file.header, file.header.space)
    func check(_ holds: Bool, _ complaint: @autoclosure () -> String) throws(CaptureError) {
      guard holds else {
        throw CaptureError(.badInput, complaint(), at: url.path, remedy: "Train again.")
      }
    }
    try check(
      file.arrays[0].count == layout.count,
      "The field has \(file.arrays[0].count) parameters instead of \(layout.count).")
    try check(
      header.bandWeights.count == layout.field.bands,
      "The field has \(header.bandWeights.count) band weights instead of \(layout.field.bands).")
    try check(
      space.scale > 0 && space.scale.isFinite && space.center * 0 == .zero,
      "The field's space has a scale of \(space.scale) m around \(space.center).")
    try check(
      !space.times.isEmpty && space.times.allSatisfy(\.isFinite)
        && zip(space.times, space.times.dropFirst()).allSatisfy { $0 <= $1 },
      "The times of the field's frames do not ascend.")
    return WindowField(layout: layout, header: file.header, parameters: file.arrays[0])
  }

  func surface(
    at time: Double, on backend: any FieldBackend
  ) throws(CaptureError) -> FieldSurface {
    let slice = try backend.slice(
      layout, parameters: parameters, bandWeights: header.bandWeights,
      position: header.space.position(time: time, capacity: layout.field.capacity))
    return FieldSurface(
      slice: slice, space: header.space,
      hasColor: header.hasColor != false && !layout.field.color.isEmpty)
  }
}
