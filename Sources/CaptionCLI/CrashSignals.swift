import Glibc

/// Lets a crash end the process at once, as the system does it.
///
/// Swift's runtime installs handlers that start another program to print a backtrace. Meanwhile the dying process keeps
/// its lock on the store, for half a minute, and without memory for ever. Whoever wants a backtrace sets `SWIFT_BACKTRACE`;
/// a signal that is ignored stays ignored.
func restoreCrashSignals() {
    guard getenv("SWIFT_BACKTRACE") == nil else { return }
    for number in [SIGQUIT, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP] where !isIgnored(number) {
        signal(number, SIG_DFL)
    }
}

/// Whether whoever started the process has the signal ignored, as `nohup` does with SIGHUP.
func isIgnored(_ number: Int32) -> Bool {
    var action = sigaction()
    guard sigaction(number, nil, &action) == 0, let handler = action.__sigaction_handler.sa_handler else {
        return false
    }
    return unsafeBitCast(handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
}
