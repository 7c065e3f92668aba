"""The most memory that images take, whatever their number and size (make bench-images).

1,500 images of 900 KB with 512 requests in flight, and WebPs of 98 megapixels, which hold 800 MB while they are decoded: one,
then two that would be decoded at once. The program is $CAPTION, by default the release build; only loopback is used, and the
server that is started here is stopped by its id.
"""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from million import Server, Step, write_spec
from pictures import bmp

ROW = "{:<46} {:>6} {:>9}"


def show(name, figures):
    print(ROW.format(name, f"{figures[0]:.1f} s", f"{figures[2]:.0f} MB"), flush=True)


def measure_in_flight(work):
    (work / "photos").mkdir()
    for number in range(1500):
        (work / "photos" / f"{number}.bmp").write_bytes(bmp(640, 480, os.urandom(640 * 480 * 3)))
    server = Server("--latency", "15s")
    try:
        write_spec(work / "job.yaml", server.url, concurrency=512)
        show("1,500 images of 900 KB, 512 in flight", Step("run", work / "job.yaml", "--quiet").end())
    finally:
        server.stop()


def measure_decoding(work):
    def vips(*words):
        subprocess.run(["vips", *map(str, words)], cwd=work, check=True)

    vips("perlin", "cloud.v", 11440, 8580, "--cell-size", 300, "--seed", 1)
    vips("linear", "cloud.v", "grey.v", 90, 128, "--uchar")
    (work / "large").mkdir()
    vips("copy", "grey.v", "large/1.webp[Q=40,effort=0]")
    for leftover in work.glob("*.v"):
        leftover.unlink()
    show("one WebP of 98 megapixels", Step("check", work / "large", "--images", "--provider", "dashscope").end())
    # A byte behind the end makes it another file.
    (work / "large" / "2.webp").write_bytes((work / "large" / "1.webp").read_bytes() + b"2")
    show("two of them", Step("check", work / "large", "--images", "--provider", "dashscope").end())


def main():
    work = Path(tempfile.mkdtemp(prefix="caption-memory-"))
    try:
        measure_in_flight(work)
        measure_decoding(work)
    finally:
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
