public import CaptureCore

/// An array as NumPy stores it: a shape, and its elements in C order (last index fastest).
public struct NumpyArray: Sendable, Equatable {
  /// The elements, by their type on disk.
  public enum Elements: Sendable, Equatable {
    /// `|b1`.
    case bool([Bool])
    /// `|u1`.
    case uint8([UInt8])
    /// `<u2`.
    case uint16([UInt16])
    /// `<i2`.
    case int16([Int16])
    /// `<u4`.
    case uint32([UInt32])
    /// `<i4`.
    case int32([Int32])
    /// `<i8`.
    case int64([Int64])
    /// `<f4`; half precision (`<f2`) is widened to it on reading.
    case float32([Float])
    /// `<f8`.
    case float64([Double])

    /// Number of elements.
    public var count: Int {
      switch self {
      case .bool(let values): values.count
      case .uint8(let values): values.count
      case .uint16(let values): values.count
      case .int16(let values): values.count
      case .uint32(let values): values.count
      case .int32(let values): values.count
      case .int64(let values): values.count
      case .float32(let values): values.count
      case .float64(let values): values.count
      }
    }
  }

  /// Lengths along the axes; empty for a single number.
  public let shape: [Int]
  /// The elements; as many as the product of ``shape``.
  public let elements: Elements

  /// An array of the given shape.
  /// - Throws: ``CaptureError`` `sizeMismatch` when the shape does not hold the elements.
  public init(shape: [Int], elements: Elements) throws(CaptureError) {
    guard Self.count(shape) == elements.count else {
      throw CaptureError(
        .sizeMismatch, "An array of shape \(shape) cannot have \(elements.count) elements.")
    }
    (self.shape, self.elements) = (shape, elements)
  }

  /// Number of elements of a shape; nil for negative lengths and products beyond `Int`.
  static func count(_ shape: [Int]) -> Int? {
    var product = 1
    for length in shape {
      let (value, overflow) = product.multipliedReportingOverflow(by: length)
      if overflow || length < 0 { return nil }
      product = value
    }
    return product
  }

  /// The elements as doubles; false is 0, true is 1.
  public func doubles() -> [Double] {
    switch elements {
    case .bool(let values): values.map { $0 ? 1 : 0 }
    case .uint8(let values): values.map(Double.init)
    case .uint16(let values): values.map(Double.init)
    case .int16(let values): values.map(Double.init)
    case .uint32(let values): values.map(Double.init)
    case .int32(let values): values.map(Double.init)
    case .int64(let values): values.map(Double.init)
    case .float32(let values): values.map(Double.init)
    case .float64(let values): values
    }
  }

  /// The elements as floats; false is 0, true is 1.
  public func floats() -> [Float] {
    if case .float32(let values) = elements { return values }
    return doubles().map(Float.init)
  }

  /// The elements as truth values: what is not 0 is true.
  public func flags() -> [Bool] {
    if case .bool(let values) = elements { return values }
    return doubles().map { $0 != 0 }
  }
}
