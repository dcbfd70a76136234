// Every kind of fault that the readers of this module report, with what `explain` says of it.
extension Diagnostic.Code {
  /// Every code of this module, in the order of this file.
  public static let all: [Diagnostic.Code] = [
    .fileTooLarge, .notUTF8, .forbiddenCharacter, .tooComplex, .emptyFile, .yamlSyntax,
    .aliasRefused, .tagRefused, .duplicateKey, .keyNotText, .unknownKey, .missingKey,
    .misplacedKey, .wrongType, .outOfRange, .wrongUnit, .unknownWord, .badName,
    .undeclaredVariable, .unusedVariable, .variableWithoutValue, .missingEnvironment,
    .badReference, .misplacedReference, .secretWrittenOut, .missingFile, .outsideDataFolder,
    .dataFolderInside, .sharedOutput, .unknownStage, .missingSetting, .settingsConflict,
    .missingInput,
    .inputOfSource, .duplicateInput, .unknownInput, .inputIsSink, .cycle, .schemaMismatch,
    .typeMismatch, .looseEnd, .effectNotSingle, .intakeNotLive, .dropRefused, .memory, .privacy,
    .missingAccepts, .grantRefused, .grantUnneeded, .identifiedOutside, .testStage,
    .testFixture, .badPattern, .studyConflict, .fieldTooSmall, .unmasks, .allocationInStudy,
  ]

  // MARK: - The file as text

  static let fileTooLarge = Diagnostic.Code(
    "file_too_large",
    "The file is larger than 1 MiB. A pipeline or study is written by hand; nothing of that "
      + "size is one, so it is not read.")
  static let notUTF8 = Diagnostic.Code(
    "not_utf8",
    "The bytes are not UTF-8 text. The place is the first byte that cannot be read.")
  static let forbiddenCharacter = Diagnostic.Code(
    "forbidden_character",
    "The file holds NUL, another control character, or a line end that editors do not "
      + "count, so that line numbers would differ.")
  static let tooComplex = Diagnostic.Code(
    "too_complex",
    "The file nests deeper, or holds more brackets, lists, aliases or stages, than any file "
      + "written by hand; such files are made to exhaust the reader.")
  static let emptyFile = Diagnostic.Code(
    "empty_file",
    "The file holds nothing but space and comments.")
  static let yamlSyntax = Diagnostic.Code(
    "yaml_syntax",
    "The text is not YAML, or holds more than one document.")
  static let aliasRefused = Diagnostic.Code(
    "alias_refused",
    "YAML anchors (&) and aliases (*) are not offered: a value is read where it stands.")
  static let tagRefused = Diagnostic.Code(
    "tag_refused",
    "YAML tags (!) are not offered: the type of a value follows from its key.")
  static let duplicateKey = Diagnostic.Code(
    "duplicate_key",
    "The same key, label or id is given twice, and only one could count.")
  static let keyNotText = Diagnostic.Code(
    "key_not_text",
    "A key is a list, a mapping or nothing.")

  // MARK: - Keys and values

  static let unknownKey = Diagnostic.Code(
    "unknown_key",
    "The key means nothing at this place. Unknown keys are errors, since a misspelt one "
      + "would silently do nothing.")
  static let missingKey = Diagnostic.Code(
    "missing_key",
    "A key that has no default is not given.")
  static let misplacedKey = Diagnostic.Code(
    "misplaced_key",
    "The key is known but has no effect on this kind of stage or shape.")
  static let wrongType = Diagnostic.Code(
    "wrong_type",
    "The value is not of the type that its key takes.")
  static let outOfRange = Diagnostic.Code(
    "out_of_range",
    "The number lies outside the range that its key takes.")
  static let wrongUnit = Diagnostic.Code(
    "wrong_unit",
    "The unit is missing or measures something else.")
  static let unknownWord = Diagnostic.Code(
    "unknown_word",
    "The value is not one of the words that its key takes, or names something that is not "
      + "declared.")
  static let badName = Diagnostic.Code(
    "bad_name",
    "A name holds characters that file names, keys or logs cannot carry.")

  // MARK: - Variables, environment, secrets

  static let undeclaredVariable = Diagnostic.Code(
    "undeclared_variable",
    "A variable is used or given and not declared under 'vars'.")
  static let unusedVariable = Diagnostic.Code(
    "unused_variable",
    "A variable is declared and used nowhere.")
  static let variableWithoutValue = Diagnostic.Code(
    "variable_without_value",
    "A variable has no default and the command line gives no value.")
  static let missingEnvironment = Diagnostic.Code(
    "missing_environment",
    "${env:NAME} names a variable that the environment does not have.")
  static let badReference = Diagnostic.Code(
    "bad_reference",
    "A text holds '${' and is not one of ${var:NAME}, ${env:NAME}, ${secret:NAME}.")
  static let misplacedReference = Diagnostic.Code(
    "misplaced_reference",
    "A reference stands where none may: in the graph, in a privacy label, or a secret "
      + "outside of a setting that asks for one.")
  static let secretWrittenOut = Diagnostic.Code(
    "secret_written_out",
    "A setting that asks for a secret holds a text instead of ${secret:NAME}.")

