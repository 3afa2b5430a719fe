"""capture.py LINES ROUNDS WORLD GUEST ORCH...: the measurements of tests/bench/capture.

Time is from the first line in the file to the last one; processor time that of the process
that takes the lines, ours the supervisor, as the kernel counts it in clock ticks."""

import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

LINES, ROUNDS = int(sys.argv[1]), int(sys.argv[2])
WORLD, GUEST, ORCH = Path(sys.argv[3]), Path(sys.argv[4]), sys.argv[5:]
GB = LINES * 120 / 1e9
TICK_S = 1 / os.sysconf("SC_CLK_TCK")
LAST = f"{LINES:011d} ".encode()

# what conmon takes for a container runtime: starts the program and tells its pid
RUNTIME = f"""#!/bin/sh
file= verb=
while [ $# -gt 0 ]; do
    case $1 in
    --pid-file) file=$2; shift ;;
    create | start | delete) verb=$1 ;;
    esac
    shift
done
[ "$verb" = create ] || exit 0
{GUEST} {LINES} </dev/null &
echo $! >"$file"
"""


def seconds_of(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * TICK_S


def has_last(log: Path) -> bool:
    try:
        with log.open("rb") as f:
            f.seek(max(0, log.stat().st_size - 4096))
            return LAST in f.read()
    except OSError:
        return False


def until(log: Path, condition):
    end = time.monotonic() + 120
    while not condition(log):
        if time.monotonic() > end:
            sys.exit(f"{log}: what it waits for never came")
        time.sleep(0.002)


def has_first(log: Path) -> bool:
    return log.exists() and log.stat().st_size > 0


def time_of(log: Path) -> float:
    until(log, has_first)
    began = time.monotonic()
    until(log, has_last)
    return time.monotonic() - began


def whole_lines(log: Path):
    """Records, what conmon has cut ("P") put together again."""
    piece = b""
    with log.open("rb") as f:
        for record in f:
            if record.startswith(b"{"):
                yield record[len(b'{"log":"') :]
            else:
                _, _, kind, text = record.split(b" ", 3)
                piece += text[: -1 if kind == b"P" else None]
                if kind == b"F":
                    yield piece
                    piece = b""


def missing(log: Path) -> int:
    """Every number once, in order."""
    wrong, count = 0, 0
    for count, line in enumerate(whole_lines(log), 1):
        wrong += not line.startswith(f"{count:011d} ".encode())
    return wrong + abs(LINES - count)


def ours() -> tuple[float, float, int]:
    log = WORLD / "log/bench/flood.log"
    log.unlink(missing_ok=True)
    subprocess.run([*ORCH, "--progress", "quiet", "up", "--no-wait"], check=True)
    wall = time_of(log)
    program = f"{WORLD}/root/usr/lib/ipam-orch/ipam-orchd"
    pid = next(int(e.name) for e in os.scandir("/proc") if e.name.isdigit() and os.path.exists(f"{e.path}/exe") and os.readlink(f"{e.path}/exe") == program)
    spent = seconds_of(pid)
    subprocess.run([*ORCH, "--progress", "quiet", "down"], check=True)
    return wall, spent, missing(log)


def conmon() -> tuple[float, float, int]:
    home = WORLD / "conmon"
    shutil.rmtree(home, ignore_errors=True)
    (home / "bundle").mkdir(parents=True)
    runtime = home / "runtime"
    runtime.write_text(RUNTIME)
    runtime.chmod(0o755)
    log = home / "ctr.log"
    process = subprocess.Popen(["conmon", "--sync", "--api-version", "1", "-c", "flood", "-u", "flood", "-r", runtime, "-b", home / "bundle", "-p", home / "pid", "-l", f"k8s-file:{log}", "--exit-dir", home, "--no-sync-log", "--socket-dir-path", home, "--full-attach"])
    wall = time_of(log)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = status
    return wall, used.ru_utime + used.ru_stime, missing(log)


def main():
    (WORLD / "ipam/compose.yaml").write_text(f"""name: bench
services:
  flood:
    image: bench/flood
    restart: "no"
    network_mode: none
    logging: {{ options: {{ max-size: 10g }} }}
    volumes: ['{GUEST}:{GUEST}:ro']
    x-native: {{ user: nobody, command: [{GUEST}, "{LINES}"] }}
""")
    takers = {"ipam-orchd": ours} | ({"conmon": conmon} if shutil.which("conmon") else {})
    results = {name: [] for name in takers}
    for _ in range(ROUNDS):
        for name, take in takers.items():
            results[name].append(take())
    for name, rounds in results.items():
        wall = statistics.median(r[0] for r in rounds)
        spent = statistics.median(r[1] for r in rounds)
        print(f"{name:12} {LINES / wall / 1e6:5.2f} million lines/s, {spent / GB:5.2f} s of a processor for each GB, {sum(r[2] for r in rounds)} lines missing or wrong")


if __name__ == "__main__":
    main()
