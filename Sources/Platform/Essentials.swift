// Foundation without the parts that load ICU, where the toolchain has such a module.
#if canImport(FoundationEssentials)
@_exported public import FoundationEssentials
#else
@_exported public import Foundation
#endif
