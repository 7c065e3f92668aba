"""How fast photographs are prepared, beside vipsthumbnail on the same files in the same run (make bench-images).

Forty different pictures of 4000 by 3000 pixels, made here, under as many names as asked; 'caption check --images' opens,
reduces and encodes each as a run would, and vipsthumbnail brings them to the same size. Rounds alternate, the best counts.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CAPTION = str(Path(os.environ.get("CAPTION", ".build/release/caption")).absolute())
DIFFERENT = 40


def make_photos(folder, count):
    """Clouds with grain, which take about as many bytes as photographs do."""
    folder.mkdir()
    work = folder.parent

    def vips(*words):
        subprocess.run(["vips", *map(str, words)], cwd=work, check=True)

    vips("gaussnoise", "grain.v", 4000, 3000, "--mean", 128, "--sigma", 6)
    for number in range(min(DIFFERENT, count)):
        bands = []
        for channel in range(3):
            vips("perlin", "cloud.v", 4000, 3000, "--cell-size", 200 + 9 * number, "--seed", 3 * number + channel + 1)
            vips("linear", "cloud.v", "bright.v", 90, 0)
            vips("add", "bright.v", "grain.v", f"band{channel}.v")
            bands.append(f"band{channel}.v")
        vips("bandjoin", " ".join(bands), "photo.v")
        vips("copy", "photo.v", f"{folder.name}/{number:05}.jpg[Q=88]")
    for leftover in work.glob("*.v"):
        leftover.unlink()
    for number in range(DIFFERENT, count):
        os.link(folder / f"{number % DIFFERENT:05}.jpg", folder / f"{number:05}.jpg")


def measured(command, folder):
    """A command's output, wall seconds, CPU seconds and peak megabytes."""
    began = time.monotonic()
    process = subprocess.Popen(list(map(str, command)), cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    output, errors = process.stdout.read(), process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{command[0]} ended with {process.returncode}:\n{errors.decode(errors='replace')}")
    wall = time.monotonic() - began
    return output.decode(errors="replace"), wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--images", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    if not shutil.which("vipsthumbnail"):
        sys.exit("vipsthumbnail is missing: 'make setup' installs it (libvips-tools)")
    work = Path(tempfile.mkdtemp(prefix="caption-images-"))
    try:
        make_photos(work / "photos", options.images)
        files = [f"photos/{name}" for name in sorted(os.listdir(work / "photos"))]
        (work / "out").mkdir()
        best = {}
        for _ in range(options.rounds):
            for name, command in {
                "caption": [CAPTION, "check", "photos", "--images", "--provider", "dashscope"],
                "vipsthumbnail": ["vipsthumbnail", *files, "--size", "1856x1376", "-o", f"{work}/out/%s.jpg[Q=85,strip]"],
            }.items():
                figures = measured(command, work)
                if name not in best or figures[1] < best[name][1]:
                    best[name] = figures
        for name, (_, wall, cpu, memory) in best.items():
            print(f"{name:<14} {options.images / wall:6.1f} images/s   {cpu / options.images * 1000:6.1f} ms CPU an image"
                  f"   {memory:4.0f} MB")
        total = best["caption"][0].splitlines()[-1]
        if f"{options.images} are prepared" not in total:
            sys.exit(f"not every image was prepared: {total}")
        print(f"{best['vipsthumbnail'][1] / best['caption'][1]:.2f} times vipsthumbnail; "
              + re.sub(r".*; ", "upload: ", total))
    finally:
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
