public import ClinicalRecords

/// One stage type as the host sees it: its manifest, its border types, and how to make one.
///
/// The border types are checked before anything opens, so that the casts inside never fail.
public struct StageEntry: Sendable {
  /// What a stage does in the graph.
  public enum Kind: String, Sendable, Codable, CaseIterable {
    /// Makes records.
    case source
    /// Takes and makes.
    case transform
    /// Takes, acts on the world.
    case sink
    /// A sink that is written whole at drain.
    case projection
  }

  /// What the stage declares of itself.
  public let manifest: StageManifest
  /// What it does in the graph.
  public let kind: Kind
  /// Whether it is a sink that can be asked for a key.
  public let isQueryable: Bool
  /// What it takes.
  public let input: RecordType?
  /// What it makes.
  public let output: RecordType?
  /// Its settings.
  public let settings: [SettingDeclaration]
  /// The defaults, under the keys of the pipeline file.
  public let defaults: JSONValue
  /// Finds what is wrong with settings whose single values have been checked, by themselves and, where
  /// one is given, for a study.
  public let checkSettings: @Sendable (JSONValue, Study?) -> SettingProblem?
  /// The label that settings decide, when they do and can be read.
  public let givenLabel: @Sendable (JSONValue) -> GivenLabel?
  /// How an outside plugin's stage is started; `nil` for one that is linked in.
  public let program: StageProgram?
  /// Makes a stage that is linked in.
  public let make: @Sendable (JSONValue, StageContext) async throws -> RunningStage

  /// The JSON Schema of the stage's settings.
  public var settingsSchema: JSONValue {
    let properties = settings.map { declaration in
      JSONValue.Member(
        declaration.key, declaration.jsonSchema(standard: defaults[declaration.key]))
    }
    let required = settings.filter(\.required).map { JSONValue.string($0.key) }
    return .object(
      [
        JSONValue.Member("type", .string("object")),
        JSONValue.Member("properties", .object(properties)),
        JSONValue.Member("additionalProperties", .boolean(false)),
      ] + (required.isEmpty ? [] : [JSONValue.Member("required", .array(required))]))
  }
}

/// A record type as the host sees it.
public struct RecordType: Sendable {
  /// The schema id.
  public let schema: SchemaID
  /// Which Swift type, to find two copies of one record library.
  public let identifier: ObjectIdentifier
  /// Reads a stored record's payload, given the folder of its contents; `nil` for derived types.
  public let decode: (@Sendable ([UInt8], String?) throws -> any StoredRecord)?
  /// Reads a record that came from another process: its payload and its samples, if it has such.
  ///
  /// `nil` for a derived type that is no `FrameRecord`: it cannot leave the process.
  public let receive: (@Sendable ([UInt8], [RecordFrame], RecordDecoder) throws -> any Record)?

  /// Whether the type is stored.
  public var isStored: Bool { decode != nil }

  /// Describes a type.
  public init<Value: Record>(_ type: Value.Type) {
    schema = type.schema
    identifier = ObjectIdentifier(type)
    decode = (type as? any StoredRecord.Type).map { RecordType.decoder(of: $0) }
    if let stored = type as? any StoredRecord.Type {
      receive = { payload, _, decoder in try RecordType.read(stored, payload, decoder) }
    } else if let frames = type as? any FrameRecord.Type {
      receive = { try frames.init(frameHeader: $0, frames: $1, decoder: $2) }
    } else {
      receive = nil
    }
  }

  /// Describes a schema of an outside plugin's own.
  public init(foreign schema: SchemaID) {
    self.schema = schema
    identifier = ObjectIdentifier(ForeignRecord.self)
    decode = RecordType.decoder(of: ForeignRecord.self)
    receive = nil
  }

  private static func read<Value: StoredRecord>(
    _ type: Value.Type, _ payload: [UInt8], _ decoder: RecordDecoder
  ) throws -> any StoredRecord {
    try decoder.decode(type, from: payload)
  }

  private static func decoder<Value: StoredRecord>(
    of type: Value.Type
  ) -> @Sendable ([UInt8], String?) throws -> any StoredRecord {
    { payload, folder in try RecordDecoder(contentFolder: folder).decode(type, from: payload) }
  }
}

/// A stage that was made, behind its erased calls.
public enum RunningStage: Sendable {
  /// Runs until done; the closure takes a record and whether to wait for acceptance.
  case source(
    run:
      @Sendable (@escaping @Sendable (any Record, Bool) async throws -> Void) async throws -> Void
  )
  /// Makes an output, after saying how many bytes it may take.
  case transform(
    outputByteCount: @Sendable (any Record) -> Int,
    process: @Sendable (any Record, DeliveryContext) async throws -> any Record)
  /// Acts on a record; writes the rest at drain.
  case sink(
    destination: String,
    accept: @Sendable (any Record, DeliveryContext) async throws -> Void,
    finish: @Sendable (UpstreamAccount) async throws -> Void)
  /// Acts on a record under a key, and tells whether its destination has a key.
  case queryableSink(
    destination: String,
    send: @Sendable (any Record, EffectKey, DeliveryContext) async throws -> Void,
    query: @Sendable (EffectKey) async throws -> Bool,
    finish: @Sendable (UpstreamAccount) async throws -> Void)
  /// Writes all at drain: so many records, so many withdrawn ones behind them, what was set aside,
  /// what was refused, what the audit chain says, each record fetched by position.
  case projection(
    project:
      @Sendable (
        Int, Int, [SetAside], [Refused], [ListChange], AuditStatement?,
        @escaping @Sendable (Int) async throws -> (any StoredRecord, DeliveryContext)?
      ) async throws -> Void)

