/// How large a row's `data` is when it is sent, as far as that is known without reading it.
///
/// A value that is stored compressed counts as large as it can be at most: 88 times for pglz (273 bytes from little more than
/// three), 255 times for lz4. So a claim of large compressed payloads brings fewer rows than would fit, never more.
enum PayloadSize {
    /// The server says how a value is compressed: version 14 and later.
    static let known = """
        CASE
            WHEN pg_catalog.pg_column_size(data) < 200 THEN 200
            ELSE least(
                pg_catalog.pg_column_size(data)::bigint
                    * CASE pg_catalog.pg_column_compression(data) WHEN 'pglz' THEN 88 WHEN 'lz4' THEN 255 ELSE 1 END,
                1073741824
            )::integer
        END
        """

    /// It does not: what does not fit into a row as it is may be compressed.
    static let guessed = """
        CASE
            WHEN pg_catalog.pg_column_size(data) < 1900 THEN pg_catalog.pg_column_size(data)
            ELSE least(pg_catalog.pg_column_size(data)::bigint * 88, 1073741824)::integer
        END
        """
}
