public import LocalSockets

/// Serves a run's figures as OpenMetrics: `GET /metrics` over HTTP, on this machine alone.
public struct MetricsEndpoint: Sendable {
  /// A scraper connects, asks, reads and is told to go; an honest request head has some 200 bytes.
  private static let limits = ServerLimits(
    clients: 8, requestBytes: 8 << 10, request: .seconds(5), idle: .seconds(5),
    answer: .seconds(5))

  private let server: SocketServer

  /// Starts to listen.
  ///
  /// The figures tell of no subject, so a Unix socket is open to its owner's group, which is how a
  /// collector of another user reads it.
  ///
  /// - Parameter snapshot: asked at each request.
  /// - Throws: `SocketError` when the address cannot be listened on.
  public init(
    _ address: SocketAddress, snapshot: @escaping @Sendable () -> RunSnapshot
  ) throws {
    server = try SocketServer(
      ListeningSocket(address, mode: 0o660),
      speaking: ServedProtocol(
        delimiter: Array("\r\n\r\n".utf8),
        tooLong: MetricsEndpoint.refusal("431", "Request Header Fields Too Large"),
        stranger: nil),
      limits: MetricsEndpoint.limits
    ) { request in
      ServerAnswer(MetricsEndpoint.answer(request.bytes, snapshot), ends: true)
    }
  }

  /// Serves until the task is cancelled.
  public func serve() async { await server.serve() }

  /// The answer to a request's head (RFC 9112).
  private static func answer(_ head: [UInt8], _ snapshot: () -> RunSnapshot) -> [UInt8] {
    let line = head.prefix { $0 != UInt8(ascii: "\r") }
    let words = String(decoding: line, as: UTF8.self).split(
      separator: " ", omittingEmptySubsequences: false)
    guard words.count == 3, words[2].hasPrefix("HTTP/1.") else {
      return refusal("400", "Bad Request")
    }
    guard words[0] == "GET" || words[0] == "HEAD" else {
      return refusal("405", "Method Not Allowed", "Allow: GET, HEAD\r\n")
    }
    guard words[1].prefix(while: { $0 != "?" }) == "/metrics" else {
      return refusal("404", "Not Found")
    }
    return response(
      "200", "OK", OpenMetrics.mediaType, OpenMetrics.text(snapshot()), isHead: words[0] == "HEAD")
  }

  private static func refusal(
    _ status: String, _ reason: String, _ header: String = ""
  ) -> [UInt8] {
    response(
      status, reason, "text/plain; charset=utf-8", "\(reason.lowercased()); ask GET /metrics\n",
      header)
  }

  private static func response(
    _ status: String, _ reason: String, _ mediaType: String, _ body: String,
    _ header: String = "", isHead: Bool = false
  ) -> [UInt8] {
    Array(
      """
      HTTP/1.1 \(status) \(reason)\r
      Content-Type: \(mediaType)\r
      Content-Length: \(body.utf8.count)\r
      \(header)Connection: close\r
      \r
      \(isHead ? "" : body)
      """.utf8)
  }
}
