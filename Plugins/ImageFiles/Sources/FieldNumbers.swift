import ClinicalRecords
import StageKit

/// Which field of its region each picture is, where a list has no column `field`.
///
/// A picture that has a number in the data folder keeps it, whatever rows a list gained or lost: a
/// number that moved would give one picture the place of another. The file's name tells that it is
/// the same picture; where names do not, its bytes do. Others take the lowest number that is free.
struct FieldNumbers {
  private let filed: [AcquisitionKey: [FiledPicture]]
  /// The numbers that this run gave, by the path below the folder.
  private var given: [String: AcquisitionKey] = [:]

  /// Starts from what the data folder holds.
  init(_ filed: [FiledPicture]) {
    self.filed = Dictionary(grouping: filed) { $0.acquisition.with(field: 1) }
  }

  /// The list with the numbers of its pictures.
  ///
  /// - Parameters:
  ///   - places: where each picture is listed, for messages.
  ///   - digest: reads a file; called only for those whose names do not tell which picture they are.
  /// - Throws: ``ManifestProblems`` for pictures of which nobody can tell which they are.
  mutating func numbered(
    _ listed: [ListedAcquisition], places: [String], digest: (String) throws -> ContentDigest
  ) throws -> [ListedAcquisition] {
    var result = listed
    var problems = ManifestProblems()
    for (group, members) in Dictionary(
      grouping: listed.indices, by: { listed[$0].key.with(field: 1) })
    {
      let filed = self.filed[group] ?? []
      let matches = try matches(of: members.map { listed[$0] }, in: filed, digest: digest)
      for unsure in matches.unsure {
        problems.add(
          places[members[unsure]],
          "several pictures of this region are filed under this file name, and none has these bytes",
          hint: "write a column 'field' that numbers the pictures of each region")
      }
      var taken = Set(filed.map(\.acquisition.field)).union(matches.fields.values)
      var next = 1
      for (position, member) in members.enumerated() {
        var field = matches.fields[position]
        if field == nil {
          while !taken.insert(next).inserted { next += 1 }
          field = next
        }
        let key = group.with(field: field ?? 1)
        given[listed[member].file] = key
        result[member] = ListedAcquisition(
          file: listed[member].file, key: key, date: listed[member].date,
          micrometresPerPixel: listed[member].micrometresPerPixel)
      }
    }
    guard problems.problems.isEmpty else { throw problems.sorted(like: places) }
    return result
  }

  /// Finds the pictures of one region that have numbers, by their position.
  private func matches(
    of listed: [ListedAcquisition], in filed: [FiledPicture],
    digest: (String) throws -> ContentDigest
  ) throws -> (fields: [Int: Int], unsure: [Int]) {
    var fields: [Int: Int] = [:]
    for (position, picture) in listed.enumerated() {
      if let key = given[picture.file], key.with(field: 1) == picture.key.with(field: 1) {
        fields[position] = key.field
      }
    }
    var open = filed.filter { picture in !fields.values.contains(picture.acquisition.field) }
    // A place may have several versions of a file: one that was taken out, and one that stands.
    func take(_ position: Int, _ isSame: (FiledPicture) -> Bool) {
      guard fields[position] == nil, let field = open.first(where: isSame)?.acquisition.field
      else { return }
      fields[position] = field
      open.removeAll { $0.acquisition.field == field }
    }
    let rows = Dictionary(grouping: listed, by: \.name)
    let places = Dictionary(grouping: filed, by: \.file).mapValues {
      Set($0.map(\.acquisition.field))
    }
    for (position, picture) in listed.enumerated()
    where rows[picture.name]?.count == 1 && places[picture.name]?.count == 1 {
      take(position) { $0.file == picture.name }
    }
    for (position, picture) in listed.enumerated() where !open.isEmpty && fields[position] == nil {
      let bytes = try digest(picture.file)
      take(position) { $0.digest == bytes }
    }
    let unsure = listed.indices.filter { position in
      fields[position] == nil && open.contains { $0.file == listed[position].name }
    }
    return (fields, unsure)
  }
}

extension ListedAcquisition {
  /// The file's name without folders, as a record keeps it.
  var name: String { String(file.split(separator: "/").last ?? "") }
}

extension AcquisitionKey {
  /// The same place with another field; with field 1 it stands for the pictures that are counted
  /// together.
  fileprivate func with(field: Int) -> AcquisitionKey {
    AcquisitionKey(
      study: study, subject: subject, visit: visit, session: session, region: region, side: side,
      placement: placement, field: field, attempt: attempt)
  }
}
