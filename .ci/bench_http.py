"""How fast the program sends images, against the machine's ceiling and other clients, in one run (make bench).

One nginx worker reads each body whole and returns a fixed answer. Against it, 64 requests in flight each:

    wrk        posts one ready-made body of the same size again and again: the ceiling
    aiohttp    raw Python, the same ready-made body
    openai     the Python SDK: reads each file, encodes it, asks for a completion
    caption    reads each file, checks it, encodes it, and records every answer durably
    no sync    the same with eatmydata, so that no sync takes time: what durability costs

Rounds alternate, the best of each counts. Use the ratios; the server shares the processor with whoever is measured.
What is missing is installed first (Debian packages; Python packages in .build). Only loopback is used; every process is
stopped by its id.
"""

import argparse
import asyncio
import base64
import json
import os
import random
import shutil
import socket
import sqlite3
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pictures import bmp

CAPTION = str(Path(os.environ.get("CAPTION", ".build/release/caption")).absolute())
IN_FLIGHT = 64
# Bytes of an image, its sides, and how many files: about as many as go in five seconds.
SIZES = {"2 KB": (26, 26, 16000), "200 KB": (260, 256, 20000), "2 MB": (832, 801, 3000)}
ANSWER = {
    "id": "chatcmpl-1", "object": "chat.completion", "created": 1700000000, "model": "qwen3-vl-plus",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content":
        "A wooden chair with a woven seat stands beside a tall window. Morning light falls across the floor and over a "
        "folded blue blanket on the chair. Behind it a white wall carries a small framed drawing of a bird, and a green "
        "plant in a clay pot leans towards the glass from the left side of the picture."}}],
    "usage": {"prompt_tokens": 310, "completion_tokens": 62, "total_tokens": 372},
}
ROW = "{:<8} {:<10} {:>10} {:>14} {:>9}  {}"


