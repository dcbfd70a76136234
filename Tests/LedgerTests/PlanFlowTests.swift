import Ledger
import Testing

/// Held is a matter of privacy, failed a technical one.
@Suite struct PlanFlowTests {
  private let flow = PlanFlow(before: ["registry": ["pictures"]], deidentifying: ["pictures"])

  @Test(arguments: ["burned_in_text", "unknown_carrier", "truncated"])
  func whatADeidentifierFindsIsHeld(reason: String) {
    #expect(flow.holds("pictures", for: reason))
    #expect(!flow.holds("calibrate", for: reason))
  }

  @Test(arguments: ["content_missing", "content_changed", "time_limit", "out_of_memory"])
  func whatTheMachineOrAStoredFileIsAtFaultForIsNot(reason: String) {
    #expect(!flow.holds("pictures", for: reason))
  }
}
