/// A server that works on a few requests at one time while the others wait in line, as vLLM and Ollama do.
///
/// Pure: how long each takes is known when it comes, so when it ends is too.
struct WorkQueue: Sendable {
    /// When each place is free again.
    private var freeAt: [Duration]

    init(places: Int) {
        freeAt = Array(repeating: .zero, count: places)
    }

    /// Takes a request in; the result says when its work ends.
    mutating func end(ofWork length: Duration, arrivingAt time: Duration) -> Duration {
        guard let place = freeAt.indices.min(by: { freeAt[$0] < freeAt[$1] }) else { return time + length }
        freeAt[place] = max(freeAt[place], time) + length
        return freeAt[place]
    }
}
