internal import CaptureCore
internal import Foundation
internal import FrameSync

/// Draws the conclusions from what was measured of a take.
struct FindingRules {
  let take: TakeDescription
  let sync: SyncReport
  /// By camera: what its images show.
  let images: [CameraFigures]

  /// What the images show, camera by camera.
  func imageFindings() -> [Inspection.Finding] {
    take.cameras.indices.flatMap { camera in
      colorFindings(camera) + depthFindings(camera) + maskFindings(camera)
        + lensFindings(take.cameras[camera])
    }
  }

  /// The findings, the worst first.
  func findings() -> [Inspection.Finding] {
    let found = wholeTake() + imageFindings() + StreamRules(sync).findings()
    // A stable order: equal verdicts stay as they were found.
    return Inspection.Verdict.allCases.reversed().flatMap { verdict in
      found.filter { $0.verdict == verdict }
    }
  }

  private func finding(
    _ verdict: Inspection.Verdict, _ camera: Int?, _ what: String, _ remedy: String
  ) -> Inspection.Finding {
    Inspection.Finding(
      verdict: verdict, camera: camera.map { take.cameras[$0].id }, what: what, remedy: remedy)
  }

  // MARK: The whole take

  private func wholeTake() -> [Inspection.Finding] {
    var found: [Inspection.Finding] = []
    if sync.sets == 0 {
      found.append(
        finding(
          .broken, nil, "There is no frame set.", "Record depth; colour alone gives no surface."))
    }
    let serials = Dictionary(grouping: take.cameras.filter { !$0.serial.isEmpty }, by: \.serial)
    for (serial, cameras) in serials.sorted(by: { $0.key < $1.key }) where cameras.count > 1 {
      let names = cameras.map(\.id).joined(separator: " and ")
      found.append(
        finding(
          .broken, nil, "Cameras \(names) have the same serial number \(serial).",
          "One recording was copied over another: take the right file of each camera."))
    }
    let models = Dictionary(grouping: take.cameras.filter { !$0.firmware.isEmpty }, by: \.model)
    for (model, cameras) in models.sorted(by: { $0.key < $1.key })
    where Set(cameras.map(\.firmware)).count > 1 {
      let list = cameras.map { "\($0.id) \($0.firmware)" }.joined(separator: "; ")
      found.append(
        finding(
          .usable, nil, "Cameras of the model \(model) run different firmware: \(list).",
          "Bring all of them to the newest; their times and depths differ by more than noise."))
    }
    return found
  }

  // MARK: Images

  private func colorFindings(_ camera: Int) -> [Inspection.Finding] {
    let (id, figures) = (take.cameras[camera].id, images[camera].color)
    var found = common(camera, figures, "colour")
    if let brightness = figures.meanBrightness, brightness < 8 {
      found.append(
        finding(
          .usable, camera, "The colour images of camera \(id) are black.",
          "Uncover the lens, light the scene, or set the exposure by hand; meshes get no colour from it."
        ))
    }
    if let white = figures.whiteShare, white > 0.4 {
      found.append(
        finding(
          .usable, camera,
          "The colour images of camera \(id) are overexposed: \(white.percent) of the pixels are white.",
          "Set a shorter exposure by hand."))
    }
    return found
  }

  private func depthFindings(_ camera: Int) -> [Inspection.Finding] {
    let id = take.cameras[camera].id
    var found = common(camera, images[camera].depth, "depth")
    if let measured = images[camera].measuredShare, measured < 0.05 {
      found.append(
        finding(
          measured < 0.01 ? .broken : .usable, camera,
          "Only \(measured.percent) of the depth pixels of camera \(id) hold a measurement.",
          "Check the depth mode, the distance, and whether another camera's laser or the sun blinds it."
        ))
    }
    if let share = images[camera].outsideShare, share > 0.5 {
      let range = take.cameras[camera].depthRange
      found.append(
        finding(
          share > 0.99 ? .broken : .usable, camera,
          "\(share.percent) of what camera \(id) measured lies outside its range of \(range.lowerBound) to \(range.upperBound) m.",
          "Check `unit` and `range` of its depth in the take's description."))
    }
    return found
  }

  private func maskFindings(_ camera: Int) -> [Inspection.Finding] {
    let (id, figures) = (take.cameras[camera].id, images[camera].mask)
    var found = common(camera, figures, "mask")
    if figures.images > 0, figures.marked == 0 {
      found.append(
        finding(
          .usable, camera, "The masks of camera \(id) show no subject at all: they are black.",
          "Write 255 where the subject is, or leave its masks out; nothing is used of the camera as it is."
        ))
    }
    return found
  }

  private func common(
    _ camera: Int, _ figures: ImageFigures, _ kind: String
  ) -> [Inspection.Finding] {
    let id = take.cameras[camera].id
    var found: [Inspection.Finding] = []
    if figures.unreadable > 0 {
      let isDepthLost = kind == "depth" && figures.images == 0
      found.append(
        finding(
          isDepthLost ? .broken : .usable, camera,
          "\(figures.unreadable) of \(figures.unreadable + figures.images) \(kind) images of camera \(id) that were looked at cannot be read.",
          "Copy the recording again, or leave the images out with 'fieldmesh ingest'."))
    }
    if figures.misfits > 0 {
      found.append(
        finding(
          .broken, camera,
          "The \(kind) images of camera \(id) are not of the size that it is described with.",
          "Use the description and calibration of the mode that was recorded."))
    }
    // One pair proves nothing: a recorder may write an image twice.
    if figures.pairs >= 3, figures.repeats == figures.pairs {
      found.append(
        finding(
          .broken, camera,
          "The \(kind) images of camera \(id) are frozen: all that were compared are the same.",
          "Record again; a camera that hangs goes on sending its last image."))
    } else if figures.repeats > 0 {
      found.append(
        finding(
          .usable, camera,
          "\(figures.repeats) of \(figures.pairs) \(kind) images of camera \(id) that were compared repeat the one before.",
          "The recorder filled gaps with copies: lower the rate or the resolution."))
    }
    return found
  }

  // MARK: Lenses

  /// Intrinsics that no lens of this image size has: they are of another mode or were scaled wrongly.
  private func lensFindings(_ camera: CameraDescription) -> [Inspection.Finding] {
    [("colour", camera.color), ("depth", camera.depth)].compactMap { kind, model in
      guard let model else { return nil }
      let (k, w, h) = (model.intrinsics, Double(model.width), Double(model.height))
      let isCentered = (0.25 * w...0.75 * w).contains(k.cx) && (0.25 * h...0.75 * h).contains(k.cy)
      let isWide = (0.15 * w...5 * w).contains(k.fx)
      let isSquare = (0.8...1.25).contains(k.fy / k.fx)
      guard !isCentered || !isWide || !isSquare else { return nil }
      return Inspection.Finding(
        verdict: .broken, camera: camera.id,
        what:
          "The \(kind) intrinsics of camera \(camera.id) do not fit images of \(model.width)x\(model.height): fx \(Int(k.fx)), fy \(Int(k.fy)), cx \(Int(k.cx)), cy \(Int(k.cy)).",
        remedy: "Use those of the mode that was recorded, or scale them to its size.")
    }
  }
}

extension Double {
  /// A share as text, `12.5 %`.
  var percent: String { String(format: "%.1f %%", self * 100) }
}
