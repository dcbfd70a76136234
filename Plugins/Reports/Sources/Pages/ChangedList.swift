import StageKit

/// What the list of pictures says otherwise than when a run last came to its end.
struct ChangedList {
  let changes: [ListChange]

  /// The most rows of a page; the file below `private/` has all.
  private static let rowLimit = 200

  /// A section with a row a change; nothing when there are none.
  var markup: Markup {
    guard !changes.isEmpty else { return "" }
    let rows: [Markup] = changes.prefix(ChangedList.rowLimit).map { change in
      """
      <tr><td>\(change.file)</td><td>\(change.kind.rawValue)</td><td>\(change.before)</td>\
      <td>\(change.now)</td></tr>
      """
    }
    let rest = changes.count - ChangedList.rowLimit
    let more: Markup =
      rest > 0 ? "<p class=\"legend\">and \(rest) more, in private/list-changes</p>" : ""
    return """
      <h2>Changed in the list of pictures since the last run</h2>
      <table class="values"><thead><tr><th>file</th><th>change</th><th>filed before</th>\
      <th>now</th></tr></thead><tbody>\(rows)</tbody></table>\(more)
      """
  }
}
