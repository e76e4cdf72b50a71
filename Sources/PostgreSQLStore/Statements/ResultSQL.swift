/// The statements about tokens, results, progress and cancellations.
enum ResultSQL {
    static let keep = Statement("result_keep", PackageResources.result_keep_sql)
    static let removeCancelled = Statement("result_remove_cancelled", PackageResources.result_remove_cancelled_sql)
    static let keepFailed = Statement("result_keep_failed", PackageResources.result_keep_failed_sql)
    static let progress = Statement("result_progress", PackageResources.result_progress_sql)
    static let cancelRequests = Statement("result_cancel_requests", PackageResources.result_cancel_requests_sql)
    static let requestCancelBeside = Statement(
        "result_request_cancel_beside",
        PackageResources.result_request_cancel_beside_sql
    )
    static let requestCancel = Statement("result_request_cancel", PackageResources.result_request_cancel_sql)
    static let ids = Statement("result_ids", PackageResources.result_ids_sql)
    static let prune = Statement("result_prune", PackageResources.result_prune_sql)
    static let rows = Statement(once: PackageResources.result_rows_sql, isBinary: true)
    static let results = Statement("result_results", PackageResources.result_results_sql, isBinary: true)
    static let reusable = Statement("result_reusable", PackageResources.result_reusable_sql)
}
