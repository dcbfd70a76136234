/// A line that may be a hair, in pixels of the working scale.
struct HairCandidate: Sendable {
  /// The centre line, one point a pixel.
  var line: Polyline
  /// What its cross profiles say.
  var profile: ShaftProfile
  /// The median ridge strength along it.
  var strength: Float
  /// Its length in micrometres.
  var lengthMicrometres: Float
  /// Its full width at half density in micrometres.
  var widthMicrometres: Float
  /// How likely it is a hair, 0 to 1.
  var confidence: Float = 1
  /// The numbers that the classifier saw.
  var features: [Float] = []
}
