import TaskRun
import Testing

@Suite("Where very many tasks have expired")
struct ExpiryPriorityTests {
    @Test("they come first, and once a second a claim does")
    func turns() {
        var rule = ExpiryPriority()
        let start = ContinuousClock.now
        let answers = (0...30).map { rule.comesFirst(isFull: true, now: start.advanced(by: .milliseconds(100 * $0))) }
        #expect(answers.indices.filter { !answers[$0] } == [10, 21])
        let end = start.advanced(by: .milliseconds(3100))
        let last = [false, true].map { rule.comesFirst(isFull: $0, now: end) }
        #expect(last == [false, true])
    }
}
