/// The statements of a claim, and those that find the rows that the table refuses to change.
enum ClaimSQL {
    static let fromLanes = Statement("claim_from_lanes", PackageResources.claim_from_lanes_sql, isBinary: true)
    static let one = Statement("claim_one", PackageResources.claim_one_sql, isBinary: true)
    static let trial = Statement("claim_trial", PackageResources.claim_trial_sql, isBinary: true)
    static let expiryTrial = Statement("expire_trial", PackageResources.expire_trial_sql, isBinary: true)
    static let runDeferred = Statement("claim_trial_end", PackageResources.claim_trial_end_sql)
    static let waiting = Statement("claim_trial_waiting", PackageResources.claim_trial_waiting_sql, isBinary: true)
    static let check = Statement("claim_check", PackageResources.claim_check_sql)
    static let waits = Statement("waits", PackageResources.waits_sql)
    static let lockable = Statement("lockable", PackageResources.lockable_sql)
    static let candidates = Statement("claim_candidates", PackageResources.claim_candidates_sql, isBinary: true)
    static let lanes = Statement("lanes", PackageResources.lanes_sql, isBinary: true)
    static let moreLanes = Statement("more_lanes", PackageResources.more_lanes_sql, isBinary: true)
    static let crashed = Statement("crashed", PackageResources.crashed_sql, isBinary: true)
    static let fromLane = Statement("claim_from_lane", PackageResources.claim_from_lane_sql, isBinary: true)
}
