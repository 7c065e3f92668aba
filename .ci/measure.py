"""What .ci/measure needs beyond the shell: images, the timelines of the simulated servers, and rows of its table."""

import argparse
import json
import signal
import sqlite3
import struct
import subprocess
import sys
import time
import urllib.request
import zlib
from pathlib import Path

from pictures import bmp

COLUMNS = "{:<17} {:>6} {:>7} {:>6} {:>7} {:>9} {:>5}  {}"


def make_images(folder, count, size):
    """Distinct images: BMPs of 16x16, or PNGs of 2048x1365 that are small in bytes and 2,500 tokens or so each."""
    folder.mkdir(parents=True)
    for number in range(count):
        if size == "small":
            pixels = (number.to_bytes(3, "big") * 256)[: 16 * 16 * 3]
            (folder / f"{number:06}.bmp").write_bytes(bmp(16, 16, pixels))
        else:
            width, height = 2048, 1365
            chunks = [
                (b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 3, 0, 0, 0)),
                (b"PLTE", number.to_bytes(3, "big") + b"\xff\xff\xff"),
                (b"IDAT", zlib.compress(bytes((width // 8 + 1) * height), 9)),
                (b"IEND", b""),
            ]
            (folder / f"{number:06}.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(
                struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
                for kind, data in chunks))


def timeline(url):
    """A running server's timeline."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # loopback needs no proxy
    with opener.open(url, timeout=30) as reply:
        return json.load(reply)


def run(url, seconds, command):
    """Runs a command until so long after the server's first request, then asks it to stop; its exit code."""
    process = subprocess.Popen(command)
    try:
        started = time.monotonic()
        while process.poll() is None and time.monotonic() < started + 300 and not timeline(url)["arrived"]:
            time.sleep(0.5)
        # What is in flight may still take its time; a second signal breaks it off.
        for patience, signal_after in ((seconds, signal.SIGINT), (90, signal.SIGINT), (20, signal.SIGKILL)):
            try:
                return process.wait(patience)
            except subprocess.TimeoutExpired:
                process.send_signal(signal_after)
        return process.wait()
    finally:
        if process.poll() is None:
            process.kill()


def rate(column, start, end):
    """Per second, from one second up to another."""
    part = column[max(start, 0) : end]
    return sum(part) / len(part) if part else 0.0


def counts(folder):
    """Items by state and failures by code, from the store."""
    store = next(iter(sorted(folder.glob("*.sqlite"))), None)
    if store is None:
        return {}, {}
    with sqlite3.connect(f"file:{store}?mode=ro", uri=True) as database:
        states = dict(database.execute("SELECT status, count(*) FROM caption GROUP BY status"))
        codes = dict(database.execute("SELECT errorCode, count(*) FROM failure GROUP BY errorCode"))
    return states, codes


def steady_end(timeline):
    """The second before the last in which anything arrived: that one may be cut short."""
    busy = [second for second, count in enumerate(timeline["arrived"]) if count]
    return busy[-1] if busy else 0


def pauses(timeline):
    """What each run of 429s was followed by, such as '20 at 10 s, then 30 s quiet'."""
    found, refused = [], 0
    for second, count in enumerate(timeline["throttled"]):
        refused += count
        rest = timeline["arrived"][second + 1 :]
        if not refused or (rest and rest[0]):
            continue
        quiet = next((index for index, arrived in enumerate(rest) if arrived), None)
        found.append(f"{refused} at {second} s, then " + (
            f"{quiet + 1} s quiet" if quiet is not None else "no more"))
        refused = 0
    return found


def stranger(timeline, report, end):
    """The share of a limit that was used before, while and after another client used it, too."""
    def used(start, end):
        return rate(timeline["accepted"], start, end) * 60 / report.per_minute

    back = next((second for second in range(report.until, end - 9) if used(second, second + 10) >= 0.9), None)
    return (f"used {used(report.at - 20, report.at):.1%} before, {used(report.at, report.until):.1%} meanwhile, "
            f"{used(report.until, end):.1%} after; " + (
                "90% not back" if back is None else f"90% back after {back - report.until} s"))


def refused(timeline, seconds):
    """Requests while everything is refused: in the second of the first refusal, and so long after it."""
    start = next((second for second, count in enumerate(timeline["throttled"]) if count), None)
    if start is None:
        return "nothing was refused"
    later = sum(timeline["arrived"][start + 1 : start + 1 + seconds])
    first = timeline["throttled"][start]
    return f"{first} refused in the first second of it, {later} requests in the {seconds} s after"


def row(name, folder, code, seconds, report):
    timelines = [json.loads(file.read_text()) for file in sorted(folder.glob("timeline-*.json"))]
    first = timelines[0]
    end = max(steady_end(each) for each in timelines)
    if report.kind in ("share", "beside"):
        start = report.start
        end = min(end, start + report.seconds) if report.seconds else end
    else:
        start, end = 0, end + 1
    arrived = sum(sum(each["arrived"][start:end]) for each in timelines)
    throttled = sum(sum(each["throttled"][start:end]) for each in timelines)
    in_flight = max((max(each["largestInFlight"], default=0) for each in timelines), default=0)
    states, codes = counts(folder)
    used, note = "-", f"{rate(first['answered'], start, end):.1f} answers/s"
    # Nothing is answered for long where everything is refused, and giving up is right then.
    if code not in ("0", "3", "130", "137") and not (report.kind == "refused" and code == "69"):
        lines = (folder / "run.log").read_text().strip().splitlines()
        note = lines[0][:100] if lines else f"exit code {code}"
    elif end <= start:
        note = "the run ended before the time to measure"
    elif report.kind == "share":
        limit, column = (report.tokens_per_minute, "acceptedTokens") if report.tokens_per_minute else (
            report.per_minute, "accepted")
        # What waits in line is accepted at once, so that a queue's throughput is its answers.
        column = "answered" if name == "parallel" else column
        used = f"{rate(first[column], start, end) * 60 / limit:.1%}"
    elif report.kind == "beside":
        baseline = json.loads((folder.parent / report.name / "timeline-0.json").read_text())
        without = rate(baseline["answered"], start, min(steady_end(baseline), start + report.seconds))
        if name != report.name and without:
            note += f", {rate(first['answered'], start, end) / without:.1%} of {without:.1f}/s without refusals"
    elif report.kind == "stranger":
        note = stranger(first, report, end - 1)
    elif report.kind == "refused":
        note = refused(first, report.seconds)
    elif report.kind == "dip":
        before = rate(first["answered"], report.at - 10, report.at)
        after = [rate(first["answered"], second, second + 3) for second in range(report.at, end - 2)]
        lowest = after.index(min(after[:30])) if after else 0
        back = next((second for second in range(lowest, len(after)) if after[second] >= 0.9 * before), None)
        note = f"before {before:.1f}/s, lowest {min(after[:30], default=0):.1f}/s, " + (
            "90% not back" if back is None else f"90% back after {back} s")
    elif report.kind == "pause":
        note = "; ".join(pauses(first)) or "no 429"
    elif report.kind == "change":
        # Each server counts from its own first request; both come within the first second.
        both = [sum(column) for column in zip(*(each["answered"][:end] + [0] * max(
            end - len(each["answered"]), 0) for each in timelines))]
        lost = sum(states.values()) - states.get("done", 0)
        note = (f"{lost} captions lost; {rate(both, 10, report.at):.1f}/s before, "
                f"{rate(both, report.at + 5, end):.1f}/s after; {sum(sum(each['cut']) for each in timelines)} cut")
    elif report.kind == "failures":
        failed = ", ".join(f"{key} {count}" for key, count in sorted(codes.items())) or "none"
        note = f"done {states.get('done', 0)}, failed: {failed}"
    share = f"{throttled / arrived:.2%}" if arrived else "-"
    print(COLUMNS.format(name, f"{seconds}s", used, throttled, share, in_flight, code, note), flush=True)


def main():
    action, *rest = sys.argv[1:]
    if action == "images":
        make_images(Path(rest[0]), int(rest[1]), rest[2])
    elif action == "fetch":
        Path(rest[1]).write_text(json.dumps(timeline(rest[0])))
    elif action == "run":
        code = run(rest[0], float(rest[1]), rest[2:])
        sys.exit(128 - code if code < 0 else code)
    elif action == "header":
        print(COLUMNS.format("scenario", "time", "used", "429s", "share", "in flight", "exit", ""), flush=True)
    elif action == "row":
        parser = argparse.ArgumentParser()
        parser.add_argument("kind", choices=[
            "share", "beside", "dip", "pause", "change", "failures", "stranger", "refused"])
        parser.add_argument("--per-minute", type=int)
        parser.add_argument("--tokens-per-minute", type=int)
        parser.add_argument("--from", dest="start", type=int)
        parser.add_argument("--seconds", type=int)
        parser.add_argument("--at", type=int)
        parser.add_argument("--until", type=int)
        parser.add_argument("--name")
        row(rest[0], Path(rest[1]), rest[2], rest[3], parser.parse_args(rest[4:]))


main()
