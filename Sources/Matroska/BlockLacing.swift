/// How several frames share one block.
///
/// Source: RFC 9559 section 10.3.
enum BlockLacing {
  /// Most frames of one block; the count is one byte.
  static let frameLimit = 256

  /// Splits a block's payload behind its head into frames; nil where the sizes do not add up.
  ///
  /// - Parameters:
  ///   - flags: The flags of the block's head.
  ///   - bytes: The beginning of the payload, as much of it as the sizes may take.
  ///   - count: Length of the payload.
  /// - Returns: Ranges within the payload.
  static func frames(flags: UInt8, _ bytes: ArraySlice<UInt8>, count: Int) -> [Range<Int>]? {
    let lacing = flags >> 1 & 3
    guard lacing != 0 else { return [0..<count] }
    guard let last = bytes.first else { return nil }
    let number = Int(last) + 1
    var at = 1
    var sizes: [Int]?
    switch lacing {
    case 1: sizes = xiph(number, bytes, &at)
    case 2: sizes = (count - 1) % number == 0 ? fixed(number, count - 1) : nil
    default: sizes = ebml(number, bytes, &at)
    }
    guard var sizes else { return nil }
    if sizes.count < number {
      let rest = count - at - sizes.reduce(0, +)
      guard rest >= 0 else { return nil }
      sizes.append(rest)
    }
    var frames: [Range<Int>] = []
    for size in sizes {
      guard size >= 0, at + size <= count else { return nil }
      frames.append(at..<(at + size))
      at += size
    }
    return at == count ? frames : nil
  }

  private static func fixed(_ number: Int, _ count: Int) -> [Int] {
    [Int](repeating: count / number, count: number)
  }

  private static func xiph(
    _ number: Int, _ bytes: ArraySlice<UInt8>, _ at: inout Int
  ) -> [Int]? {
    var sizes: [Int] = []
    for _ in 1..<max(number, 1) {
      var size = 0
      while true {
        guard at < bytes.count else { return nil }
        let byte = bytes[bytes.startIndex + at]
        at += 1
        size += Int(byte)
        if byte < 255 { break }
      }
      sizes.append(size)
    }
    return sizes
  }

  private static func ebml(
    _ number: Int, _ bytes: ArraySlice<UInt8>, _ at: inout Int
  ) -> [Int]? {
    var sizes: [Int] = []
    for index in 1..<max(number, 1) {
      guard let entry = VariableInteger(bytes.dropFirst(at)) else { return nil }
      at += entry.length
      if index == 1 {
        guard entry.value < 1 << 40 else { return nil }
        sizes.append(Int(entry.value))
      } else {
        // A difference, shifted so that it has no sign.
        let bias = (1 << (7 * entry.length - 1)) - 1
        let size = sizes[index - 2] + Int(entry.value) - bias
        guard (0..<1 << 40).contains(size) else { return nil }
        sizes.append(size)
      }
    }
    return sizes
  }
}
