import Migrations
import TaskRun

/// The statements of this store, as they stand in `SQL/`, where each is explained.
enum Statements {
    // Claim
    static let nextQueue = Query(PackageResources.next_queue_sql, LaneRow.reader)
    static let nextKeyedQueue = Query(PackageResources.next_keyed_queue_sql, LaneRow.reader)
    static let nextPriority = Query(PackageResources.next_priority_sql, LaneRow.reader)
    static let nextKeyedPriority = Query(PackageResources.next_keyed_priority_sql, LaneRow.reader)
    static let headOfLane = Query(PackageResources.head_of_lane_sql, Head.reader)
    static let headOfKeyedLane = Query(PackageResources.head_of_keyed_lane_sql, Head.reader)
    static let crashed = Query(PackageResources.crashed_sql, SQLiteStore.Candidate.reader)
    static let pausedQueues = Query<[UInt8]>(PackageResources.paused_queues_sql, "queue")
    static let julianDay = Query<Double>(PackageResources.julian_day_sql, "day")
    static let claim = Query(PackageResources.claim_sql, ClaimedTask.reader)
    static let claimOfLane = Query(PackageResources.claim_of_lane_sql, Taken.reader)
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
    static let isInHand = Query(PackageResources.is_in_hand_sql)
    static let leaseLeft = Query<Double>(PackageResources.lease_left_sql, "seconds")
    static let held = Query(PackageResources.held_sql, Held.reader)
    static let equalOf = Query(PackageResources.equal_of_sql, EqualRow.reader)
    static let removeOlder = Query(PackageResources.remove_older_sql, RemovedRow.reader)
    static let giveWay = Change(PackageResources.give_way_sql)
    static let noteStuck = Change(PackageResources.note_stuck_sql)
    static let stuck = Query(PackageResources.stuck_sql, Stuck.reader)
    static let forgetStuck = Change(PackageResources.forget_stuck_sql)

    // Recover
    static let owners = Query<String>(PackageResources.owners_sql, "lease_owner")
    static let abandoned = Query(PackageResources.abandoned_sql, Abandoned.reader)
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
    static let promoteKeyOf = Change(PackageResources.promote_key_of_sql)
    static let keyOf = Query<String?>(PackageResources.key_of_sql, "lock_key")
    static let anyBehind = Query(PackageResources.any_behind_sql)
    static let crashedWithoutKey = Query<Int64>(PackageResources.crashed_without_key_sql, "id")
    static let holdCrashed = Change(PackageResources.hold_crashed_sql)
    static let freeFailedHolder = Change(PackageResources.free_failed_holder_sql)
    static let spanBehind = Query(PackageResources.span_behind_sql, Span.reader)
    static let deserted = Query<Int64>(PackageResources.deserted_sql, "id")
    static let anyExpired = Query(PackageResources.any_expired_sql)
    static let expire = Query(PackageResources.expire_sql, ExpiredRow.reader)
    static let late = Query<Int64>(PackageResources.late_sql, "id")
    static let expiryTrial = Change(PackageResources.expiry_trial_sql)

    // Limits
    static let limits = Query(PackageResources.limits_sql, TaskLimit.reader)
    static let quota = Query(PackageResources.quota_sql, Quota.reader)
    static let countBegun = Change(PackageResources.count_begun_sql)
    static let setLimit = Change(PackageResources.set_limit_sql)
    static let removeLimit = Change(PackageResources.remove_limit_sql)

    // Results
    static let keep = Change(PackageResources.keep_sql)
    static let keepCancelled = Change(PackageResources.keep_cancelled_sql)
    static let deleteCancelled = Query(PackageResources.delete_cancelled_sql, RemovedRow.reader)
    static let keepFailed = Change(PackageResources.keep_failed_sql)
    static let keepGivenWay = Change(PackageResources.keep_given_way_sql)
    static let progress = Change(PackageResources.progress_sql)
    static let cancelRequests = Query(PackageResources.cancel_requests_sql, ClaimProof.reader)
    static let requestCancel = Query(PackageResources.request_cancel_sql, CancelAsked.reader)
    static let anyExpiredResult = Query(PackageResources.any_expired_result_sql)
    static let prune = Change(PackageResources.prune_sql)
    static let result = Query(PackageResources.result_sql, TokenState.reader)
    static let reusable = Query<String>(PackageResources.reusable_sql, "token")
    static let idOfToken = Query<Int64>(PackageResources.id_of_token_sql, "id")
    static let dropResults = Change(PackageResources.drop_results_sql)

