/// The statements of this store, as they stand in `SQL/`, where each is explained.
enum Statements {
    // Claim
    static let nextQueue = text(PackageResources.next_queue_sql)
    static let nextKeyedQueue = text(PackageResources.next_keyed_queue_sql)
    static let nextPriority = text(PackageResources.next_priority_sql)
    static let nextKeyedPriority = text(PackageResources.next_keyed_priority_sql)
    static let headOfLane = text(PackageResources.head_of_lane_sql)
    static let headOfKeyedLane = text(PackageResources.head_of_keyed_lane_sql)
    static let crashed = text(PackageResources.crashed_sql)
    static let pausedQueues = text(PackageResources.paused_queues_sql)
    static let julianDay = text(PackageResources.julian_day_sql)
    static let claim = text(PackageResources.claim_sql)
    static let claimOfLane = text(PackageResources.claim_of_lane_sql)
    static let claimTrial = text(PackageResources.claim_trial_sql)
    static let claimable = text(PackageResources.claimable_sql)
    static let setBudget = text(PackageResources.set_budget_sql)
    static let payloadSize = text(PackageResources.payload_size_sql)
    static let anyTrigger = text(PackageResources.any_trigger_sql)
    static let countHeld = text(PackageResources.count_held_sql)
    static let countFailed = text(PackageResources.count_failed_sql)

    // Settle
    static let delete = text(PackageResources.delete_sql)
    static let deleteAll = text(PackageResources.delete_all_sql)
    static let retry = text(PackageResources.retry_sql)
    static let fail = text(PackageResources.fail_sql)
    static let release = text(PackageResources.release_sql)
    static let renew = text(PackageResources.renew_sql)
    static let isInHand = text(PackageResources.is_in_hand_sql)
    static let leaseLeft = text(PackageResources.lease_left_sql)
    static let held = text(PackageResources.held_sql)
    static let equalOf = text(PackageResources.equal_of_sql)
    static let removeOlder = text(PackageResources.remove_older_sql)
    static let giveWay = text(PackageResources.give_way_sql)
    static let noteStuck = text(PackageResources.note_stuck_sql)
    static let stuck = text(PackageResources.stuck_sql)
    static let forgetStuck = text(PackageResources.forget_stuck_sql)

    // Recover
    static let owners = text(PackageResources.owners_sql)
    static let abandoned = text(PackageResources.abandoned_sql)
    static let far = text(PackageResources.far_sql)
    static let cut = text(PackageResources.cut_sql)
    static let takeOver = text(PackageResources.take_over_sql)

    // Wait
    static let anyClaim = text(PackageResources.any_claim_sql)
    static let anyCrashed = text(PackageResources.any_crashed_sql)
    static let nextWaitingName = text(PackageResources.next_waiting_name_sql)
    static let nextKeyedName = text(PackageResources.next_keyed_name_sql)
    static let crashedNames = text(PackageResources.crashed_names_sql)
    static let firstExpiry = text(PackageResources.first_expiry_sql)
    static let pausedUntil = text(PackageResources.paused_until_sql)
    static let firstCrashed = text(PackageResources.first_crashed_sql)
    static let present = text(PackageResources.present_sql)

    // Locks
    static let anyOpen = text(PackageResources.any_open_sql)
    static let isAllowed = text(PackageResources.is_allowed_sql)
    static let markBehind = text(PackageResources.mark_behind_sql)
    static let hold = text(PackageResources.hold_sql)
    static let free = text(PackageResources.free_sql)
    static let freeFailed = text(PackageResources.free_failed_sql)
    static let promote = text(PackageResources.promote_sql)
    static let promoteKeyOf = text(PackageResources.promote_key_of_sql)
    static let keyOf = text(PackageResources.key_of_sql)
    static let anyBehind = text(PackageResources.any_behind_sql)
    static let crashedWithoutKey = text(PackageResources.crashed_without_key_sql)
    static let holdCrashed = text(PackageResources.hold_crashed_sql)
    static let freeFailedHolder = text(PackageResources.free_failed_holder_sql)
    static let spanBehind = text(PackageResources.span_behind_sql)
    static let deserted = text(PackageResources.deserted_sql)
    static let anyExpired = text(PackageResources.any_expired_sql)
    static let expire = text(PackageResources.expire_sql)
    static let late = text(PackageResources.late_sql)
    static let expiryTrial = text(PackageResources.expiry_trial_sql)

