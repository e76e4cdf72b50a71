/// The statements that take over what dead runs left behind, and that tell which names wait.
enum RecoverSQL {
    static let owners = Statement("owners", PackageResources.owners_sql)
    static let abandoned = Statement("abandoned", PackageResources.abandoned_sql)
    static let cut = Statement("cut_leases", PackageResources.cut_leases_sql)
    static let far = Statement("far_leases", PackageResources.far_leases_sql)
    static let takeOver = Statement("take_over", PackageResources.take_over_sql)
    static let waitingNames = Statement("waiting_names", PackageResources.waiting_names_sql)
}
