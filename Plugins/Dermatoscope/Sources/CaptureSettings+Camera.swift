public import VideoDevices

extension CaptureSettings {
  /// The device that is meant; `nil` when the text is none.
  var deviceSelector: DeviceSelector? { DeviceSelector(device) }

  /// Width and height; `nil` when the text is none.
  var dimensions: (width: Int, height: Int)? {
    let parts = size.split(separator: "x", omittingEmptySubsequences: false)
    guard parts.count == 2, let width = Int(parts[0]), let height = Int(parts[1]),
      (16...16384).contains(width), (16...16384).contains(height)
    else { return nil }
    return (width, height)
  }

  /// The controls by name; `nil` when one is not `NAME=NUMBER`.
  var controlValues: [String: Int]? {
    var values: [String: Int] = [:]
    for control in controls {
      let parts = control.split(separator: "=", omittingEmptySubsequences: false)
      guard parts.count == 2, !parts[0].isEmpty, let value = Int(parts[1]) else { return nil }
      values[String(parts[0])] = value
    }
    return values
  }

  /// What a session is asked for; `nil` for settings with problems or the synthetic camera.
  public var request: CameraRequest? {
    guard let selector = deviceSelector, let format, let values = controlValues else { return nil }
    return CameraRequest(
      device: selector, format: format,
      controls: ControlPlan(values: values, locks: lock, powerLineHertz: Int(powerLine) ?? 0),
      usesButton: trigger == .button)
  }

  /// The format; `nil` for settings with problems.
  var format: FrameFormat? {
    dimensions.map {
      FrameFormat(
        layout: .mjpeg, width: $0.width, height: $0.height, framesPerSecond: framesPerSecond)
    }
  }
}