def install():
    commands = {"nginx": "nginx-light", "wrk": "wrk", "eatmydata": "eatmydata"}
    missing = [package for command, package in commands.items() if not shutil.which(command)]
    if not Path("/usr/lib/nginx/modules/ngx_http_echo_module.so").exists():
        missing.append("libnginx-mod-http-echo")
    venv = Path(".build/bench-venv")
    if not (venv / "bin/python").exists():
        missing.append("python3-venv")
    if missing:
        root = [] if os.geteuid() == 0 else ["sudo"]
        # Without this the package would start a server of its own.
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
        subprocess.run([*root, "apt-get", "update", "-qq"], check=True)
        subprocess.run(
            [*root, "apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing], check=True, env=environment,
            stdout=subprocess.DEVNULL)
    python = venv / "bin/python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    if subprocess.run([python, "-c", "import aiohttp, openai"], capture_output=True).returncode:
        subprocess.run([python, "-m", "pip", "-q", "install", "aiohttp", "openai"], check=True)
    return str(python.absolute())


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start_server(work):
    port = free_port()
    (work / "nginx.conf").write_text(f"""
        load_module /usr/lib/nginx/modules/ngx_http_echo_module.so;
        worker_processes 1; daemon off; master_process off; pid {work}/nginx.pid; error_log {work}/error.log;
        events {{ worker_connections 1024; }}
        http {{
            access_log off; keepalive_requests 1000000000; client_max_body_size 64m; client_body_buffer_size 16m;
            client_body_temp_path {work}/body; proxy_temp_path {work}/p; fastcgi_temp_path {work}/f;
            uwsgi_temp_path {work}/u; scgi_temp_path {work}/s;
            server {{
                listen 127.0.0.1:{port};
                location / {{ default_type application/json; echo_read_request_body; echo '{json.dumps(ANSWER)}'; }}
            }}
        }}""")
    server = subprocess.Popen(
        ["timeout", "-k", "5", "1500", "nginx", "-c", work / "nginx.conf", "-e", work / "error.log"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return server, f"http://127.0.0.1:{port}/v1"
        except OSError:
            time.sleep(0.05)
    sys.exit("nginx did not start: " + (work / "error.log").read_text())


def make_images(folder, width, height, count):
    folder.mkdir(parents=True)
    row = (width * 3 + 3) // 4 * 4
    pixels = bytearray(random.randbytes(row * height))
    for number in range(count):
        pixels[:8] = struct.pack("<Q", number)
        (folder / f"{number:06}.bmp").write_bytes(bmp(width, height, pixels))


def body_of(image):
    text = base64.b64encode(image.read_bytes()).decode()
    return json.dumps({"model": "qwen3-vl-plus", "messages": [{"role": "user", "content": [
        {"type": "text", "text": "Describe this."},
        {"type": "image_url", "image_url": {"url": f"data:image/bmp;base64,{text}"}}]}]}).encode()


async def post_ready_made(url, folder, seconds):
    import aiohttp

    body = body_of(next(folder.iterdir()))
    count = 0
    end = time.monotonic() + seconds

    async def worker(session):
        nonlocal count
        while time.monotonic() < end:
            async with session.post(url + "/chat/completions", data=body, headers={
                    "content-type": "application/json"}) as reply:
                await reply.json()
            count += 1

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=IN_FLIGHT)) as session:
        await asyncio.gather(*(worker(session) for _ in range(IN_FLIGHT)))
    return count


async def ask_by_sdk(url, folder, seconds):
    import openai

    client = openai.AsyncOpenAI(base_url=url, api_key="sk-none", max_retries=0)
    images = iter(sorted(folder.iterdir()) * 100)
    count = 0
    end = time.monotonic() + seconds

    async def worker():
        nonlocal count
        while time.monotonic() < end:
            text = base64.b64encode(next(images).read_bytes()).decode()
            await client.chat.completions.create(model="qwen3-vl-plus", messages=[{"role": "user", "content": [
                {"type": "text", "text": "Describe this."},
                {"type": "image_url", "image_url": {"url": f"data:image/bmp;base64,{text}"}}]}])
            count += 1

    await asyncio.gather(*(worker() for _ in range(IN_FLIGHT)))
    return count


def measured(command, folder, environment=None):
    """Runs a command; its output, wall seconds, CPU seconds and peak megabytes."""
    began = time.monotonic()
    process = subprocess.Popen(
        list(map(str, command)), cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
    output, errors = process.stdout.read(), process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{command} ended with {process.returncode}:\n{errors}{output}")
    return output, time.monotonic() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def run_wrk(url, work, seconds):
    (work / "body.json").write_bytes(body_of(next((work / "photos").iterdir())))
    (work / "post.lua").write_text(
        'wrk.method = "POST"; wrk.headers["content-type"] = "application/json"\n'
        f'local file = io.open("{work}/body.json", "rb"); wrk.body = file:read("*a"); file:close()\n'
        'done = function(summary, latency, requests) print("total " .. summary.requests .. " " .. summary.duration) end\n')
    best = None
    for threads in (1, 2):
        output, _, cpu, memory = measured(
            ["wrk", f"-t{threads}", f"-c{IN_FLIGHT}", f"-d{seconds}s", "-s", work / "post.lua", url + "/chat/completions"],
            work)
        total = next(line.split() for line in output.splitlines() if line.startswith("total "))
        count, rate = int(total[1]), int(total[1]) / (int(total[2]) / 1e6)
        if not best or rate > best[0]:
            best = rate, cpu / count * 1000, memory, f"{threads} thread{'s' if threads > 1 else ''}"
    return best


def run_python(python, client, url, work, seconds):
    output, _, cpu, memory = measured(
        [python, Path(__file__).absolute(), "--client", client, url, work / "photos", seconds], work)
    count, rate = json.loads(output)
    return rate, cpu / count * 1000, memory, ""


def run_caption(url, work, count, prefix=()):
    for leftover in work.glob("job.sqlite*"):
        leftover.unlink()
    (work / "job.yaml").write_text(
        "name: job\nimages: [{folder: ./photos}]\nprompts: [{id: alt, text: Describe this.}]\n"
        f'endpoint: {{provider: custom, base_url: "{url}", model: qwen3-vl-plus, api_key_env: BENCH_KEY}}\n'
        f"limits: {{concurrency: {IN_FLIGHT}}}\n")
    _, wall, cpu, memory = measured(
        [*prefix, CAPTION, "run", "job.yaml", "--quiet"], work, {**os.environ, "BENCH_KEY": "sk-none"})
    with sqlite3.connect(work / "job.sqlite") as store:
        done, first, last = store.execute(
            "SELECT count(*), min(startedAt), max(finishedAt) FROM attempt WHERE outcome = 'completed'").fetchone()
    if done != count:
        sys.exit(f"{done} captions for {count} images")
    return count / ((last - first) / 1000), cpu / count * 1000, memory, f"whole process {wall:.1f} s, {count / wall:,.0f}/s"


def main():
    if sys.argv[1:2] == ["--client"]:
        client, url, folder, seconds = sys.argv[2], sys.argv[3], Path(sys.argv[4]), float(sys.argv[5])
        work = {"aiohttp": post_ready_made, "openai": ask_by_sdk}[client]
        began = time.monotonic()
        count = asyncio.run(work(url, folder, seconds))
        return print(json.dumps([count, count / (time.monotonic() - began)]))
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", default=",".join(SIZES))
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    python = install()
    work = Path(tempfile.mkdtemp(prefix="caption-bench-"))
    server, url = start_server(work)
    try:
        starts = [measured([CAPTION, "--version"], work)[1] * 1000 for _ in range(20)]
        print(f"caption --version: {statistics.median(starts):.0f} ms (goal: under 30)\n")
        print(ROW.format("images", "client", "images/s", "CPU ms/image", "memory", ""))
        for size in options.sizes.split(","):
            width, height, count = SIZES[size]
            folder = work / size.replace(" ", "")
            make_images(folder / "photos", width, height, count)
            best = {}
            for _ in range(options.rounds):
                for name, run in {
                    "wrk": lambda: run_wrk(url, folder, options.seconds),
                    "caption": lambda: run_caption(url, folder, count),
                    "aiohttp": lambda: run_python(python, "aiohttp", url, folder, options.seconds),
                    "no sync": lambda: run_caption(url, folder, count, ["eatmydata"]),
                    "openai": lambda: run_python(python, "openai", url, folder, options.seconds),
                }.items():
                    figures = run()
                    if name not in best or figures[0] > best[name][0]:
                        best[name] = figures
            for name, (rate, cpu, memory, note) in best.items():
                print(ROW.format(size, name, f"{rate:,.0f}", f"{cpu:.3f}", f"{memory:.0f} MB", note), flush=True)
            rate = {name: figures[0] for name, figures in best.items()}
            print(
                f"{size}: {rate['caption'] / rate['wrk']:.2f} of wrk, {rate['caption'] / rate['aiohttp']:.2f} of aiohttp, "
                f"{rate['caption'] / rate['openai']:.1f} times the openai SDK with "
                f"{best['caption'][1] / best['openai'][1]:.2f} of its CPU per image; "
                f"durable {rate['caption'] / rate['no sync']:.2f} of without sync\n", flush=True)
            shutil.rmtree(folder)
    finally:
        server.terminate()
        server.wait(10)
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