  /// The destination's own id, for a sink.
  public var destination: String? {
    switch self {
    case .sink(let destination, _, _), .queryableSink(let destination, _, _, _): destination
    case .source, .transform, .projection: nil
    }
  }
}

extension StageEntry {
  /// Describes a source.
  public init<Type: Source>(_ type: Type.Type) {
    self.init(type, kind: .source, input: nil, output: RecordType(Type.Output.self)) { stage in
      .source(run: { put in try await stage.run(into: SourceOutput(put)) })
    }
  }

  /// Describes a transform.
  public init<Type: Transform>(_ type: Type.Type) {
    self.init(
      type, kind: .transform, input: RecordType(Type.Input.self),
      output: RecordType(Type.Output.self)
    ) { stage in
      .transform(
        outputByteCount: { stage.outputByteCount(for: cast($0)) },
        process: { try await stage.process(cast($0), in: $1) })
    }
  }

  /// Describes a transform that makes records of a schema of its own.
  ///
  /// - Parameter schema: that schema; its name does not begin with `anagen.`.
  public init<Type: Transform>(_ type: Type.Type, makes schema: SchemaID)
  where Type.Output == ForeignRecord {
    self.init(
      type, kind: .transform, input: RecordType(Type.Input.self),
      output: RecordType(foreign: schema)
    ) { stage in
      .transform(
        outputByteCount: { stage.outputByteCount(for: cast($0)) },
        process: { try await stage.process(cast($0), in: $1) })
    }
  }

  /// Describes a sink.
  public init<Type: Sink>(_ type: Type.Type) {
    self.init(type, kind: .sink, input: RecordType(Type.Input.self), output: nil) { stage in
      .sink(
        destination: stage.destination, accept: { try await stage.accept(cast($0), in: $1) },
        finish: { try await stage.finish($0) })
    }
  }

  /// Describes a sink that can be asked.
  public init<Type: QueryableSink>(_ type: Type.Type) {
    self.init(
      type, kind: .sink, isQueryable: true, input: RecordType(Type.Input.self), output: nil
    ) { stage in
      .queryableSink(
        destination: stage.destination, send: { try await stage.send(cast($0), as: $1, in: $2) },
        query: { try await stage.query($0) }, finish: { try await stage.finish($0) })
    }
  }

  /// Describes a projection.
  public init<Type: Projection>(_ type: Type.Type) {
    self.init(type, kind: .projection, input: RecordType(Type.Input.self), output: nil) { stage in
      .projection(project: { count, withdrawn, setAside, refused, changes, audit, fetch in
        try await stage.project(
          ProjectedRecords(
            count: count, withdrawnCount: withdrawn, setAside: setAside, refused: refused,
            listChanges: changes, audit: audit, fetch: fetch))
      })
    }
  }

  /// Describes a stage without settings that a host makes for itself, such as what feeds a test.
  public init(
    manifest: StageManifest, kind: Kind, input: RecordType?, output: RecordType?,
    make: @escaping @Sendable (StageContext) async throws -> RunningStage
  ) {
    self.manifest = manifest
    self.kind = kind
    isQueryable = false
    self.input = input
    self.output = output
    settings = []
    defaults = .object([])
    checkSettings = { _, _ in nil }
    givenLabel = { _ in nil }
    program = nil
    self.make = { _, context in try await make(context) }
  }

  /// Describes a stage of an outside plugin, which a host runs in a process of its own.
  public init(
    manifest: StageManifest, kind: Kind, input: RecordType, output: RecordType?,
    settings: [SettingDeclaration], defaults: JSONValue, program: StageProgram
  ) {
    self.manifest = manifest
    self.kind = kind
    isQueryable = kind == .sink
    self.input = input
    self.output = output
    self.settings = settings
    self.defaults = defaults
    self.program = program
    checkSettings = { _, _ in nil }
    givenLabel = { _ in nil }
    make = { _, context in
      throw StageError(
        .fatal, "needs_process", subject: "stage '\(context.stage)' runs in a process alone",
        hint: "this is a fault of its host")
    }
  }

  private init<Type: Stage>(
    _ type: Type.Type, kind: Kind, isQueryable: Bool = false, input: RecordType?,
    output: RecordType?, running: @escaping @Sendable (Type) -> RunningStage
  ) {
    manifest = Type.manifest
    self.kind = kind
    self.isQueryable = isQueryable
    self.input = input
    self.output = output
    program = nil
    settings = Type.Settings.declarations
    do {
      defaults = try SettingsReader.defaults(of: Type.Settings.self)
    } catch {
      preconditionFailure("the defaults of \(Type.manifest.id) cannot be encoded: \(error)")
    }
    checkSettings = { given, study in
      do {
        let settings = try SettingsReader.read(Type.Settings.self, from: given)
        return study.flatMap { settings.problems(in: $0).first }
      } catch let problem as SettingProblem {
        return problem
      } catch {
        return SettingProblem("", "the settings cannot be read", hint: "\(error)")
      }
    }
    givenLabel = { given in
      do {
        return try SettingsReader.read(Type.Settings.self, from: given).givenLabel
      } catch {
        return nil  // `checkSettings` has the same error and says it
      }
    }
    make = { given, context in
      let settings = try SettingsReader.read(Type.Settings.self, from: given)
      return running(try await Type(settings: settings, context: context))
    }
  }
}

/// The plan has compared both ends of the edge, so a failure here is a bug of the host.
private func cast<Value: Record>(_ record: any Record) -> Value {
  guard let value = record as? Value else {
    preconditionFailure(
      "a record of \(record.schema) reached a stage for \(Value.schema)")
  }
  return value
}
