import Foundation
import Testing

/// `.ci/packages` against systems that are made of stubs: what it asks apt for, and when it asks nothing.
struct PackagesScriptTests {
    /// A system, as its package tools answer.
    struct Machine: Sendable {
        var name: String
        /// Packages that can be installed, once the lists are there.
        var available: [String]
        /// The version of the distribution's compiler.
        var compiler: String
        var installed: [String] = []
        var isRoot = true
        var hasSudo = false
        var tools = ["dpkg-query", "apt-get", "apt-cache"]
        var canUpdate = true
        var hasLists = false
    }

    private static let bookworm = Machine(
        name: "Debian 12", available: ["libvips42", "libcurl4", "libstdc++-12-dev", "libstdc++-11-dev", "git"],
        compiler: "12")
    private static let trixie = Machine(
        name: "Debian 13", available: ["libvips42t64", "libcurl4t64", "libstdc++-14-dev", "libstdc++-13-dev", "git"],
        compiler: "14")
    private static let jammy = Machine(
        name: "Ubuntu 22.04", available: ["libvips42", "libcurl4", "libstdc++-11-dev", "libstdc++-12-dev", "git"],
        compiler: "11")
    private static let noble = Machine(
        name: "Ubuntu 24.04",
        available: ["libvips42t64", "libcurl4t64", "libstdc++-13-dev", "libstdc++-14-dev", "git"],
        compiler: "13")

    private static let requirements = ["git", "libvips42t64|libvips42", "libcurl4t64|libcurl4", "libstdc++-*-dev"]

    /// Runs the script on the machine.
    ///
    /// - Returns: The exit code, what it printed, and the calls of apt and sudo in their order.
    private func run(_ machine: Machine, _ requirements: [String] = requirements) async throws -> (
        status: Int32, output: String, calls: [String]
    ) {
        let scene = try CommandScene()
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        // Names are looked up as the real tools do: patterns among installed packages, and candidates by their exact name
        // when there are lists; one that others only provide is known and has none.
        let stubs = [
            "dpkg-query": """
            for last; do :; done
            for name in \(machine.installed.joined(separator: " ")); do
                case $name in $last) echo installed; found=1;; esac
            done
            [ -n "$found" ] || { echo "no packages found matching $last" >&2; exit 1; }
            """,
            "apt-cache": """
            [ -e updated ] || exit 0
            if [ "$1" = depends ]; then echo "g++"; echo "  Depends: g++-\(machine.compiler)"; exit; fi
            for name in \(machine.available.joined(separator: " ")); do
                [ "$2" = "$name" ] && { echo "$2:"; echo "  Candidate: 1.0"; exit; }
            done
            case $2 in libvips42*|libcurl4*) echo "$2:"; echo "  Candidate: (none)";; esac
            """,
            "apt-get": """
            echo "apt-get $*" >> calls
            [ "$1" = update ] || exit 0
            \(machine.canUpdate ? "touch updated" : "exit 100")
            """,
            "sudo": "echo sudo >> calls; exec \"$@\"", "id": "echo \(machine.isRoot ? 0 : 1000)",
        ]
        let tools = machine.tools + ["id"] + (machine.hasSudo ? ["sudo"] : [])
        for (name, text) in stubs where tools.contains(name) {
            try scene.write("#!/bin/sh\n\(text)\n", to: "bin/\(name)")
        }
        let words = requirements.map { "'\($0)'" }.joined(separator: " ")
        let result = try await scene.shell(
            """
            chmod +x bin/*; ln -s /usr/bin/touch /usr/bin/env /bin/sh bin/; \(machine.hasLists ? "touch updated" : "")
            PATH="$PWD/bin" /bin/bash '\(root.path)/.ci/packages' \(words)
            """)
        let calls = (try? String(contentsOf: scene.folder.appendingPathComponent("calls"), encoding: .utf8)) ?? ""
        return (result.status, result.output, calls.split(separator: "\n").map(String.init))
    }

    private static let install = "apt-get install -y -qq --no-install-recommends "

    @Test(arguments: [
        (bookworm, "git libvips42 libcurl4 libstdc++-12-dev"),
        (trixie, "git libvips42t64 libcurl4t64 libstdc++-14-dev"),
        (jammy, "git libvips42 libcurl4 libstdc++-11-dev"), (noble, "git libvips42t64 libcurl4t64 libstdc++-13-dev"),
    ])
    func `from empty lists, the names of the release are installed`(machine: Machine, packages: String) async throws {
        let result = try await run(machine)
        #expect(result.status == 0, "\(machine.name): \(result.output)")
        #expect(result.calls == ["apt-get update -qq", Self.install + packages], "\(machine.name)")
    }

    @Test(arguments: [
        ["git", "libvips42", "libcurl4", "libstdc++-12-dev"],
        ["git", "libvips42t64", "libcurl4t64", "libstdc++-9-dev"],
    ])
    func `when nothing is missing, neither apt nor sudo is called`(installed: [String]) async throws {
        var machine = Self.bookworm
        (machine.installed, machine.isRoot, machine.hasSudo) = (installed, false, true)
        let result = try await run(machine)
        #expect(result.status == 0)
        #expect(result.calls.isEmpty)
        #expect(result.output.isEmpty)
    }

    @Test func `only what is missing is installed`() async throws {
        var machine = Self.noble
        machine.installed = ["git", "libstdc++-13-dev", "libcurl4t64"]
        #expect(try await run(machine).calls.last == Self.install + "libvips42t64")
    }

    @Test func `others than root use sudo, or are told what root must type`() async throws {
        var machine = Self.bookworm
        (machine.isRoot, machine.hasSudo) = (false, true)
        let calls = try await run(machine, ["git"]).calls
        #expect(calls == ["sudo", "apt-get update -qq", "sudo", Self.install + "git"])
        machine.hasSudo = false
        let result = try await run(machine, ["git", "libvips42t64|libvips42"])
        #expect(result.status == 1)
        #expect(result.calls.isEmpty)
        #expect(result.output.contains("packages 'git' 'libvips42t64|libvips42'"))
    }

    @Test(arguments: [["dpkg-query"], ["apt-get", "apt-cache"], []])
    func `elsewhere the packages are named and nothing is called`(tools: [String]) async throws {
        var machine = Self.bookworm
        machine.tools = tools
        let result = try await run(machine)
        #expect(result.status == 0)
        #expect(result.output.contains("no Debian or Ubuntu"))
        #expect(result.output.contains("libvips42t64|libvips42"))
    }

    @Test func `without a network the lists that are there will do`() async throws {
        var machine = Self.bookworm
        (machine.canUpdate, machine.hasLists) = (false, true)
        let result = try await run(machine, ["git"])
        #expect(result.calls == ["apt-get update -qq", Self.install + "git"])
        machine.hasLists = false
        let without = try await run(machine, ["git"])
        #expect(without.status == 1)
        #expect(without.output.contains("No package 'git' can be installed here"))
    }
}
