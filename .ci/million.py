"""Plans, resumes, watches and exports a job of a million images, and says how long each step takes and how much memory.

    python3 .ci/million.py [--items 1000000] [--keep FOLDER]     (make million)

The program is $CAPTION, by default the release build. Only loopback is used; every process that is started here is stopped
by its id. The files take 4 GB of disk for a million (a block each). With root rights the page cache is dropped before the
first step, so that its plan starts cold.
"""

import argparse
import hashlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from pictures import bmp

CAPTION = os.environ.get("CAPTION", ".build/release/caption")
ENVIRONMENT = {**os.environ, "SIMULATED_API_KEY": "sk-simulated"}
ROW = "{:<46} {:>9} {:>9} {:>9}  {}"


def make_images(folder, count, size=1024):
    """Distinct BMPs of 16x16, a thousand to a folder."""
    for number in range(count):
        below = folder / f"{number // 1000:04}"
        if number % 1000 == 0:
            below.mkdir(parents=True)
        with open(below / f"image-{number:07}.bmp", "wb", buffering=0) as file:
            file.write(bmp(16, 16, number.to_bytes(3, "big") * 256).ljust(size, b"\0"))


def write_spec(path, url, prompts=1, concurrency=64):
    texts = ", ".join(f"{{id: p{number}, text: Describe this in style {number}.}}" for number in range(prompts))
    path.write_text(
        f"name: {path.stem}\nimages: [{{folder: ./photos}}]\nprompts: [{texts}]\n"
        f'endpoint: {{provider: simulated, base_url: "{url}", model: qwen3-vl-plus, api_key_env: SIMULATED_API_KEY}}\n'
        f"limits: {{concurrency: {concurrency}}}\n")


class Step:
    """A process, its seconds and its peak memory."""

    def __init__(self, *arguments, output=subprocess.DEVNULL):
        self.began = time.monotonic()
        self.process = subprocess.Popen(
            [CAPTION, *map(str, arguments)], env=ENVIRONMENT, stdout=output, stderr=subprocess.PIPE)

    def end(self, allowed=(0,)):
        """Waits for the end; the process's seconds, CPU seconds and megabytes."""
        errors = self.process.stderr.read().decode()
        _, status, usage = os.wait4(self.process.pid, 0)
        self.process.returncode = os.waitstatus_to_exitcode(status)
        if self.process.returncode not in allowed:
            sys.exit(f"{self.process.args} ended with {self.process.returncode}:\n{errors}")
        return time.monotonic() - self.began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024

    def interrupt(self):
        self.process.send_signal(signal.SIGINT)
        return self.end(allowed=(0, 130))


