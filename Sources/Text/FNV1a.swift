/// The 64-bit FNV-1a hash: a short name for bytes, the same on each machine.
///
/// It does not protect against forgery. Source: RFC 9923, "The FNV Non-Cryptographic Hash Algorithm".
package enum FNV1a {
    /// The hash of some bytes.
    package static func hash(_ bytes: some Sequence<UInt8>) -> UInt64 {
        bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3 }
    }
}
