import ClinicalRecords

/// One page: the study's header, a body, definitions where asked for, and the footer.
///
/// A page stands alone: style and pictures lie inside it, it loads nothing and runs nothing, and
/// its policy forbids both even to markup that should never get there.
struct ReportPage {
  let study: Study
  let title: String
  /// The line below the title.
  let facts: Markup
  let body: Markup
  /// Shown above the title, such as the way back.
  var navigation: Markup = ""

  /// The page as UTF-8.
  var bytes: [UInt8] {
    let page: Markup = """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="robots" content="noindex">
      <meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; \
      style-src 'unsafe-inline'">
      <title>\(title) · \(study.id)</title>
      <style>\(ReportStyle.sheet)</style>
      </head>
      <body>
      \(header)
      <main>
      \(body)
      </main>
      <footer>Anagen, research software, not a medical device: figures serve research and no \
      diagnosis or treatment of a person. This report names subjects as the study does and shows \
      their photographs; it stays in <b>private/</b>.</footer>
      </body>
      </html>

      """
    return Array(page.text.utf8)
  }

  private var header: Markup {
    var protocolName: Markup = ""
    if let name = study.protocolName { protocolName = " · \(name)" }
    var notices: Markup = ""
    if !study.masked.isEmpty {
      notices += """
        <p class="notice">Masked study (\(study.masked.joined(separator: ", "))): this report \
        knows no treatment arm and must not be shown to who may not see figures.</p>
        """
    }
    if !study.assumed.isEmpty {
      notices += """
        <p class="notice warn">Assumed until confirmed: \
        \(study.assumed.joined(separator: ", ")).</p>
        """
    }
    return """
      <header class="page">
      <div class="brand"><span>\(study.id)\(protocolName)</span><span>\(navigation)</span></div>
      <h1>\(title)</h1>
      <p class="facts">\(facts)</p>
      <p>\(status)<span class="badge plain">study file \(study.version)</span>\
      <span class="badge plain">identified</span>\
      <span class="badge plain">research software, not a medical device</span></p>
      \(notices)
      </header>
      """
  }

  private var status: Markup {
    switch study.status {
    case .draft: #"<span class="badge draft">draft: figures may change</span>"#
    case .active: #"<span class="badge draft">active: figures may change</span>"#
    case .locked: #"<span class="badge locked">locked</span>"#
    case .unmasked: #"<span class="badge locked">locked, unmasked</span>"#
    }
  }
}

/// What every word and colour of a report means.
enum Definitions {
  /// - Parameter cutOffs: those of the measurements shown.
  static func markup(cutOffs: CutOffs, level: Double) -> Markup {
    let vellus = FigureText.number(cutOffs.vellusAtMost, decimals: 0)
    let thin = FigureText.number(cutOffs.thinBelow, decimals: 0)
    var entries: [Markup] = HairQuantity.allCases.map { quantity in
      "<dt>\(quantity.title)</dt><dd>\(quantity.definition)</dd>"
    }
    entries.append(
      """
      <dt>Terminal, vellus, thin</dt><dd>Terminal is above \(vellus) µm, vellus at or below; thin \
      is below \(thin) µm. Unresolved hairs have a shaft that could not be measured; they count \
      in densities of all hairs and in no share.</dd>
      <dt>Interval</dt><dd>\(FigureText.level(level)) unless it says otherwise. Sampling: which \
      skin was seen. Scale: how well µm per pixel is known; pictures of one calibration share \
      that error. Where the probe was put (placement) and what the analysis misses (detection) \
      are not in the interval; they stand apart in the registry.</dd>
      <dt>Fields, placements, attempts</dt><dd>Fields are patches of skin: counts are summed over \
      areas. Placements are the probe put back on one spot: figures are averaged, and their \
      number narrows no interval. Of the attempts at one field the first that passes its quality \
      gate is used, never one for its result.</dd>
      <dt>Change</dt><dd>Difference and ratio of two counts: secondary, since hairs are not \
      matched and the two pictures are not the same patch to the hair.</dd>
      <dt>Minimal detectable change</dt><dd>2.77 times the within-subject standard deviation of \
      repeated placements: a smaller difference in one subject is no evidence of change.</dd>
      """)
    return """
      <section class="definitions-part"><h2>Definitions</h2>\
      <dl class="definitions">\(entries)</dl></section>
      """
  }

  /// What the colours over the photographs mean.
  static var overlayLegend: Markup {
    let classes: [(Hair.Class, String)] = [
      (.terminal, "terminal"), (.vellus, "vellus"), (.unresolved, "unresolved"),
    ]
    let keys: [Markup] = classes.map { entry in
      """
      <span class="key outlined" style="border-color:\
      \(MeasurementOverlay.colour(of: entry.0).hexadecimal)"></span>\(entry.1) &nbsp;
      """
    }
    return """
      <p class="legend">\(keys)white dot: root of a counted hair &nbsp; thin and faint: not \
      counted, the root lies outside &nbsp; white line: measured area</p>
      """
  }
}
