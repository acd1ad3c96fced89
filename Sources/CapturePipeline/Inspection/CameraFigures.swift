internal import CaptureCore

/// What images of a camera show.
struct CameraFigures {
  var depth = ImageFigures(), color = ImageFigures(), mask = ImageFigures()
  /// Depth pixels; those with a measurement; of these the ones out of the sensor's range.
  private var (pixels, measured, outside) = (0, 0, 0)

  /// Share of the depth pixels that were measured, 0...1; nil where no image was read.
  var measuredShare: Double? { pixels > 0 ? Double(measured) / Double(pixels) : nil }
  /// Share of the measured pixels that lie out of the sensor's range, 0...1; nil where nothing was
  /// measured.
  var outsideShare: Double? { measured > 0 ? Double(outside) / Double(measured) : nil }

  /// Counts what a histogram of its depth holds.
  mutating func count(_ histogram: DepthHistogram, of camera: CameraDescription) {
    pixels += histogram.pixels
    measured += histogram.measured
    outside += histogram.outside(camera.depthRange, unit: camera.depthUnit)
  }

  /// Adds a depth image that is followed by others.
  mutating func add(_ image: DepthImage, of camera: CameraDescription) {
    depth.add(image)
    image.samples.withUnsafeBytes { depth.remember($0) }
    var histogram = DepthHistogram()
    histogram.add(image)
    count(histogram, of: camera)
  }

  /// Adds a colour image that is followed by others.
  mutating func add(_ image: ColorImage) {
    color.add(image)
    image.pixels.withUnsafeBytes { color.remember($0) }
  }

  /// Adds the figures of the images that come after.
  mutating func append(_ next: CameraFigures) {
    depth.append(next.depth)
    color.append(next.color)
    mask.append(next.mask)
    pixels += next.pixels
    measured += next.measured
    outside += next.outside
  }
}

/// What images of a stream show.
struct ImageFigures {
  /// Images that were read.
  var images = 0
  /// Pairs of neighbours that were compared, and those that are the same to the byte.
  var pairs = 0
  var repeats = 0
  /// Images that could not be read.
  var unreadable = 0
  /// Images of another size than the camera is described with.
  var misfits = 0
  /// Sum over images of the mean brightness, 0...255, and of the share of pixels that are white.
  private var brightness = 0.0
  private var white = 0.0

  /// Masks in which something is subject.
  private(set) var marked = 0
  /// Of the last image, where images are compared as they come.
  private var fingerprint: Int?

  /// Mean brightness, 0...255; nil without an image.
  var meanBrightness: Double? { images > 0 ? brightness / Double(images) : nil }
  /// Share of pixels that are white in all channels, 0...1; nil without an image.
  var whiteShare: Double? { images > 0 ? white / Double(images) : nil }

  mutating func add(_ image: ColorImage) {
    images += 1
    var (sum, clipped) = (0, 0)
    image.pixels.withUnsafeBufferPointer { pixels in
      for i in stride(from: 0, to: pixels.count, by: 3) {
        let least = min(pixels[i], pixels[i + 1], pixels[i + 2])
        sum += Int(pixels[i]) + Int(pixels[i + 1]) + Int(pixels[i + 2])
        if least >= 250 { clipped += 1 }
      }
    }
    let count = max(1, image.width * image.height)
    brightness += Double(sum) / Double(3 * count)
    white += Double(clipped) / Double(count)
  }

  mutating func add(_ image: DepthImage) { images += 1 }

  mutating func add(_ mask: MaskImage) {
    images += 1
    if mask.samples.contains(where: { $0 >= MaskImage.subject }) { marked += 1 }
  }

  /// Takes down of the last image what tells it from the next.
  mutating func remember(_ bytes: UnsafeRawBufferPointer) {
    var hasher = Hasher()
    hasher.combine(bytes: bytes)
    fingerprint = hasher.finalize()
  }

  /// Adds the figures of the images that come after.
  mutating func append(_ next: ImageFigures) {
    if let fingerprint, let other = next.fingerprint { compare(fingerprint == other) }
    fingerprint = next.fingerprint ?? fingerprint
    (images, marked) = (images + next.images, marked + next.marked)
    (brightness, white) = (brightness + next.brightness, white + next.white)
    (pairs, repeats) = (pairs + next.pairs, repeats + next.repeats)
    (unreadable, misfits) = (unreadable + next.unreadable, misfits + next.misfits)
  }

  mutating func compare(_ areEqual: Bool) {
    pairs += 1
    if areEqual { repeats += 1 }
  }
}
