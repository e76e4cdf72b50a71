import Migrations
import TaskRun

/// The statements of this store: each is a file in `SQL/`, which also explains it.
enum Statements {
    // Claim
    static let nextQueue = Query(PackageResources.next_queue_sql, LaneRow.init)
    static let nextKeyedQueue = Query(PackageResources.next_keyed_queue_sql, LaneRow.init)
    static let nextPriority = Query(PackageResources.next_priority_sql, LaneRow.init)
    static let nextKeyedPriority = Query(PackageResources.next_keyed_priority_sql, LaneRow.init)
    static let headOfLane = Query(PackageResources.head_of_lane_sql, FirstRow.init)
    static let headOfKeyedLane = Query(PackageResources.head_of_keyed_lane_sql, FirstRow.init)
    static let crashed = Query(PackageResources.crashed_sql, DueRow.init)
    static let pausedQueues = Query<[UInt8]>(PackageResources.paused_queues_sql, "queue")
    static let julianDay = Query<Double>(PackageResources.julian_day_sql, "day")
    static let claim = Query<ClaimedTask>(PackageResources.claim_sql) { ClaimedTask($0, of: nil) }
    static let claimTrial = Change(PackageResources.claim_trial_sql)
    static let claimable = Query<Int64>(PackageResources.claimable_sql, "id")
    static let setBudget = Query<Int64>(PackageResources.set_budget_sql, "bytes_left")
    static let payloadSize = Query<Int>(PackageResources.payload_size_sql, "bytes")
    static let anyTrigger = Query<Bool>(PackageResources.any_trigger_sql, "is_there")
    static let countHeld = Query<Int>(PackageResources.count_held_sql, "number")
    static let countFailed = Query<Int>(PackageResources.count_failed_sql, "number")

    // Settle
    static let delete = Change(PackageResources.delete_sql)
    static let deleteAll = Change(PackageResources.delete_all_sql)
    static let retry = Change(PackageResources.retry_sql)
    static let fail = Change(PackageResources.fail_sql)
    static let release = Change(PackageResources.release_sql)
    static let renew = Change(PackageResources.renew_sql)
    static let holdsClaim = Query(PackageResources.holds_claim_sql)
    static let leaseLeft = Query<Double>(PackageResources.lease_left_sql, "seconds")
    static let held = Query(PackageResources.held_sql, HeldRow.init)
    static let equalOf = Query(PackageResources.equal_of_sql, EqualRow.init)
    static let removeOlder = Query(PackageResources.remove_older_sql, RemovedRow.init)
    static let giveWay = Query(PackageResources.give_way_sql, RemovedRow.init)
    static let noteStuck = Change(PackageResources.note_stuck_sql)
    static let stuck = Query(PackageResources.stuck_sql, StuckTask.init)
    static let forgetStuck = Change(PackageResources.forget_stuck_sql)

    // Recover
    static let owners = Query<String>(PackageResources.owners_sql, "lease_owner")
    static let abandoned = Query(PackageResources.abandoned_sql, AbandonedRow.init)
    static let far = Query<Int64>(PackageResources.far_sql, "id")
    static let cut = Change(PackageResources.cut_sql)
    static let takeOver = Change(PackageResources.take_over_sql)

    // Wait
    static let anyClaim = Query(PackageResources.any_claim_sql)
    static let anyCrashed = Query(PackageResources.any_crashed_sql)
    static let nextWaitingName = Query<[UInt8]>(PackageResources.next_waiting_name_sql, "task_name")
    static let nextKeyedName = Query<[UInt8]>(PackageResources.next_keyed_name_sql, "task_name")
    static let crashedNames = Query<String>(PackageResources.crashed_names_sql, "task_name")
    static let firstExpiry = Query<Double?>(PackageResources.first_expiry_sql, "moment")
    static let pausedUntil = Query<Double?>(PackageResources.paused_until_sql, "moment")
    static let firstCrashed = Query<Double?>(PackageResources.first_crashed_sql, "moment")
    static let present = Query<Double>(PackageResources.present_sql, "moment")

