#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// `base` to the power of `exponent`; not a number for a negative base.
func power(_ base: Double, _ exponent: Double) -> Double { pow(base, exponent) }