    // Batches
    static let countEnds = Change(PackageResources.count_ends_sql)
    static let over = Query(PackageResources.over_sql, WaitingTask.reader)
    static let failed = Query<Int64>(PackageResources.failed_sql, "number")
    static let makeDue = Change(PackageResources.make_due_sql)
    static let forgetBatch = Change(PackageResources.forget_batch_sql)
    static let ended = Query<String>(PackageResources.ended_sql, "batch")
    static let anyWaits = Query(PackageResources.any_waits_sql)
    static let anyDeserted = Query(PackageResources.any_deserted_sql)
    static let forgetDeserted = Change(PackageResources.forget_deserted_sql)

    // Admin
    static let add = Change(PackageResources.add_sql)
    static let equal = Query<Int64>(PackageResources.equal_sql, "id")
    static let makeLines = Change(PackageResources.make_lines_sql)
    static let dropLines = Change(PackageResources.drop_lines_sql)
    static let gatherLine = Change(PackageResources.gather_line_sql)
    static let countLines = Query(PackageResources.count_lines_sql, LineCount.reader)
    static let moveLines = Query(PackageResources.move_lines_sql, AddedLine.reader)
    static let list = Query(PackageResources.list_sql, TaskRow.reader)
    static let listWithoutData = Query(PackageResources.list_without_data_sql, TaskRow.reader)
    static let show = Query(PackageResources.show_sql, TaskRow.reader)
    static let showToken = Query(PackageResources.show_token_sql, TaskRow.reader)
    static let counts = Query(PackageResources.counts_sql, TableSummary.Line.reader)
    static let holders = Query(PackageResources.holders_sql, TableSummary.Holder.reader)
    static let pauses = Query(PackageResources.pauses_sql, PausedQueue.reader)
    static let pause = Change(PackageResources.pause_sql)
    static let resume = Query<String>(PackageResources.resume_sql, "queue")
    static let hasten = Query<Int64>(PackageResources.hasten_sql, "id")
    static let remove = Query(PackageResources.remove_sql, RemovedTask.reader)
    static let nextFailed = Query<Int64>(PackageResources.next_failed_sql, "id")
    static let olderThanFailed = Query<Int64>(PackageResources.older_than_failed_sql, "id")
    static let sendBack = Query<Int64>(PackageResources.send_back_sql, "id")

    // Schema
    static let tables = Query(PackageResources.tables_sql, TableKind.reader)
    static let applied = Query(PackageResources.applied_sql, SchemaState.Applied.reader)
    static let leastVersion = Query<Int>(PackageResources.least_version_sql, "version")
    static let record = Change(PackageResources.record_sql)
    static let usedUp = Query<String>(PackageResources.used_up_sql, "name")

    // Check
    static let farLeases = Query<Int64>(PackageResources.far_leases_sql, "id")
    static let farHolders = Query<Int64>(PackageResources.far_holders_sql, "id")
    static let greatIDs = Query<Int64>(PackageResources.great_ids_sql, "id")
    static let firstWaiting = Query<Int64>(PackageResources.first_waiting_sql, "id")
    static let firstStuck = Query(PackageResources.first_stuck_sql, RefusedRow.reader)
    static let countStuck = Query<Int>(PackageResources.count_stuck_sql, "number")
    static let keepers = Query(PackageResources.keepers_sql, Keeper.reader)
    static let columns = Query(PackageResources.columns_sql, Makeup.Part.column)
    static let indexesAndTriggers = Query(PackageResources.indexes_and_triggers_sql, Makeup.Part.object)
    static let tableTexts = Query(PackageResources.table_texts_sql, TableText.reader)

    /// The text of a file without the comment at its head.
    static func text(_ file: [UInt8]) -> String {
        let lines = String(decoding: file, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        return lines.drop { $0.hasPrefix("--") }.joined(separator: "\n")
    }

    /// The lines of a statement from `-- same: LABEL` to `-- end`, which stand in others as well.
    static func part(_ label: String, of sql: String) -> String {
        let lines = sql.split(separator: "\n").map { $0.drop { $0 == " " } }
        return lines.drop { $0 != "-- same: \(label)" }.dropFirst().prefix { $0 != "-- end" }.joined(separator: " ")
    }
}
