import ClinicalRecords
import Testing

/// Reference values: SciPy 1.17.1 (`scipy.stats`, `scipy.special`), by the call in each table's title.
@Suite struct StatisticsTests {
  @Test(
    "the normal quantile is norm.ppf",
    arguments: [
      (1e-12, -7.034483825301131), (0.001, -3.090232306167813), (0.025, -1.9599639845400545),
      (0.3, -0.5244005127080409), (0.5, 0), (0.975, 1.959963984540054),
      (0.9999, 3.719016485455709),
    ])
  func normalQuantile(probability: Double, expected: Double) {
    #expect(close(NormalDistribution.quantile(probability), expected, 1e-14))
  }

  @Test(
    "the incomplete gamma function is gammainc",
    arguments: [
      (0.5, 0.1, 0.34527915398142317), (1, 1, 0.6321205588285577), (10, 3, 0.0011024881301154815),
      (10, 20, 0.9950045876916924), (111, 100, 0.1471373484422697),
      (500, 600, 0.9999877440576694),
    ])
  func incompleteGamma(shape: Double, x: Double, expected: Double) {
    #expect(close(IncompleteGamma.regularised(shape: shape, x), expected, 1e-11))
  }

  @Test(
    "its inverse is gammaincinv",
    arguments: [
      (0.5, 0.025, 0.0004910345585876278), (1, 0.5, 0.6931471805599455),
      (3, 0.975, 7.22468766772396), (111, 0.025, 91.31332787018046),
      (112, 0.975, 133.6726323904957), (2000.5, 0.001, 1865.1280855218604),
    ])
  func inverseGamma(shape: Double, probability: Double, expected: Double) {
    #expect(close(IncompleteGamma.inverse(shape: shape, probability), expected, 1e-10))
  }

  @Test(
    "the incomplete beta function is betainc, its inverse betaincinv",
    arguments: [
      (0.5, 0.5, 0.2, 0.2951672353008665), (2, 3, 0.4, 0.5247999999999999),
      (50, 76, 0.45, 0.8878909551394799), (300, 200, 0.62, 0.8190699881577963),
      (0.5, 0.5, 0.024471741852423214, 0.1), (2, 3, 0.8058795503167565, 0.975),
      (75, 51, 0.5085924317857622, 0.025), (55, 0.5, 0.9655272230127491, 0.05),
    ])
  func incompleteBeta(a: Double, b: Double, x: Double, probability: Double) {
    #expect(close(IncompleteBeta.regularised(x, a: a, b: b), probability, 1e-11))
    #expect(close(IncompleteBeta.inverse(probability, a: a, b: b), x, 1e-11))
  }

  @Test(
    "Student's quantile is t.ppf((1 + level) / 2, df)",
    arguments: [
      (0.95, 1, 12.706204736174694), (0.95, 2, 4.302652729749462), (0.95, 10, 2.228138851986274),
      (0.95, 110, 1.981765282132372), (0.99, 30, 2.7499956535672254), (0.9, 5, 2.0150483733330233),
    ])
  func studentQuantile(level: Double, freedom: Double, expected: Double) {
    let quantile = StudentDistribution.twoSidedQuantile(level: level, degreesOfFreedom: freedom)
    #expect(close(quantile, expected, 1e-10))
  }

  @Test(
    "a count's interval is chi2.ppf / 2, whole or not",
    arguments: [
      (0, 0.95, 0, 3.6888794541139354), (1, 0.95, 0.025317807984289897, 5.571643390938898),
      (5, 0.95, 1.623486390118421, 11.66833207932267),
      (37.5, 0.95, 26.47096988526643, 51.579055950673286),
      (111, 0.95, 91.31332787018046, 133.6726323904957),
      (111, 0.9, 94.25724032237555, 129.95720467522412),
    ])
  func exactPoisson(count: Double, level: Double, low: Double, high: Double) {
    expect(PoissonInterval.exact(count: count, level: level), low, high)
  }

  @Test("a weighted sum's interval is that of Fay and Feuer, and Garwood's for equal weights")
  func weightedPoisson() {
    expect(
      PoissonInterval.sum(ofWeights: [50, 60, 70, 20], level: 0.95), 48.3976630422262,
      571.748656140187)
    let equal = PoissonInterval.sum(ofWeights: Array(repeating: 1, count: 25), level: 0.95)
    let counted = PoissonInterval.exact(count: 25, level: 0.95)
    expect(equal, counted.low, counted.high)
  }

