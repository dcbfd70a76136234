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
    1.7798, -0.29704, 2.3352, 1.1539, -1.8301, 5.4898, 0.27041, -2.7031, -2.9129, -1.1038, -1.6575,
    -0.12708, -1.0081, 0.038634, -3.0888, -0.11273,
  ]
  /// What a neighbour's word counts against a hair's own evidence.
  static let voteWeight: Float = 0.5
}
