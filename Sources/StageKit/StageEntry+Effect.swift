extension StageEntry {
  /// Why this sink's effect could happen twice; `nil` for one that conforms, and for other stages.
  ///
  /// A sink without a way to keep its effect single does not conform (DESIGN §5.5), and no pipeline
  /// with it is valid.
  public var effectProblem: String? {
    switch (kind, manifest.effect) {
    case (.source, nil), (.transform, nil), (.projection, .projection): nil
    case (.source, _), (.transform, _): "it declares an effect, and acts on nothing"
    case (.projection, _): "it is written whole, and its manifest does not say so"
    case (.sink, .queryable) where input?.isStored == false:
      "it is asked for records that are not stored, of which nothing is known after a crash"
    case (.sink, .queryable):
      isQueryable ? nil : "it says that it can be asked, and answers nothing"
    case (.sink, .transactional), (.sink, .idempotent):
      isQueryable ? "it can be asked, and its manifest says otherwise" : nil
    case (.sink, .projection): "it says that it is written whole, and takes records one by one"
    case (.sink, nil): "it is neither transactional nor idempotent, and cannot be asked"
    }
  }
}
