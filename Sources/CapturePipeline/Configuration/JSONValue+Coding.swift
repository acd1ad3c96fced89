internal import CaptureCore
internal import Foundation

extension JSONValue {
  /// A structure as a tree: its keys in the order of its documentation, null where an optional holds
  /// nothing.
  /// - Throws: ``CaptureError`` `usage` for numbers that JSON cannot hold.
  init<Value: DocumentedConfiguration>(encoding value: Value) throws(CaptureError) {
    let data: Data
    do {
      data = try JSONEncoder().encode(value)
    } catch {
      throw CaptureError(.usage, "A configuration holds a number that is not finite.")
    }
    let unordered = try JSONValue(parsing: data)
    self = .object([])
    for field in Value.documentation {
      let path = keyPath(field.key)
      self = setting(path, to: unordered[path] ?? .null)
    }
  }

  /// The tree as a structure.
  ///
  /// - Parameter valid: A tree that decodes; helps to find the key that does not, because errors
  ///   about numbers do not say where they are.
  /// - Throws: ``CaptureError`` `usage` at the key whose value has the wrong type.
  func decoded<Value: DocumentedConfiguration>(
    as type: Value.Type, valid: JSONValue
  ) throws(CaptureError) -> Value {
    do {
      return try JSONDecoder().decode(Value.self, from: Data(text.utf8))
    } catch {
      for path in Value.documentation.map({ keyPath($0.key) }) {
        guard let value = self[path], value != valid[path] else { continue }
        let single = valid.setting(path, to: value)
        do {
          _ = try JSONDecoder().decode(Value.self, from: Data(single.text.utf8))
        } catch let error as DecodingError {
          throw Self.wrongType(value, at: path, error)
        } catch { continue }
      }
      throw CaptureError(.usage, "The configuration cannot be read: \(error).")
    }
  }

  private static func wrongType(
    _ value: JSONValue, at path: [String], _ error: DecodingError
  ) -> CaptureError {
    let expected =
      switch error {
      case .typeMismatch(let type, _), .valueNotFound(let type, _): name(of: type)
      // A number with a fraction, or out of range, where the type is a whole number.
      case .dataCorrupted: "a whole number"
      case .keyNotFound(let key, _): "the key '\(key.stringValue)'"
      @unknown default: "another value"
      }
    return CaptureError(
      .usage, "expected \(expected), found \(value.found).", at: path.joined(separator: "."))
  }

  private static func name(of type: Any.Type) -> String {
    switch type {
    case is any FixedWidthInteger.Type: "a whole number"
    case is any BinaryFloatingPoint.Type: "a number"
    case is Bool.Type: "true or false"
    case is String.Type: "a text"
    case is [String: Any].Type: "a group of keys"
    default: "a list"
    }
  }
}