    // Locks
    static let anyOpen = Query(PackageResources.any_open_sql)
    static let isAllowed = Query<Bool>(PackageResources.is_allowed_sql, "is_allowed")
    static let markBehind = Change(PackageResources.mark_behind_sql)
    static let hold = Change(PackageResources.hold_sql)
    static let free = Change(PackageResources.free_sql)
    static let freeFailed = Change(PackageResources.free_failed_sql)
    static let promote = Change(PackageResources.promote_sql)
    static let keyOf = Query<String?>(PackageResources.key_of_sql, "lock_key")
    static let anyBehind = Query(PackageResources.any_behind_sql)
    static let crashedWithoutKey = Query<Int64>(PackageResources.crashed_without_key_sql, "id")
    static let holdCrashed = Change(PackageResources.hold_crashed_sql)
    static let freeFailedHolder = Change(PackageResources.free_failed_holder_sql)
    static let spanBehind = Query(PackageResources.span_behind_sql, Span.init)
    static let deserted = Query<Int64>(PackageResources.deserted_sql, "id")
    static let anyExpired = Query(PackageResources.any_expired_sql)
    static let expire = Query(PackageResources.expire_sql, ExpiredRow.init)
    static let late = Query<Int64>(PackageResources.late_sql, "id")
    static let expiryTrial = Change(PackageResources.expiry_trial_sql)

    // Limits
    static let limits = Query(PackageResources.limits_sql, TaskLimit.init)
    static let quota = Query(PackageResources.quota_sql, Quota.init)
    static let countBegun = Change(PackageResources.count_begun_sql)
    static let setLimit = Change(PackageResources.set_limit_sql)
    static let removeLimit = Change(PackageResources.remove_limit_sql)

    // Results
    static let keep = Change(PackageResources.keep_sql)
    static let keepCancelled = Change(PackageResources.keep_cancelled_sql)
    static let deleteCancelled = Query(PackageResources.delete_cancelled_sql, RemovedRow.init)
    static let keepFailed = Change(PackageResources.keep_failed_sql)
    static let keepGivenWay = Change(PackageResources.keep_given_way_sql)
    static let progress = Change(PackageResources.progress_sql)
    static let cancelRequests = Query(PackageResources.cancel_requests_sql, ClaimProof.init)
    static let requestCancel = Query(PackageResources.request_cancel_sql, CancelAsked.init)
    static let anyExpiredResult = Query(PackageResources.any_expired_result_sql)
    static let prune = Change(PackageResources.prune_sql)
    static let result = Query(PackageResources.result_sql, TokenState.init)
    static let reusable = Query<String>(PackageResources.reusable_sql, "token")
    static let idOfToken = Query<Int64>(PackageResources.id_of_token_sql, "id")
    static let dropResults = Change(PackageResources.drop_results_sql)

    // Batches
    static let countEnds = Change(PackageResources.count_ends_sql)
    static let over = Query(PackageResources.over_sql, BatchFollower.init)
    static let failed = Query<Int64>(PackageResources.failed_sql, "number")
    static let makeDue = Change(PackageResources.make_due_sql)
    static let forgetBatch = Change(PackageResources.forget_batch_sql)
    static let ended = Query<String>(PackageResources.ended_sql, "batch")
    static let anyWaits = Query(PackageResources.any_waits_sql)
    static let anyDeserted = Query(PackageResources.any_deserted_sql)
    static let batches = Query(PackageResources.batches_sql, BatchRow.init)
    static let forgetDeserted = Change(PackageResources.forget_deserted_sql)

    // Admin
    static let equal = Query<Int64>(PackageResources.equal_sql, "id")
    static let dropLines = Change(PackageResources.drop_lines_sql)
    static let countLines = Query(PackageResources.count_lines_sql, LineCount.init)
    static let oldFailed = Query(PackageResources.old_failed_sql, MatchedTask.init)
    static let matching = Query(PackageResources.matching_sql, MatchedTask.init)
    static let matchingLatest = Query(PackageResources.matching_latest_sql, MatchedTask.init)
    static let show = Query(PackageResources.show_sql, TaskRow.init)
    static let showWithoutData = Query(PackageResources.show_without_data_sql, TaskRow.init)
    static let showToken = Query(PackageResources.show_token_sql, TaskRow.init)
    static let edge = Query<Int64>(PackageResources.edge_sql, "id")
    static let edgeLatest = Query<Int64>(PackageResources.edge_latest_sql, "id")
    static let nextMatch = Query(PackageResources.next_match_sql) { (row: ResultRow) in row.integerIfAny("id") }
    static let nextMatchLatest = Query(PackageResources.next_match_latest_sql) { (row: ResultRow) in
        row.integerIfAny("id")
    }
    static let totals = Query(PackageResources.totals_sql, TotalsRow.init)
    static let countPlain = Query(PackageResources.count_plain_sql, CountedLine.init)
    static let countKeyed = Query(PackageResources.count_keyed_sql, CountedLine.init)
    static let countRest = Query(PackageResources.count_rest_sql, CountedLine.init)
    static let failedNames = Query<[UInt8]>(PackageResources.failed_names_sql, "task_name")
    static let countFailedOf = Query(PackageResources.count_failed_of_sql, CountedLine.init)
    static let holders = Query(PackageResources.holders_sql, TableSummary.Holder.init)
    static let pauses = Query(PackageResources.pauses_sql, PausedQueue.init)
    static let pause = Change(PackageResources.pause_sql)
    static let resume = Query<String>(PackageResources.resume_sql, "queue")
    static let hasten = Query<Int64>(PackageResources.hasten_sql, "id")
    static let remove = Query(PackageResources.remove_sql, RemovedRow.init)
    static let nextFailed = Query<Int64>(PackageResources.next_failed_sql, "id")
    static let olderThanFailed = Query<Int64>(PackageResources.older_than_failed_sql, "id")
    static let sendBack = Query<Int64>(PackageResources.send_back_sql, "id")

