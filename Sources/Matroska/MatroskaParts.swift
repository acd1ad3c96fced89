public import Foundation

/// One stream of a file.
public struct MatroskaTrack: Equatable, Sendable {
  /// What the track holds, as numbered in the file.
  public enum Kind: UInt8, Sendable {
    /// Images.
    case video = 1
    /// Sound.
    case audio = 2
    /// Anything else; depth cameras put their motion sensors here.
    case subtitle = 17
  }

  /// Number that its blocks carry.
  public var number: Int
  /// Unique number that tags refer to.
  public var uid: UInt64
  /// What it holds, see ``Kind``.
  public var kind: UInt8
  /// Name; may be empty.
  public var name: String
  /// How its frames are coded, such as `V_MS/VFW/FOURCC`.
  public var codec: String
  /// What the codec needs to know.
  public var codecPrivate: Data
  /// Usual interval of frames, nanoseconds; 0 where the file does not say.
  public var defaultDuration: Int
  /// Size of images, pixels; 0 for other tracks.
  public var width, height: Int
  /// Whether frames are compressed or encrypted once more; such frames are not read.
  public var isEncoded: Bool

  /// A track of the given parts.
  public init(
    number: Int, uid: UInt64, kind: Kind, name: String, codec: String, codecPrivate: Data = Data(),
    defaultDuration: Int = 0, width: Int = 0, height: Int = 0
  ) {
    (self.number, self.uid, self.kind, self.name) = (number, uid, kind.rawValue, name)
    (self.codec, self.codecPrivate, self.defaultDuration) = (codec, codecPrivate, defaultDuration)
    (self.width, self.height, isEncoded) = (width, height, false)
  }

  init() {
    self.init(number: 0, uid: 0, kind: .subtitle, name: "", codec: "")
    kind = 0
  }
}

/// A named value; about the file where both targets are 0.
public struct MatroskaTag: Equatable, Sendable {
  /// Name and value.
  public var name, value: String
  /// Track and attachment that it tells of; 0 for none.
  public var track, attachment: UInt64

  /// A tag.
  public init(_ name: String, _ value: String, track: UInt64 = 0, attachment: UInt64 = 0) {
    (self.name, self.value, self.track, self.attachment) = (name, value, track, attachment)
  }
}

/// A file inside of the file.
public struct MatroskaAttachment: Equatable, Sendable {
  /// Name and media type.
  public var name, mediaType: String
  /// Unique number that tags refer to.
  public var uid: UInt64
  /// Where its bytes lie.
  var range: Range<Int>
}

/// Where one block is; its payload is read by ``MatroskaFile/frames(of:)``.
public struct MatroskaBlock: Equatable, Sendable {
  /// Time, nanoseconds from the file's beginning.
  public var time: Int64
  /// Where the block's element begins in the file.
  var position: Int
  /// Number of its cluster.
  var cluster: UInt32
}

/// A run of blocks of at most a fraction of a second.
struct MatroskaCluster: Equatable, Sendable {
  /// Where the cluster's data lies, less a checksum at its beginning.
  var content: Range<Int>
  /// The checksum at its beginning.
  var checksum: UInt32?
}

/// A part of a file that could not be read.
public struct MatroskaDamage: Equatable, Sendable {
  /// The bytes that were skipped.
  public var bytes: Range<Int>
}
