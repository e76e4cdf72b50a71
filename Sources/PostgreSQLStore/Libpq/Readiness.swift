import Platform

/// How a wait for a socket ended.
enum Readiness {
    /// The event happened, or the socket is at its end.
    case ready
    /// The interrupt was signalled.
    case interrupted
    /// Neither happened in time.
    case timedOut

    /// What to wait for.
    enum Event {
        case reading, writing, either

        fileprivate var mask: Int16 {
            switch self {
            case .reading: Int16(POLLIN)
            case .writing: Int16(POLLOUT)
            case .either: Int16(POLLIN | POLLOUT)
            }
        }
    }

    /// Waits until something happens on a socket.
    static func wait(
        for event: Event = .reading,
        on socket: Int32,
        or interrupt: WakeUp? = nil,
        atMost limit: Duration
    ) -> Readiness {
        let deadline = ContinuousClock.now + limit
        while true {
            var places = [pollfd(fd: socket, events: event.mask, revents: 0)]
            if let interrupt { places.append(pollfd(fd: interrupt.descriptor, events: Int16(POLLIN), revents: 0)) }
            let rest = max(.zero, deadline - .now) / .milliseconds(1)
            let found = poll(&places, nfds_t(places.count), Int32(min(rest.rounded(.up), 3_600_000)))
            if found > 0 { return places[0].revents != 0 ? .ready : .interrupted }
            if found == 0 && ContinuousClock.now >= deadline { return .timedOut }
            // After a signal, or a wait longer than poll can count, look again. libpq will report anything else.
            if found < 0 && errno != EINTR { return .ready }
        }
    }
}
