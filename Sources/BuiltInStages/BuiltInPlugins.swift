import Calibration
import Deidentification
import Dermatoscope
import HairAnalysis
import ImageFiles
import Phantom
import Registry
import Reports
public import StageKit

/// An in-tree plugin: a folder under `Plugins/` that provides stages.
public struct BuiltInPlugin: Sendable {
  /// The folder's name.
  public let name: String
  /// Its stages.
  public let stages: [StageEntry]

  /// Every in-tree plugin, in the order of the work.
  public static let all: [BuiltInPlugin] = [
    BuiltInPlugin(
      name: "Dermatoscope",
      stages: [StageEntry(DermatoscopeCapture.self), StageEntry(DermatoscopeReplay.self)]),
    BuiltInPlugin(name: "ImageFiles", stages: [StageEntry(ImageFileSource.self)]),
    BuiltInPlugin(name: "Phantom", stages: [StageEntry(ScalpPhantom.self)]),
    BuiltInPlugin(name: "Calibration", stages: [StageEntry(ApplyCalibration.self)]),
    BuiltInPlugin(name: "HairAnalysis", stages: [StageEntry(AnalyseHair.self)]),
    BuiltInPlugin(
      name: "Deidentification",
      stages: [
        StageEntry(DeidentifyAcquisitions.self), StageEntry(DeidentifyMeasurements.self),
        StageEntry(DeidentifyImages.self),
      ]),
    BuiltInPlugin(
      name: "Registry", stages: [StageEntry(SQLiteRegistry.self), StageEntry(RegistryTables.self)]),
    BuiltInPlugin(
      name: "Reports",
      stages: [
        StageEntry(VisitReport.self), StageEntry(StudyReport.self), StageEntry(RecordList.self),
      ]),
  ]

  /// Every in-tree stage.
  public static let catalogue: [StageEntry] = all.flatMap(\.stages)
}