    // Limits
    static let limits = text(PackageResources.limits_sql)
    static let quota = text(PackageResources.quota_sql)
    static let countBegun = text(PackageResources.count_begun_sql)
    static let setLimit = text(PackageResources.set_limit_sql)
    static let removeLimit = text(PackageResources.remove_limit_sql)

    // Results
    static let keep = text(PackageResources.keep_sql)
    static let keepCancelled = text(PackageResources.keep_cancelled_sql)
    static let deleteCancelled = text(PackageResources.delete_cancelled_sql)
    static let keepFailed = text(PackageResources.keep_failed_sql)
    static let keepGivenWay = text(PackageResources.keep_given_way_sql)
    static let progress = text(PackageResources.progress_sql)
    static let cancelRequests = text(PackageResources.cancel_requests_sql)
    static let requestCancel = text(PackageResources.request_cancel_sql)
    static let anyExpiredResult = text(PackageResources.any_expired_result_sql)
    static let prune = text(PackageResources.prune_sql)
    static let result = text(PackageResources.result_sql)
    static let reusable = text(PackageResources.reusable_sql)
    static let idOfToken = text(PackageResources.id_of_token_sql)
    static let dropResults = text(PackageResources.drop_results_sql)

    // Batches
    static let countEnds = text(PackageResources.count_ends_sql)
    static let over = text(PackageResources.over_sql)
    static let failed = text(PackageResources.failed_sql)
    static let makeDue = text(PackageResources.make_due_sql)
    static let forgetBatch = text(PackageResources.forget_batch_sql)
    static let ended = text(PackageResources.ended_sql)
    static let anyWaits = text(PackageResources.any_waits_sql)
    static let anyDeserted = text(PackageResources.any_deserted_sql)
    static let forgetDeserted = text(PackageResources.forget_deserted_sql)

    // Admin
    static let add = text(PackageResources.add_sql)
    static let equal = text(PackageResources.equal_sql)
    static let makeLines = text(PackageResources.make_lines_sql)
    static let dropLines = text(PackageResources.drop_lines_sql)
    static let gatherLine = text(PackageResources.gather_line_sql)
    static let countLines = text(PackageResources.count_lines_sql)
    static let moveLines = text(PackageResources.move_lines_sql)
    static let list = text(PackageResources.list_sql)
    static let listWithoutData = text(PackageResources.list_without_data_sql)
    static let show = text(PackageResources.show_sql)
    static let showToken = text(PackageResources.show_token_sql)
    static let counts = text(PackageResources.counts_sql)
    static let holders = text(PackageResources.holders_sql)
    static let pauses = text(PackageResources.pauses_sql)
    static let pause = text(PackageResources.pause_sql)
    static let resume = text(PackageResources.resume_sql)
    static let hasten = text(PackageResources.hasten_sql)
    static let remove = text(PackageResources.remove_sql)
    static let nextFailed = text(PackageResources.next_failed_sql)
    static let olderThanFailed = text(PackageResources.older_than_failed_sql)
    static let sendBack = text(PackageResources.send_back_sql)

    // Schema
    static let tables = text(PackageResources.tables_sql)
    static let applied = text(PackageResources.applied_sql)
    static let leastVersion = text(PackageResources.least_version_sql)
    static let record = text(PackageResources.record_sql)
    static let usedUp = text(PackageResources.used_up_sql)

    // Check
    static let farLeases = text(PackageResources.far_leases_sql)
    static let farHolders = text(PackageResources.far_holders_sql)
    static let greatIDs = text(PackageResources.great_ids_sql)
    static let firstWaiting = text(PackageResources.first_waiting_sql)
    static let firstStuck = text(PackageResources.first_stuck_sql)
    static let countStuck = text(PackageResources.count_stuck_sql)
    static let keepers = text(PackageResources.keepers_sql)
    static let columns = text(PackageResources.columns_sql)
    static let indexesAndTriggers = text(PackageResources.indexes_and_triggers_sql)
    static let tableTexts = text(PackageResources.table_texts_sql)

    /// The text of a file without the comment at its head.
    private static func text(_ file: [UInt8]) -> String {
        let lines = String(decoding: file, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        return lines.drop { $0.hasPrefix("--") }.joined(separator: "\n")
    }

    /// The lines of a statement from `-- same: LABEL` to `-- end`, which stand in others as well; empty where there are none.
    static func part(_ label: String, of statement: String) -> String {
        let lines = statement.split(separator: "\n").map { $0.drop { $0 == " " } }
        return lines.drop { $0 != "-- same: \(label)" }.dropFirst().prefix { $0 != "-- end" }.joined(separator: " ")
    }
}