    // Why
    static let whyFacts = Query(PackageResources.why_facts_sql, TaskFacts.init)
    static let whyHeld = Query(PackageResources.why_held_sql, HeldTask.init)
    static let whyWaiting = Query(PackageResources.why_waiting_sql, SeenRow.init)

    // History
    static let historyAdd = Change(PackageResources.history_add_sql)
    static let historyOfRow = Change(PackageResources.history_of_row_sql)
    static let historyPrune = Change(PackageResources.history_prune_sql)
    static let historyList = Query(PackageResources.history_list_sql, HistoryLine.init)
    static let historyKeyed = Query(PackageResources.history_keyed_sql, HistoryLine.init)
    static let historyNames = Query<String>(PackageResources.history_names_sql, "task_name")
    static let failureAdd = Change(PackageResources.failure_add_sql)
    static let failureTrim = Change(PackageResources.failure_trim_sql)
    static let failurePrune = Change(PackageResources.failure_prune_sql)
    static let failures = Query(PackageResources.failures_sql, FailureLine.init)

    // Runs
    static let runIdle = Change(PackageResources.run_idle_sql)
    static let runBegin = Query<Int64>(PackageResources.run_begin_sql, "id")
    static let runNote = Change(PackageResources.run_note_sql)
    static let runPrune = Change(PackageResources.run_prune_sql)
    static let reportPrune = Change(PackageResources.report_prune_sql)
    static let runList = Query(PackageResources.run_list_sql, RunRow.init)
    static let runNames = Query(PackageResources.run_names_sql, NamesOfHost.init)
    static let reportTake = Query<String>(PackageResources.report_take_sql, "task_name")

    // Measures
    static let measureAdd = Change(PackageResources.measure_add_sql)
    static let totalAdd = Change(PackageResources.total_add_sql)
    static let measurePrune = Change(PackageResources.measure_prune_sql)
    static let totalPrune = Change(PackageResources.total_prune_sql)
    static let measures = Query(PackageResources.measures_sql, MeasureRow.init)
    static let measureTotals = Query(PackageResources.measure_totals_sql, TaskMeasure.init)
    static let oldestClaimable = Query<ClaimableQueue?>(PackageResources.oldest_claimable_sql) { ClaimableQueue($0) }

    // Schema
    static let tables = Query(PackageResources.tables_sql, TableKind.init)
    static let names = Query<Bool>(PackageResources.names_sql, "are_there")
    static let applied = Query(PackageResources.applied_sql, SchemaState.Applied.init)
    static let leastVersion = Query<Int>(PackageResources.least_version_sql, "version")
    static let record = Change(PackageResources.record_sql)
    static let usedUp = Query<String>(PackageResources.used_up_sql, "name")

    // Check
    static let farLeases = Query<Int64>(PackageResources.far_leases_sql, "id")
    static let farHolders = Query<Int64>(PackageResources.far_holders_sql, "id")
    static let greatIDs = Query<Int64>(PackageResources.great_ids_sql, "id")
    static let firstWaiting = Query<Int64>(PackageResources.first_waiting_sql, "id")
    static let firstStuck = Query(PackageResources.first_stuck_sql, RefusedRow.init)
    static let countStuck = Query<Int>(PackageResources.count_stuck_sql, "number")
    static let keepers = Query(PackageResources.keepers_sql, Keeper.init)
    static let columns = Query(PackageResources.columns_sql, Makeup.Part.init(column:))
    static let indexesAndTriggers = Query(PackageResources.indexes_and_triggers_sql, Makeup.Part.init(object:))
    static let tableTexts = Query(PackageResources.table_texts_sql, TableText.init)
}
