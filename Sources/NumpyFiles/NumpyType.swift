/// Element types by their name in a `.npy` header. All machines that Swift runs on are little-endian.
enum NumpyType: String, CaseIterable {
  case bool = "|b1"
  case uint8 = "|u1"
  case uint16 = "<u2"
  case int16 = "<i2"
  case uint32 = "<u4"
  case int32 = "<i4"
  case int64 = "<i8"
  case float16 = "<f2"
  case float32 = "<f4"
  case float64 = "<f8"

  /// The type under which elements are written.
  init(_ elements: NumpyArray.Elements) {
    self =
      switch elements {
      case .bool: .bool
      case .uint8: .uint8
      case .uint16: .uint16
      case .int16: .int16
      case .uint32: .uint32
      case .int32: .int32
      case .int64: .int64
      case .float32: .float32
      case .float64: .float64
      }
  }

  /// Bytes an element.
  var width: Int {
    switch self {
    case .bool, .uint8: 1
    case .uint16, .int16, .float16: 2
    case .uint32, .int32, .float32: 4
    case .int64, .float64: 8
    }
  }

  /// The elements in `bytes`, which must be `count * width` long.
  func elements(_ bytes: ArraySlice<UInt8>, count: Int) -> NumpyArray.Elements {
    func values<T: BitwiseCopyable>(_: T.Type) -> [T] {
      [T](unsafeUninitializedCapacity: count) { out, filled in
        bytes.withUnsafeBytes { UnsafeMutableRawBufferPointer(out).copyMemory(from: $0) }
        filled = count
      }
    }
    return switch self {
    case .bool: .bool(bytes.map { $0 != 0 })
    case .uint8: .uint8(Array(bytes))
    case .uint16: .uint16(values(UInt16.self))
    case .int16: .int16(values(Int16.self))
    case .uint32: .uint32(values(UInt32.self))
    case .int32: .int32(values(Int32.self))
    case .int64: .int64(values(Int64.self))
    case .float16: .float32(values(UInt16.self).map(Self.widen))
    case .float32: .float32(values(Float.self))
    case .float64: .float64(values(Double.self))
    }
  }

  /// Appends the elements' bytes.
  func append(_ elements: NumpyArray.Elements, to bytes: inout [UInt8]) {
    func add<T: BitwiseCopyable>(_ values: [T]) {
      values.withUnsafeBytes { bytes.append(contentsOf: $0) }
    }
    switch elements {
    case .bool(let values): bytes += values.map { $0 ? 1 : 0 }
    case .uint8(let values): bytes += values
    case .uint16(let values): add(values)
    case .int16(let values): add(values)
    case .uint32(let values): add(values)
    case .int32(let values): add(values)
    case .int64(let values): add(values)
    case .float32(let values): add(values)
    case .float64(let values): add(values)
    }
  }

  /// Half precision to single, exactly. By hand, for `Float16` is missing on some platforms.
  private static func widen(_ half: UInt16) -> Float {
    let (exponent, fraction) = (Int(half >> 10 & 31), Float(half & 1023))
    let magnitude: Float =
      switch exponent {
      case 0: fraction * 0x1p-24
      case 31: fraction == 0 ? .infinity : .nan
      default: Float(sign: .plus, exponent: exponent - 25, significand: 1024 + fraction)
      }
    return half >> 15 == 0 ? magnitude : -magnitude
  }
}
