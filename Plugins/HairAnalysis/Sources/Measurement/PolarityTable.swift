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
    1.7767, -0.23745, 2.3382, 1.0879, -1.822, 5.4851, 0.23795, -2.7282, -2.9007, -1.0718, -1.6932,
    -0.13451, -0.95488, 0.048528, -3.0934, -0.12979,
  ]
  /// What a neighbour's word counts against a hair's own evidence.
  static let voteWeight: Float = 0.5
}
