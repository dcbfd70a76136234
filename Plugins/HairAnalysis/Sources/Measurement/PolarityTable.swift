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
    1.5413, -0.22847, 2.8433, 0.97946, -0.6303, 6.1032, -3.003, -2.7455, -1.1557, -0.91352, -1.4718,
    -0.17816, -0.55354, -0.24335, -3.0253, 0.38112,
  ]
  /// What a neighbour's word counts against a hair's own evidence.
  static let voteWeight: Float = 0.5
}
