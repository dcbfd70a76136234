/// Light of three bands, linear in power.
///
/// Red lies at about 610 nm, green at 545 nm, blue at 465 nm, the centres of a camera's bands; 1 is
/// the white that the sensor just holds.
public struct LinearColour: Sendable, Hashable, Codable {
  /// Red.
  public var red: Double
  /// Green.
  public var green: Double
  /// Blue.
  public var blue: Double

  /// Makes a colour.
  public init(_ red: Double, _ green: Double, _ blue: Double) {
    self.red = red
    self.green = green
    self.blue = blue
  }

  /// This colour behind an absorber of the given optical densities (base e).
  func absorbed(by density: LinearColour) -> LinearColour {
    LinearColour(
      red * PortableMath.exp(-density.red), green * PortableMath.exp(-density.green),
      blue * PortableMath.exp(-density.blue))
  }

  static func * (left: LinearColour, right: Double) -> LinearColour {
    LinearColour(left.red * right, left.green * right, left.blue * right)
  }

  static func + (left: LinearColour, right: LinearColour) -> LinearColour {
    LinearColour(left.red + right.red, left.green + right.green, left.blue + right.blue)
  }
}

/// What absorbs light in skin and hair, per unit of amount, in the three bands.
enum Absorber {
  /// Melanin absorbs as the wavelength to the power -3.48 (Jacques 2013, Phys Med Biol 58:R37,
  /// doi 10.1088/0031-9155/58/11/R37): 1, 1.48, 2.57 relative to red.
  static let melanin = LinearColour(1, 1.48, 2.57)
  /// Oxygenated blood, averaged over the bands from the same review: nearly clear in red.
  static let blood = LinearColour(0.08, 1, 0.85)
  /// A shaft below the skin looks blue-grey, since the dermis above scatters blue back (Tyndall).
  static let deepShaft = LinearColour(1, 0.8, 0.55)
}

/// Skin tone by Fitzpatrick type (Fitzpatrick 1988, Arch Dermatol 124:869).
public enum SkinTone: String, Sendable, Codable, CaseIterable {
  /// Type I, very fair.
  case typeI = "I"
  /// Type II, fair.
  case typeII = "II"
  /// Type III, light brown.
  case typeIII = "III"
  /// Type IV, olive.
  case typeIV = "IV"
  /// Type V, brown.
  case typeV = "V"
  /// Type VI, dark brown.
  case typeVI = "VI"

  /// The epidermis's melanin as an optical density in red.
  ///
  /// Chosen so that the individual typology angle falls into the class of Chardon 1991 (Int J
  /// Cosmet Sci 13:191) that goes with the type.
  var melanin: Double {
    switch self {
    case .typeI: 0.02
    case .typeII: 0.05
    case .typeIII: 0.11
    case .typeIV: 0.24
    case .typeV: 0.46
    case .typeVI: 0.80
    }
  }

  /// What the dermis sends back without absorbers; scattering falls towards blue once the
  /// epidermis's share is counted as loss (Jacques 2013).
  static let dermis = LinearColour(0.82, 0.67, 0.55)
  /// The blood of calm skin as an optical density in green (Jacques 2013: about 1 % in volume).
  static let blood = 0.19

  /// What the skin sends back on average.
  package var reflectance: LinearColour {
    SkinTone.dermis
      .absorbed(by: Absorber.melanin * melanin)
      .absorbed(by: Absorber.blood * SkinTone.blood)
  }
}

/// The colour of a scalp's pigmented hairs.
public enum HairColour: String, Sendable, Codable, CaseIterable {
  /// Black.
  case black
  /// Dark brown.
  case darkBrown = "dark_brown"
  /// Brown.
  case brown
  /// Blond.
  case blond
  /// Red.
  case red

  /// The melanin along the diameter of a 70 µm shaft, as an optical density in red; eumelanin
  /// concentrations fall about tenfold from black to blond (Ito and Wakamatsu 2011, J Eur Acad
  /// Dermatol Venereol 25:1369).
  package var melanin: Double {
    switch self {
    case .black: 3.2
    case .darkBrown: 1.9
    case .brown: 1.15
    case .blond: 0.30
    case .red: 0.42
    }
  }
}

/// What a shaft does with light.
package struct ShaftOptics {
  /// What it sends back.
  package var colour: LinearColour
  /// How much of what lies behind it is hidden, 0…1.
  package var opacity: Double

  /// A shaft of a diameter in µm and a melanin density along 70 µm.
  ///
  /// Light crosses the shaft twice over immersed skin, so its colour falls with twice the density;
  /// a thin shaft holds less melanin and hides less. Scattering in the cortex alone hides a third of
  /// the background at 70 µm, as in white hair.
  package init(melanin: Double, diameter: Double, grey: Bool) {
    let path = diameter / 70
    let keratin = LinearColour(0.62, 0.60, 0.55)
    if grey {
      colour = LinearColour(0.58, 0.60, 0.61)
      opacity = min(0.75, 0.30 + 0.35 * path)
    } else {
      let density = min(2 * melanin * path, 3.9)
      colour = keratin.absorbed(by: Absorber.melanin * density) + LinearColour(0.008, 0.007, 0.006)
      opacity = 1 - PortableMath.exp(-(0.42 + 2.2 * melanin) * path)
    }
  }
}
