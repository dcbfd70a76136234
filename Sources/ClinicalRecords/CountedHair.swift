/// What figures need of a counted hair; a tenth of a hair with its centreline.
package struct CountedHair: Sendable {
  /// Where it leaves the skin, in pixels.
  package let root: (x: Double, y: Double)
  /// The diameter, when it is finite and above 0.
  package let diameter: Hair.Diameter?
  /// The class.
  package let `class`: Hair.Class
  /// Which follicular unit it grows from.
  package let follicularUnit: Int?

  /// Takes a hair; `nil` when it is not counted.
  package init?(_ hair: Hair) {
    guard hair.counted else { return nil }
    root = hair.root.count == 2 ? (hair.root[0], hair.root[1]) : (.nan, .nan)
    diameter = hair.diameter.flatMap { $0.value.isFinite && $0.value > 0 ? $0 : nil }
    `class` = hair.class
    follicularUnit = hair.follicularUnit
  }
}
