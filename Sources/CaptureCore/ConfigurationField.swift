/// One line of a configuration's documentation.
public struct ConfigurationField: Equatable, Sendable {
  /// Name of the stored property, as in JSON.
  public let key: String
  /// Unit of the value; empty for plain numbers, names and switches.
  public let unit: String
  /// What the value does, as a sentence.
  public let sentence: String
  /// The names that are allowed; empty where the value is not one of a few names.
  public let choices: [String]

  /// A field with its unit and sentence.
  public init(_ key: String, _ unit: String, _ sentence: String, choices: [String] = []) {
    (self.key, self.unit, self.sentence, self.choices) = (key, unit, sentence, choices)
  }
}

/// A stage's settings: every stored property has a default, a line of documentation and one reader.
public protocol DocumentedConfiguration: Codable, Equatable, Sendable {
  /// All defaults.
  init()
  /// One line for every key that the type encodes.
  static var documentation: [ConfigurationField] { get }
  /// The command that lists all keys.
  static var listingCommand: String { get }
  /// - Throws: ``CaptureError`` `usage`, naming the key, when a value is out of its range.
  func validate() throws(CaptureError)
}

extension DocumentedConfiguration {
  /// Unless a configuration has its own.
  public static var listingCommand: String { "fieldmesh config" }

  /// - Throws: ``CaptureError`` `usage` unless `value` lies in `range`.
  public func require<T: Comparable>(
    _ key: String, _ value: T, in range: ClosedRange<T>
  ) throws(CaptureError) {
    guard range.contains(value) else {
      throw CaptureError(
        .usage, "\(value) is out of range.", at: key,
        remedy: "Choose a value from \(range.lowerBound) to \(range.upperBound).")
    }
  }
}