  @Test(
    "a share's interval is binomtest().proportion_ci(method='exact')",
    arguments: [
      (0, 10, 0.95, 0, 0.3084971078187607),
      (10, 10, 0.95, 0.6915028921812392, 1),
      (86, 109, 0.95, 0.7003973519008173, 0.8612870107073624),
      (14, 111, 0.95, 0.07070201475826986, 0.20255665674704712),
      (3, 7, 0.9, 0.12875639280424267, 0.7746784159675522),
    ])
  func shares(part: Int, total: Int, level: Double, low: Double, high: Double) {
    expect(ShareInterval.exact(part: part, total: total, level: level), low, high)
  }

  @Test("mean, median and variation are t.interval, quantile_test and Vangel's formula")
  func moments() throws {
    let values: [Double] = [20, 25, 28, 33, 41, 44, 52, 58, 61, 66, 70, 72, 75, 80, 90]
    let sample = try #require(SampleMoments(values.shuffled()))
    #expect(close(sample.mean, 54.333333333333336, 1e-14))
    expect(sample.meanInterval(level: 0.95), 42.32094735987514, 66.34571930679152)
    #expect(sample.median == 58)
    expect(sample.medianInterval(level: 0.95), 33, 72)
    #expect(close(try #require(sample.variationCoefficient), 0.399231180191492, 1e-13))
    expect(sample.variationInterval(level: 0.95), 0.28194424684939645, 0.7016734709428369)
  }

  @Test("five values give no interval of the median at 95 %, six give their range")
  func smallMedian() throws {
    #expect(SampleMoments([1, 2, 3, 4, 5])?.medianInterval(level: 0.95) == nil)
    expect(SampleMoments([1, 2, 3, 4, 5, 6])?.medianInterval(level: 0.95), 1, 6)
    #expect(SampleMoments([]) == nil)
    #expect(SampleMoments([3])?.meanInterval(level: 0.95) == nil)
  }

  @Test(
    "50 against 75 hairs/cm2 is evidence on 1 cm2 and none on 0.5 cm2, where 37.5 hairs are 38",
    arguments: [
      (25, 0.5, 38, 0.5, 1.52, 0.8939643107300017, 2.627247798443435),
      (50, 1, 75, 1, 1.5, 1.0349706937440417, 2.1903608266439356),
      (40, 0.4, 30, 0.8, 0.375, 0.22555031631101757, 0.6173506284072238),
    ])
  func rateRatio(
    first: Double, firstArea: Double, second: Double, secondArea: Double, ratio: Double,
    low: Double, high: Double
  ) throws {
    let comparison = RateComparison(
      baselineCount: first, baselineArea: firstArea, followUpCount: second,
      followUpArea: secondArea)
    #expect(close(try #require(comparison.ratio), ratio, 1e-12))
    expect(comparison.ratioInterval(level: 0.95), low, high)
  }

  @Test(
    "a difference of rates has the interval of Zou and Donner",
    arguments: [
      (25, 0.5, 38, 0.5, -6.565989012692079, 59.36247819695275),
      (50, 1, 75, 1, 2.424461343960335, 47.97013512673952),
      (0, 1, 4, 1, -0.6985865077279332, 10.241588675403694),
    ])
  func rateDifference(
    first: Double, firstArea: Double, second: Double, secondArea: Double, low: Double,
    high: Double
  ) {
    let comparison = RateComparison(
      baselineCount: first, baselineArea: firstArea, followUpCount: second,
      followUpArea: secondArea)
    expect(comparison.differenceInterval(level: 0.95), low, high)
  }

  @Test("scale widens both ends by one ratio and never passes zero")
  func widening() {
    let interval = ConfidenceInterval(low: 80, high: 125)
    let wide = interval.widened(about: 100, byRelative: 0.1, level: 0.95)
    #expect(wide.low < 80 && wide.low > 0)
    #expect(close(wide.low * wide.high, 100 * 100, 1e-12))
    #expect(interval.widened(about: 100, byRelative: 0, level: 0.95) == interval)
    let none = ConfidenceInterval(low: 0, high: 3.7)
      .widened(about: 0, byRelative: 0.1, level: 0.95)
    #expect(none.low == 0 && none.high > 3.7)
  }
}

private func close(_ value: Double, _ expected: Double, _ relative: Double) -> Bool {
  abs(value - expected) <= relative * max(abs(expected), 1e-3)
}

private func expect(
  _ interval: ConfidenceInterval?, _ low: Double, _ high: Double,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  guard let interval else {
    Issue.record("there is an interval", sourceLocation: sourceLocation)
    return
  }
  #expect(close(interval.low, low, 1e-9), sourceLocation: sourceLocation)
  #expect(close(interval.high, high, 1e-9), sourceLocation: sourceLocation)
}