class Server:
    """A simulated provider in a process of its own."""

    def __init__(self, *flags):
        self.process = subprocess.Popen(
            ["timeout", "-k", "5", "1200", CAPTION, "simulate", "--port", "0", *flags],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for line in self.process.stdout:
            if line.startswith("listening on "):
                self.url = line.split()[-1]
                return
        sys.exit("the simulated server did not start")

    def arrived(self):
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(self.url.removesuffix("/v1") + "/timeline", timeout=30) as reply:
            return sum(json.load(reply)["arrived"])

    def seconds_to(self, count, step):
        """From the step's start until so many requests are here."""
        while step.process.poll() is None and self.arrived() < count:
            time.sleep(0.005)
        return time.monotonic() - step.began

    def stop(self):
        for _ in range(2):
            if self.process.poll() is None:
                self.process.terminate()
                time.sleep(0.2)
        self.process.wait(10)


def row_digest(*values):
    """The digest that the program keeps beside a row (Sources/CaptioningSQLite/RowDigest.swift)."""
    data = bytearray()
    for value in values:
        if value is None:
            data.append(0)
        elif isinstance(value, int):
            data += b"\x01" + value.to_bytes(8, "little", signed=True)
        else:
            encoded = value.encode() if isinstance(value, str) else value
            data += (b"\x02" if isinstance(value, str) else b"\x03") + len(encoded).to_bytes(8, "little") + encoded
    return int.from_bytes(hashlib.sha256(data).digest()[:8], "little", signed=True)


def settle(store, leave):
    """Gives all items but so many a caption, as runs would have."""
    with sqlite3.connect(store) as database:
        database.execute("PRAGMA synchronous = OFF")
        database.create_function("rowDigest", -1, row_digest, deterministic=True)
        last = database.execute("SELECT max(position) - ? FROM item", (leave,)).fetchone()[0]
        database.execute("UPDATE item SET state = 'pending' WHERE state = 'claimed'")
        database.execute("DELETE FROM completion")
        database.execute("UPDATE item SET state = 'pending', attemptId = NULL, answeredRequestId = NULL")
        database.execute("DELETE FROM attempt")
        database.execute(
            "INSERT INTO attempt (id, itemId, number, requestId, endpoint, model, startedAt, finishedAt, outcome, wasSent,"
            " httpStatus, answeredModel, finishReason, promptTokens, completionTokens, totalTokens, latencyMs) SELECT id,"
            " id, 1, requestId, 'http://127.0.0.1/v1', 'qwen3-vl-plus', 1700000000000, 1700000001000, 'completed', 1, 200,"
            " 'qwen3-vl-plus', 'stop', 300, 60, 360, 1000 FROM item WHERE position <= ?", (last,))
        database.execute(
            "INSERT INTO completion (attemptId, fingerprint, caption) SELECT id, randomblob(32), 'A wooden chair, painted"
            " red, stands in a bright room; \"light\" falls on it from the left. ' || id || hex(zeroblob(180)) FROM attempt")
        database.execute(
            "UPDATE item SET state = 'done', attemptId = id, answeredRequestId = requestId WHERE position <= ?", (last,))
        database.execute("UPDATE completion SET digest = rowDigest(attemptId, fingerprint, caption)")
        database.execute(
            "UPDATE attempt SET digest = rowDigest(id, itemId, outcome, reusedAttemptId, provider, model, answeredModel,"
            " finishReason, promptTokens, completionTokens, totalTokens, imageTokens, cachedTokens, reasoningTokens,"
            " errorCode, errorMessage, finishedAt, imageSize, imageFormat, imageBytes, sentSize, sentFormat, sentBytes,"
            " prepared, (SELECT digest FROM completion WHERE attemptId = attempt.id))")
        database.execute("REPLACE INTO tally SELECT 1, * FROM counted")
        database.commit()
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def drop_caches():
    try:
        os.sync()
        Path("/proc/sys/vm/drop_caches").write_text("3")
        return "cold"
    except OSError:
        return "warm: only root can empty the page cache"


def show(name, figures, note=""):
    seconds, cpu, memory = figures
    print(ROW.format(name, f"{seconds:.2f} s", f"{cpu:.2f} s", f"{memory:.0f} MB", note), flush=True)
    return memory


def measure(work, items):
    """All steps for so many images; the peak memory of each."""
    peaks = {}
    server = Server("--latency", "50ms")
    try:
        spec, store = work / "job.yaml", work / "job.sqlite"
        write_spec(spec, server.url)
        note = drop_caches()
        peaks["plan"] = show(f"plan, {items:,} new images", Step("plan", spec).end(), note)
        run = Step("run", spec, "--quiet")
        first = server.seconds_to(1, run)
        peaks["first run"] = show("first run until interrupted", run.interrupt(), f"first request after {first:.2f} s")
        peaks["second plan"] = show("second plan, nothing changed", Step("plan", spec).end())
        settle(store, min(1000, items // 2))
        drop_caches()
        before = server.arrived()
        resume = Step("run", spec, "--quiet")
        first = server.seconds_to(before + 1, resume)
        status = Step("status", spec).end()
        peaks["resume"] = show(
            f"resume with {min(1000, items // 2):,} pending", resume.end(), f"first request after {first:.2f} s")
        peaks["status"] = show("status while that run writes", status)
        with open(work / "captions.csv", "wb") as output:
            figures = Step("export", spec, output=output).end()
        size = (work / "captions.csv").stat().st_size / 1e6
        peaks["export"] = show("CSV of all", figures, f"{size:.0f} MB, {items / figures[0]:,.0f} rows/s")
        peaks["verify"] = show("status --verify", Step("status", spec, "--verify").end())
        again = Step("plan", spec).end()
        peaks["plan, done"] = show("plan, all done", again)
    finally:
        server.stop()
    return peaks


def measure_prompts(work, items):
    """A thousand images with so many prompts that they come to as many items."""
    prompts = max(items // 1000, 1)
    server = Server("--latency", "50ms")
    try:
        spec = work / "prompts.yaml"
        write_spec(spec, server.url, prompts)
        show(f"plan, 1,000 images x {prompts:,} prompts", Step("plan", spec).end())
        run = Step("run", spec, "--quiet")
        first = server.seconds_to(1, run)
        show("first run of it until interrupted", run.interrupt(), f"first request after {first:.2f} s")
    finally:
        server.stop()


def measure_large(work):
    """128 images of 5 MB, 64 in flight."""
    folder = work / "large"
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "photos").mkdir(parents=True)
    for number in range(128):
        (folder / "photos" / f"{number}.bmp").write_bytes(bmp(1300, 1280, os.urandom(1300 * 1280 * 3)))
    server = Server("--latency", "2s")
    try:
        write_spec(folder / "job.yaml", server.url)
        show("128 images of 5 MB, 64 in flight", Step("run", folder / "job.yaml", "--quiet").end())
    finally:
        server.stop()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    work = options.keep or Path(tempfile.mkdtemp(prefix="caption-million-"))
    try:
        print(ROW.format("step", "time", "CPU", "memory", "notes"))
        peaks = {}
        for items in (1000, options.items):
            folder = work / str(items)
            if not (folder / "photos").exists():
                make_images(folder / "photos", items)
            for file in folder.glob("*.*"):
                file.unlink()
            time.sleep(2.1)  # a folder that has just changed is walked again in any case
            peaks[items] = measure(folder, items)
        measure_prompts(work / "1000", options.items)
        measure_large(work)
        growth = {step: peaks[options.items][step] / peaks[1000][step] for step in peaks[1000]}
        print("memory, against 1,000 images: " + ", ".join(f"{step} {ratio:.2f}" for step, ratio in growth.items()))
    finally:
        if not options.keep:
            shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
