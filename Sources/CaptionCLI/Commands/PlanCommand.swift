import ArgumentParser
import Captioning
import CaptioningSQLite
import Foundation
import SystemPackage

/// Shows what a run would do.
struct PlanCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Show what a run would send; send nothing.",
        discussion: """
            Prints the resolved settings and where each comes from (flag, environment, spec, default), and counts what \
            is done, pending, failed and stale (answered, but to a prompt, model or parameter that has changed since).

            caption plan jobs/alt-text.yaml
            caption plan ./photos --model qwen3-vl-flash --json
            """)

    @OptionGroup var options: JobOptions

    var job: JobOptions? { options }

    @Flag(help: "Open every image, and list those that are the same or look alike.")
    var duplicates = false

    @Flag(help: "Print the plan as JSON.")
    var json = false

    /// The plan, rendered as text or as JSON.
    struct Report: Encodable {
        struct Setting: Encodable {
            var name: String
            var value: String?
            var origin: JobOptions.Origin?
        }

        var name: String
        var settings: [Setting]
        var parameters: [String: JSONValue]
        var plan: PlanSummary
        /// Items that `caption run` would send now; 0 while stale results wait for a decision.
        var wouldSend: Int
        /// Images that are the same as one before them, and so are sent once; nil when nothing is to be sent, or there
        /// was too much to read.
        var repeatedImages: Int?
        var warnings: [SpecError.Problem]
        /// Images that are the same or look alike; nil when they were not looked for.
        var duplicates: [DuplicateGroups.Group]?
    }

    func run(_ context: Context) async throws {
        let loaded = try options.load(context)
        let planner = Planner(job: loaded.job)
        let plan: PlanSummary
        do {
            plan = try await withStore(of: loaded.job) { try await $0.compare(planner) }
        } catch StoreError.missing {
            plan = try await SQLiteJobStore.inMemory().compare(planner)
        }
        var report = Self.report(loaded, plan)
        let found = duplicates ? try await findDuplicates(in: loaded.job, context) : nil
        report.duplicates = found?.groups()
        // Not by walking far through a plan that is known to be too long.
        let images = plan.items.total / max(loaded.job.prompts.count, 1)
        if report.wouldSend > 0, found != nil || images <= RepeatedImages.mostImages {
            report.repeatedImages = try found?.repeatedCount ?? RepeatedImages(job: loaded.job).count()
        }
        if json {
            try context.print(json: report)
        } else {
            loaded.job.printWarnings(context)
            for warning in plan.warnings { context.note("warning: \(warning)") }
            try context.print(text(report))
            if let found { try context.print(Self.text(found)) }
        }
    }

    private func findDuplicates(in job: Job, _ context: Context) async throws -> DuplicateGroups {
        let check = ImageCheck(job: job, converter: makeConverter())
        let planner = Planner(job: job)
        var found = DuplicateGroups()
        try await forEachImage(of: job, context) { key in
            // A group is one request, whatever its images are.
            guard key.kind == .file, let file = planner.files(of: key).first else { return nil }
            return await check.identity(of: file)
        } then: { (key, identity: (digest: [UInt8], hash: PerceptualHash?)?) in
            guard let identity else { return }
            found.add(key.image.lossyText, digest: identity.digest, hash: identity.hash)
        }
        return found
    }

    private static func text(_ found: DuplicateGroups) -> Message {
        let groups = found.groups()
        var lines: [Message] = groups.map { group in
            "  \(group.isIdentical ? "the same" : "alike"): \(group.images.joined(separator: ", "))"
        }
        let alike = groups.count { !$0.isIdentical }
        lines.append(
            """
            \(found.repeatedCount) images are the same as another and are sent once; \(alike) groups look alike, and each \
            image of them is sent
            """)
        return Message(lines: [""] + lines)
    }

    private static func report(_ loaded: JobOptions.Loaded, _ plan: PlanSummary) -> Report {
        let job = loaded.job
        let isSingle = job.endpoints.count == 1
        var values: [(String, String?)] = []
        for (place, endpoint) in job.endpoints.enumerated() {
            if !isSingle { values.append(("endpoint \(place + 1)", "")) }
            values += settings(of: endpoint)
        }
        values += [
            ("attempts", String(job.retry.attempts)),
            ("base", job.retry.base.text),
            ("cap", job.retry.cap.text),
            ("timeout", job.retry.timeout.text),
            ("connect_timeout", job.retry.connectTimeout.text),
            ("give_up_after", job.retry.giveUpAfter.text),
            ("image_memory", job.imageMemoryText),
        ]
        values.append(("prepare", job.preparation.text))
        if let deadline = job.deadlines.run { values.append(("deadline", deadline.text)) }
        if let deadline = job.deadlines.item { values.append(("item_deadline", deadline.text)) }
        values.append(("store", job.store.string))
        var origins = loaded.origins
        // A region decides the URL, so the URL's origin is the region's.
        if origins["base_url"] == .default { origins["base_url"] = origins["region"] }
        // Of several endpoints each has its own.
        if !isSingle { origins = origins.filter { ["store", "deadline"].contains($0.key) } }
        return Report(
            name: job.name,
            settings: values.map { Report.Setting(name: $0.0, value: $0.1, origin: origins[$0.0]) },
            parameters: job.parameters, plan: plan, wouldSend: plan.items.stale > 0 ? 0 : plan.items.pending,
            warnings: job.warnings)
    }

    private static func settings(of endpoint: Job.Endpoint) -> [(String, String?)] {
        var values: [(String, String?)] = [
            ("provider", endpoint.provider.rawValue),
            ("base_url", endpoint.isInside ? "(inside this program)" : endpoint.baseURL),
            ("model", endpoint.model),
            ("api_key_env", endpoint.apiKeyVariable),
        ]
        if let caFile = endpoint.caFile { values.append(("ca_file", caFile.string)) }
        values += [
            ("requests_per_minute", endpoint.limits.requestsPerMinute.map(String.init)),
            ("tokens_per_minute", endpoint.limits.tokensPerMinute.map(String.init)),
        ]
        if let perDay = endpoint.limits.requestsPerDay { values.append(("requests_per_day", String(perDay))) }
        values.append(("concurrency", endpoint.limits.concurrency.text))
        return values
    }

    private func text(_ report: Report) -> Message {
        var lines: [Message] = ["job \(report.name)", ""]
        lines += report.settings.map { setting in
            let origin = setting.origin.map { "  (\($0.rawValue))" } ?? ""
            return "  \(setting.name.padded(to: 20)) \(setting.value ?? "-")\(setting.value == nil ? "" : origin)"
        }
        for (key, value) in report.parameters.sorted(by: { $0.key < $1.key }) {
            let text = String(decoding: value.canonicalData, as: UTF8.self)
            lines.append("  \(TerminalText.fit(key).padded(to: 20)) \(text)  (parameter)")
        }
        let plan = report.plan
        lines += ["", "  \(["prompt".padded(to: 20), "items", "done", "pending", "failed", "stale"].columns)"]
        for (prompt, counts) in plan.prompts.sorted(by: { $0.key < $1.key }) + [("all", plan.items)] {
            let numbers = [counts.total, counts.done, counts.pending, counts.failed, counts.stale].map(String.init)
            lines.append("  \(([TerminalText.fit(prompt).padded(to: 20)] + numbers).columns)")
        }
        let kinds = plan.kinds.sorted { $0.key < $1.key }.map { "\($0.value) by \($0.key)" }
        lines += ["", "items: \(kinds.joined(separator: ", "))"]
        if plan.skippedFiles > 0 { lines.append("\(plan.skippedFiles) other files in the folders are left out") }
        if plan.setAside > 0 {
            lines.append("\(plan.setAside) results in the store are of images or prompts that the spec no longer names")
        }
        if plan.items.stale > 0 {
            lines += [
                "\(plan.items.stale) results are stale: the prompt, the model, parameters or a group's files have changed since",
                "next: \(options.command("run", ["--redo", "stale"]))   # asks them again, and pays again",
                "  or: \(options.command("run", ["--keep", "stale"]))   # takes them as they are",
            ]
        } else if plan.items.pending > 0 {
            let repeated: Message =
                switch report.repeatedImages {
                case nil: "; identical images are sent once"
                case 0?: "; no image comes twice"
                case let count?: " at most: \(count) images are the same as another and are sent once"
                }
            lines.append("a run would send \(plan.items.pending) requests\(repeated)")
            lines.append("next: \(options.command("run"))")
        } else {
            lines.append("a run would send nothing")
        }
        return Message(lines: lines)
    }
}

extension String {
    /// The text with spaces behind it up to a width.
    func padded(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - count))
    }
}

extension [String] {
    /// Columns of a table: the first as it is, the others to the right of eight characters.
    fileprivate var columns: String {
        enumerated().map { index, text in
            index == 0 ? text : String(repeating: " ", count: Swift.max(0, 8 - text.count)) + text
        }.joined(separator: " ")
    }
}
