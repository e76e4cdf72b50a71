/// The statements that recover the tasks of dead runs, and that list the names of waiting tasks.
enum RecoverSQL {
    static let owners = Statement("owners", PackageResources.owners_sql)
    static let abandoned = Statement("abandoned", PackageResources.abandoned_sql)
    static let cut = Statement("cut_leases", PackageResources.cut_leases_sql)
    static let far = Statement("far_leases", PackageResources.far_leases_sql)
    static let takeOver = Statement("take_over", PackageResources.take_over_sql)
    static let waitingNames = Statement("waiting_names", PackageResources.waiting_names_sql)
}
