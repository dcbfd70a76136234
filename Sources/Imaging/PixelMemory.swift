// Sendable: the address and size never change, and Plane writes only while it is the sole owner.

import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

// Sendable: all properties are constant, and what the address points to is written only before the
// block is shared; Plane holds that rule by copy on write.
/// A block of page-aligned memory for pixels, returned to its pool or the system when released.
///
/// Blocks come from `mmap`, never from `malloc`: a freed 4 MB `malloc` block stays in an arena, so
/// resident memory would not follow the queue's byte bound.
///
/// The memory is written by its creator before it is shared, and only read after.
public final class PixelMemory: @unchecked Sendable {
  /// The first byte; aligned to a page.
  public let baseAddress: UnsafeMutableRawPointer
  /// The usable size in bytes, at least what was asked for.
  public let byteCount: Int
  private let pool: FramePool?
  /// Who owns memory that is not ours to return.
  private let owner: (any AnyObject & Sendable)?

  /// Maps fresh zeroed memory outside any pool.
  ///
  /// - Parameter byteCount: the size in bytes, at least 1. Running out of memory is fatal, as it
  ///   is for an array.
  public convenience init(byteCount: Int) {
    let size = PixelMemory.roundedToPages(byteCount)
    self.init(address: PixelMemory.map(size), byteCount: size, pool: nil)
  }

  /// Looks at memory of somebody else's without a copy.
  ///
  /// - Parameter owner: what keeps the memory; it is held as long as this is.
  public init(
    borrowing address: UnsafeMutableRawPointer, byteCount: Int,
    from owner: any AnyObject & Sendable
  ) {
    baseAddress = address
    self.byteCount = byteCount
    self.owner = owner
    pool = nil
  }

  init(address: UnsafeMutableRawPointer, byteCount: Int, pool: FramePool?) {
    baseAddress = address
    self.byteCount = byteCount
    self.pool = pool
    owner = nil
  }

  deinit {
    if owner != nil { return }
    if let pool {
      pool.giveBack(baseAddress, byteCount)
    } else {
      munmap(baseAddress, byteCount)
    }
  }

  static func roundedToPages(_ byteCount: Int) -> Int {
    (max(byteCount, 1) + 4095) / 4096 * 4096
  }

  static func map(_ size: Int) -> UnsafeMutableRawPointer {
    let address = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let address, address != MAP_FAILED else {
      preconditionFailure("out of memory: cannot map \(size) bytes for pixels")
    }
    return address
  }
}

/// Reuses pixel memory so that a stage in steady state maps nothing.
///
/// The pool keeps at most `byteLimit` bytes of free memory; what is leased is bounded by the queue
/// that carries the frames, not here. Any thread may lease and release.
public final class FramePool: Sendable {
  private struct Free {
    var blocks: [(address: UInt, size: Int)] = []
    var bytes = 0
  }

  /// The most free memory the pool keeps, in bytes.
  public let byteLimit: Int
  private let free = Mutex(Free())

  /// Makes an empty pool that keeps at most `byteLimit` bytes for reuse.
  public init(byteLimit: Int) {
    self.byteLimit = byteLimit
  }

  /// Leases memory of at least `byteCount` bytes; its content is undefined.
  ///
  /// The smallest free block that fits without wasting more than half of it is taken; otherwise
  /// fresh memory is mapped.
  public func lease(byteCount: Int) -> PixelMemory {
    let size = PixelMemory.roundedToPages(byteCount)
    let found = free.withLock { state -> (address: UInt, size: Int)? in
      var best: Int?
      for (index, block) in state.blocks.enumerated()
      where block.size >= size && block.size <= 2 * size {
        if let known = best, state.blocks[known].size <= block.size { continue }
        best = index
      }
      guard let best else { return nil }
      let block = state.blocks.remove(at: best)
      state.bytes -= block.size
      return block
    }
    if let found, let address = UnsafeMutableRawPointer(bitPattern: found.address) {
      return PixelMemory(address: address, byteCount: found.size, pool: self)
    }
    return PixelMemory(address: PixelMemory.map(size), byteCount: size, pool: self)
  }

  /// The free memory kept at this moment, in bytes.
  public var freeByteCount: Int { free.withLock { $0.bytes } }

  func giveBack(_ address: UnsafeMutableRawPointer, _ size: Int) {
    let kept = free.withLock { state -> Bool in
      guard state.bytes + size <= byteLimit else { return false }
      state.blocks.append((UInt(bitPattern: address), size))
      state.bytes += size
      return true
    }
    if !kept { munmap(address, size) }
  }

  deinit {
    free.withLock { state in
      for block in state.blocks {
        munmap(UnsafeMutableRawPointer(bitPattern: block.address), block.size)
      }
    }
  }
}