  // MARK: - Files

  static let missingFile = Diagnostic.Code(
    "missing_file",
    "A file or folder that the pipeline names is not there or cannot be read.")
  static let dataFolderInside = Diagnostic.Code(
    "data_folder_inside",
    "The data folder lies in a folder that a stage reads, so that what a run writes would be read "
      + "as if it had been given.")
  static let outsideDataFolder = Diagnostic.Code(
    "outside_data_folder",
    "A stage would write outside the run's data folder.")
  static let sharedOutput = Diagnostic.Code(
    "shared_output",
    "Two stages would write the same file.")

  // MARK: - Stages and wiring

  static let unknownStage = Diagnostic.Code(
    "unknown_stage",
    "'use' names a stage type that this installation does not have.")
  static let missingSetting = Diagnostic.Code(
    "missing_setting",
    "A setting that has no default is not given.")
  static let settingsConflict = Diagnostic.Code(
    "settings_conflict",
    "The settings are each in range and do not go together.")
  static let missingInput = Diagnostic.Code(
    "missing_input",
    "A transform or sink names no stage to take from.")
  static let inputOfSource = Diagnostic.Code(
    "input_of_source",
    "A source has 'from', and takes nothing.")
  static let duplicateInput = Diagnostic.Code(
    "duplicate_input",
    "'from' names a stage twice.")
  static let unknownInput = Diagnostic.Code(
    "unknown_input",
    "'from' names something that is no stage of the file.")
  static let inputIsSink = Diagnostic.Code(
    "input_is_sink",
    "'from' names a sink, which gives nothing on.")
  static let cycle = Diagnostic.Code(
    "cycle",
    "Stages take from each other in a circle.")
  static let schemaMismatch = Diagnostic.Code(
    "schema_mismatch",
    "A stage takes another record, or a newer version of it, than it is given.")
  static let typeMismatch = Diagnostic.Code(
    "type_mismatch",
    "Two stages were built against different copies of one record type.")
  static let looseEnd = Diagnostic.Code(
    "loose_end",
    "The output of a stage goes nowhere; every output goes somewhere.")
  static let effectNotSingle = Diagnostic.Code(
    "effect_not_single",
    "A crash can bring a record to a sink twice. A sink's effect stays single when it is one "
      + "transaction with its key, when the same record again changes nothing, or when the "
      + "destination can be asked what it has; this one offers none of them.")
  static let intakeNotLive = Diagnostic.Code(
    "intake_not_live",
    "'intake' is for sources whose records come whether or not there is room.")
  static let dropRefused = Diagnostic.Code(
    "drop_refused",
    "Records may be dropped only where they come by themselves; what somebody asked for is "
      + "refused aloud instead.")
  static let memory = Diagnostic.Code(
    "memory_ceiling",
    "The memory that the run may take is more than 'memory', or than half of the machine's.")

  // MARK: - Privacy

  static let privacy = Diagnostic.Code(
    "privacy",
    "Records would reach a sink that does not accept their privacy label.")
  static let missingAccepts = Diagnostic.Code(
    "missing_accepts",
    "A sink of released records does not say which label it accepts.")
  static let grantRefused = Diagnostic.Code(
    "grant_refused",
    "'declassify' stands on a stage that cannot lower a label, or not so far.")
  static let grantUnneeded = Diagnostic.Code(
    "grant_unneeded",
    "'declassify' stands on a stage whose input has that label already.")
  static let identifiedOutside = Diagnostic.Code(
    "identified_outside",
    "A sink would write identified records outside 'private/' of the data folder.")

  // MARK: - Tests

  static let testStage = Diagnostic.Code(
    "test_stage",
    "A test names something that is no stage of the file, a stage that no file can feed, or one "
      + "that nothing it feeds can reach.")
  static let testFixture = Diagnostic.Code(
    "test_fixture",
    "What a test feeds is not there, or is nothing that its stage takes.")

  // MARK: - Studies

  static let badPattern = Diagnostic.Code(
    "bad_pattern",
    "A pattern of subject numbers or file names cannot be read.")
  static let studyConflict = Diagnostic.Code(
    "study_conflict",
    "Two statements of the study do not go together.")
  static let fieldTooSmall = Diagnostic.Code(
    "field_too_small",
    "The optics' field cannot hold the target area with its guard.")
  static let unmasks = Diagnostic.Code(
    "unmasks",
    "Somebody who is masked would learn the arm or the outcome.")
  static let allocationInStudy = Diagnostic.Code(
    "allocation_in_study",
    "A subject number stands beside an arm; the allocation is kept in an encrypted file of "
      + "its own.")
}
