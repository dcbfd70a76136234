/// The weights of ``Polarity``, made by `Tools/HairTraining/train.py`; not edited by hand.
///
/// Origin: coefficients fitted on 344 photographs of 81 subjects of the FDU hair
/// follicle data set (Huashan Hospital, Fudan University; VPDet, IET Image Processing 2024, doi
/// 10.1049/ipr2.13162), half `tune` of `Benchmarks/`, and on 18 rendered scenes. No
/// part of a picture is held here.
enum PolarityTable {
  static let version = "1"
  /// Tint and density at each place, from the innermost outward.
  static let weights: [Float] = [
    1.8037, -0.27362, 2.3195, 1.137, -1.8224, 5.4844, 0.25622, -2.7116, -2.9175, -1.0915, -1.6566,
    -0.13306, -0.99778, 0.049204, -3.0835, -0.11702,
  ]
  /// What a neighbour's word counts against a hair's own evidence.
  static let voteWeight: Float = 0.5
}
