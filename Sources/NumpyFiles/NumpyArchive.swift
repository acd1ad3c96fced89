public import CaptureCore
public import Foundation

/// Named arrays in a `.npz` file: a zip archive of `.npy` members, stored or deflated.
public enum NumpyArchive {
  /// Reads every array, by its name without `.npy`.
  ///
  /// - Parameter limit: Largest file that is read, bytes, and also the most that all its members
  ///   together may take once inflated. Sizes are checked before memory is taken.
  /// - Throws: ``CaptureError`` `badInput` for a file that is missing or malformed, `limitExceeded`
  ///   beyond the limit. Archives in several parts, encrypted or in zip64 form are refused.
  public static func read(_ url: URL, limit: Int) throws(CaptureError) -> [String: NumpyArray] {
    let bytes = [UInt8](try AtomicFile.read(url, limit: limit))
    do {
      return try arrays(in: bytes, limit: limit)
    } catch {
      throw error.within(url.path)
    }
  }

  private static func arrays(
    in bytes: [UInt8], limit: Int
  ) throws(CaptureError) -> [String: NumpyArray] {
    var arrays: [String: NumpyArray] = [:]
    for member in try ZipReader.members(of: bytes, limit: limit) {
      guard member.name.hasSuffix(".npy") else {
        throw CaptureError(.badInput, "This is not a NumPy array.", at: member.name)
      }
      let name = String(member.name.dropLast(4))
      guard arrays[name] == nil else {
        throw CaptureError(.badInput, "The archive has two arrays of this name.", at: name)
      }
      do {
        arrays[name] = try NumpyFile.decode(ZipReader.contents(of: member, in: bytes)[...])
      } catch {
        throw error.within(name)
      }
    }
    return arrays
  }

  /// Writes arrays in the given order, stored: the same arrays give the same bytes.
  ///
  /// - Throws: ``CaptureError`` `badInput` for a name that is empty or used twice, `limitExceeded`
  ///   beyond 4 GiB or 65 534 arrays, and as ``AtomicFile/write(_:to:)`` does.
  public static func write(
    _ arrays: [(name: String, array: NumpyArray)], to url: URL
  ) throws(CaptureError) {
    guard Set(arrays.map(\.name)).count == arrays.count, !arrays.contains(where: \.name.isEmpty)
    else {
      throw CaptureError(
        .badInput, "Arrays of one file need different names that are not empty.", at: url.path)
    }
    var writer = ZipWriter()
    do {
      for (name, array) in arrays {
        try writer.append(name: name + ".npy", contents: NumpyFile.encode(array))
      }
    } catch {
      throw error.within(url.path)
    }
    try AtomicFile.write(Data(writer.finished()), to: url)
  }
}
