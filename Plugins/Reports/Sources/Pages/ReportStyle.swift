/// The style sheet that every page carries, for screen and paper.
enum ReportStyle {
  static let sheet = Markup(
    trusted: """
      :root { --ink: #1d2733; --soft: #5b6875; --line: #d7dde3; --plate: #f5f7f9; --accent: #0b5c8a;
        --good: #146c43; --bad: #a33a00; }
      * { box-sizing: border-box; }
      body { margin: 0; font: 15px/1.5 "Inter", "Segoe UI", "Helvetica Neue", Arial, sans-serif;
        color: var(--ink); background: #fff; font-variant-numeric: tabular-nums; }
      main, header.page, footer { max-width: 1120px; margin: 0 auto; padding: 0 28px; }
      header.page { padding-top: 30px; padding-bottom: 18px; border-bottom: 3px solid var(--accent); }
      header.page .brand { display: flex; justify-content: space-between; color: var(--soft);
        font-size: 13px; letter-spacing: .02em; }
      h1 { font-size: 30px; line-height: 1.2; margin: 10px 0 4px; letter-spacing: -.01em; }
      h2 { font-size: 21px; margin: 38px 0 10px; padding-bottom: 5px;
        border-bottom: 1px solid var(--line); }
      h3 { font-size: 15px; margin: 24px 0 8px; }
      p { margin: 6px 0; max-width: 78ch; }
      a { color: var(--accent); }
      .facts { color: var(--soft); margin: 0; }
      .badge { display: inline-block; padding: 1px 9px; border-radius: 999px; font-size: 12px;
        font-weight: 600; border: 1px solid currentColor; margin-right: 6px; white-space: nowrap; }
      .badge.draft { color: var(--bad); } .badge.locked { color: var(--good); }
      .badge.plain { color: var(--soft); }
      .notice { margin: 12px 0 0; padding: 9px 14px; background: var(--plate);
        border-left: 3px solid var(--accent); font-size: 14px; max-width: none; }
      .notice.warn { border-left-color: var(--bad); }
      table { border-collapse: collapse; font-size: 14px; }
      th { text-align: left; font-weight: 600; }
      table.values { width: 100%; }
      table.values th, table.values td { padding: 6px 12px 6px 0; vertical-align: top;
        border-bottom: 1px solid var(--line); }
      table.values thead th { border-bottom: 2px solid var(--ink); vertical-align: bottom; }
      table.values tr.lead td, table.values tr.lead th { background: var(--plate); }
      table.values tr > :first-child { padding-left: 10px; }
      .basis, .interval, .set { display: block; color: var(--soft); font-size: 12.5px;
        font-weight: 400; }
      .value { font-weight: 600; } .unit { color: var(--soft); }
      .missing { color: var(--bad); font-size: 13px; }
      .secondary { color: var(--soft); font-size: 12.5px; display: block; }
      table.grid { margin: 8px 0; }
      table.grid th, table.grid td { border: 1px solid var(--line); padding: 4px 11px;
        text-align: center; }
      table.grid th:first-child, table.grid td:first-child { text-align: left; }
      table.grid thead th { background: var(--plate); }
      td.done { color: var(--good); background: #eef7f2; }
      td.rejected { color: var(--bad); background: #fdf1ea; }
      td.absent { color: var(--soft); }
      .legend { font-size: 13px; color: var(--soft); max-width: none; }
      .basis span { white-space: nowrap; }
      .key { display: inline-block; width: 22px; height: 0; border-top: 4px solid; margin: 0 6px 3px 0;
        vertical-align: middle; border-radius: 2px; }
      .key.outlined { outline: 1px solid #14181c88; }
      .overview { display: grid; grid-template-columns: minmax(300px, 460px) 1fr; gap: 30px;
        align-items: start; }
      svg.chart { width: 100%; height: auto; font-family: inherit; }
      svg.chart.wide { max-width: 720px; display: block; }
      svg.chart .grid { stroke: var(--line); } svg.chart text { font-size: 12px; fill: var(--soft); }
      svg.chart text.visit { font-size: 13px; fill: var(--ink); font-weight: 600; }
      svg.chart text.series { font-size: 12.5px; font-weight: 600; }
      svg.chart .line { fill: none; stroke-width: 2; } svg.chart .whisker { fill: none;
        stroke-width: 1.5; } svg.chart .leader { stroke: var(--line); fill: none; }
      svg.chart g.subject path { fill: none; stroke: #0072B2; stroke-opacity: .35; }
      svg.chart g.subject circle { fill: #0072B2; fill-opacity: .55; }
      svg.chart g.mean path { fill: none; stroke: var(--ink); stroke-width: 3; }
      svg.chart g.mean circle { fill: var(--ink); }
      .pictures { display: grid; gap: 14px 16px; margin: 6px 0 10px; align-items: start; }
      .pictures .visit { display: grid; gap: 14px; }
      figure { margin: 0; break-inside: avoid; }
      figure img { display: block; height: auto; border-radius: 3px; background: #222; }
      figcaption { font-size: 12.5px; color: var(--soft); margin-top: 5px; line-height: 1.4; }
      figcaption b { color: var(--ink); }
      .held { padding: 26px 14px; background: var(--plate); border: 1px dashed var(--line);
        border-radius: 3px; font-size: 13px; color: var(--bad); }
      dl.definitions { display: grid; grid-template-columns: 190px 1fr; gap: 4px 18px;
        font-size: 13.5px; }
      dl.definitions dt { font-weight: 600; } dl.definitions dd { margin: 0; color: #36424e; }
      footer { margin-top: 40px; padding: 14px 28px 34px; color: var(--soft); font-size: 12.5px;
        border-top: 1px solid var(--line); }
      @media screen and (max-width: 760px) { .overview { grid-template-columns: 1fr; }
        .pictures { grid-template-columns: 1fr !important; } }
      @media print {
        @page { size: A4; margin: 14mm 13mm; }
        body { font-size: 9.5pt; } table, p.legend, figcaption { font-size: 8.5pt; }
        .basis, .interval, .set, .secondary { font-size: 7.5pt; } table.values th, table.values td {
        padding-top: 3px; padding-bottom: 3px; } h2 { margin-top: 20px; } h3 { break-after: avoid; } main, header.page, footer { max-width: none; padding-left: 0; padding-right: 0; }
        h2 { break-after: avoid; } .region + .region { break-before: page; }
        .definitions-part { break-before: page; } tr, figure, svg { break-inside: avoid; }
        thead { display: table-header-group; } a { color: inherit; text-decoration: none; }
        * { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
      }
      """)
}
