/// What the shell is told; the numbers are those of `sysexits.h` where it has one.
enum ExitStatus: Int32, Sendable {
  /// All done.
  case done = 0
  /// Done, with records set aside, or a negative finding.
  case setAside = 1
  /// The command line is wrong.
  case usage = 64
  /// The input is wrong.
  case badData = 65
  /// A device or service is missing, or the data folder is in use.
  case unavailable = 69
  /// A bug.
  case bug = 70
  /// Reading or writing failed.
  case io = 74
  /// A pipeline, study or setting is wrong.
  case configuration = 78
  /// Stopped before all was done: the next run goes on. By a second signal, or by the first where
  /// nothing is kept, at once.
  case interrupted = 130

  /// The table that `anagen --help` ends with.
  static let table = """
    EXIT STATUS:
      0    done
      1    done, with records set aside, or a negative finding
      64   wrong use of the command line
      65   wrong data
      69   a device or service is missing, or the data folder is in use
      70   a bug
      74   reading or writing failed
      78   wrong configuration
      130  interrupted: the next run goes on
    """
}
