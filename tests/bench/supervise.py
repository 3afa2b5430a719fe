"""supervise.py SERVICES ROUNDS WORLD GUEST ORCH...: the measurements of tests/bench/supervise.

Every contestant runs the same program (GUEST, which notes when it begins) the same number of times.  CPU
time is that of the processes of the supervisor itself, and of children that it has waited for."""

import json
import os
import pwd
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

SERVICES, ROUNDS, PARTS = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3].split()
WORLD, GUEST, ORCH = Path(sys.argv[4]), Path(sys.argv[5]), sys.argv[6:]
TICK_MS = 1000 / os.sysconf("SC_CLK_TCK")
QUIET_S = 60


def until(what, condition, patience_s=30):
    end = time.monotonic() + patience_s
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.001)
    sys.exit(f"gave up waiting until {what}")


# ---- what is measured ----


def descendants(root: int) -> list[int]:
    found = [root]
    for pid in found:
        try:
            for task in Path(f"/proc/{pid}/task").iterdir():
                found += [int(c) for c in (task / "children").read_text().split()]
        except OSError:
            pass
    return found


def comm(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def pss_kib(pids: list[int]) -> int:
    sum_kib = 0
    for pid in pids:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                sum_kib += int(line.split()[1])
    return sum_kib


def ticks(pids: list[int], children: bool = False) -> int:
    total = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += sum(int(f) for f in fields[11 : 15 if children else 13])
    return total


def last_stamp(file: Path) -> tuple[int, int]:
    try:
        lines = file.read_text().splitlines()
        pid, at = lines[-1].split()
        return len(lines), int(at)
    except (OSError, IndexError, ValueError):
        return 0, 0


# ---- contestants ----


class Contestant:
    """Has SERVICES services called s1.. that write their stamps; `pids` are its own processes."""

    name = ""
    running: list["Contestant"] = []

    def __init__(self):
        self.running.append(self)
        self.stamps = WORLD / f"stamps-{type(self).__name__}"
        shutil.rmtree(self.stamps, ignore_errors=True)
        self.stamps.mkdir()
        self.stamps.chmod(0o777)
        self.start()
        until(f"all services of {self.name} run", lambda: all(last_stamp(self.stamps / f"s{n}")[0] for n in range(1, SERVICES + 1)))

    def crash_ms(self, name: str) -> float:
        """From the signal to the begin of the next one."""
        stamps = self.stamps / name
        count, _ = last_stamp(stamps)
        pid = self.pid_of(name)
        began = time.monotonic_ns()
        os.kill(pid, signal.SIGKILL)
        until("it runs again", lambda: last_stamp(stamps)[0] > count)
        return (last_stamp(stamps)[1] - began) / 1e6

    def service_pids(self) -> dict[int, str]:
        """Our guests by what they were told: /proc knows their arguments."""
        found = {}
        for pid in descendants(self.root()):
            try:
                words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if len(words) > 1 and words[0].endswith(b"guest_stamp"):
                found[pid] = Path(words[1].decode()).name
        return found

    def pid_of(self, name: str) -> int:
        return next(pid for pid, n in self.service_pids().items() if n == name)

    def pids(self) -> list[int]:
        services = self.service_pids()
        return [pid for pid in descendants(self.root()) if pid not in services]

    def root(self) -> int:
        return self.process.pid

    def end(self):
        self.running.remove(self)
        self.stop()

    def stop(self):
        all_of_them = descendants(self.root())
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            pass
        for pid in all_of_them:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()


class Scan(Contestant):
    """s6 and runit: a directory of directories with a `run` each."""

    logs = False

    def start(self):
        self.dir = WORLD / type(self).__name__
        for n in range(1, SERVICES + 1):
            service = self.dir / f"s{n}"
            service.mkdir(parents=True, exist_ok=True)
            (service / "run").write_text(f"#!/bin/sh\nexec {GUEST} {self.stamps}/s{n}\n")
            (service / "run").chmod(0o755)
            if self.logs:
                (service / "log").mkdir(exist_ok=True)
                (service / "log/run").write_text(f"#!/bin/sh\nexec {self.logger} {self.dir}/s{n}/kept\n")
                (service / "log/run").chmod(0o755)
                (service / "kept").mkdir(exist_ok=True)
        self.process = subprocess.Popen([*self.program, str(self.dir)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class S6(Scan):
    name, program = "s6", ["s6-svscan"]


class S6Log(S6):
    name, logs, logger = "s6 with s6-log", True, "s6-log n5 s16777216"


class Runit(Scan):
    name, program = "runit", ["runsvdir"]


class RunitLog(Runit):
    name, logs, logger = "runit with svlogd", True, "svlogd"


class Supervisord(Contestant):
    name = "supervisord"

    def start(self):
        conf = WORLD / "supervisord.conf"
        text = f"[supervisord]\nnodaemon=true\nlogfile=/dev/null\nlogfile_maxbytes=0\npidfile={WORLD}/supervisord.pid\nuser=root\n"
        for n in range(1, SERVICES + 1):
            text += f"[program:s{n}]\ncommand={GUEST} {self.stamps}/s{n}\nautorestart=true\nstartsecs=0\nstdout_logfile={WORLD}/sv-s{n}.log\n"
        conf.write_text(text)
        self.process = subprocess.Popen(["supervisord", "-c", str(conf)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Ours(Contestant):
    name, check = "ipam-orch", ""

    def start(self):
        project = WORLD / "ipam/compose.yaml"
        text = f"name: bench\nx-common: &common\n  image: bench/stamp\n  restart: always\n  network_mode: none\n  stop_signal: SIGKILL\n  volumes: ['{self.stamps}:{self.stamps}', '{GUEST}:{GUEST}:ro']\n{self.check}services:\n"
        for n in range(1, SERVICES + 1):
            text += f"  s{n}: {{ <<: *common, x-native: {{ user: nobody, command: [{GUEST}, {self.stamps}/s{n}] }} }}\n"
        project.write_text(text)
        subprocess.run([*ORCH, "--progress", "quiet", "up"], check=True)

    def all_of_ours(self, name: str) -> list[int]:
        program, found = f"{WORLD}/root/usr/lib/ipam-orch/{name}", []
        for entry in os.scandir("/proc"):
            try:
                if entry.name.isdigit() and os.readlink(f"{entry.path}/exe") == program:
                    found.append(int(entry.name))
            except OSError:
                pass
        return found

    def pids(self) -> list[int]:
        return [pid for name in ("ipam-orchd", "ipam-sandboxd", "ipam-init") for pid in self.all_of_ours(name)]

    def pid_of(self, name: str) -> int:
        # its exit status is 1 for as long as the one before has not come up again
        answer = subprocess.run([*ORCH, "ps", "--format", "json"], capture_output=True, text=True)
        return next(s["pid"] for s in json.loads(answer.stdout)["services"] if s["service"] == name)

    def stop(self):
        subprocess.run([*ORCH, "--progress", "quiet", "down"], check=True)


class OursChecked(Ours):
    name = "ipam-orch, checked"
    check = "  healthcheck: { test: [CMD, /bin/true], interval: 1s, timeout: 5s }\n"


# ---- tables ----


def available() -> list[type[Contestant]]:
    needs = {S6: "s6-svscan", S6Log: "s6-log", Runit: "runsvdir", RunitLog: "svlogd", Supervisord: "supervisord"}
    return [Ours, *(c for c, program in needs.items() if shutil.which(program))]


def spread(values: list[float]) -> str:
    return f"{statistics.median(values):7.2f} ms ({min(values):.2f} to {max(values):.2f})"


def rest():
    """Memory of the supervising processes, and what they do while nothing happens."""
    print(f"{SERVICES} services, the supervising processes alone:")
    print(f"{'':24}{'PSS, each service':>20}{'processes':>12}{f'CPU of {QUIET_S} s':>16}")
    for contestant in available():
        one = contestant()
        pids = one.pids()
        before = ticks(pids)
        time.sleep(QUIET_S)
        spent = (ticks(pids) - before) * TICK_MS
        pss = pss_kib(pids) / SERVICES
        print(f"{one.name:24}{pss:16.1f} KiB{len(pids):12}{spent:13.0f} ms", flush=True)
        if isinstance(one, Ours):
            for name in ("ipam-orchd", "ipam-sandboxd", "ipam-init"):
                print(f"    {name:20}{pss_kib(one.all_of_ours(name)) / SERVICES:16.1f} KiB")
        one.end()


def crashes():
    """Each in turn: a crash after more than a second, as the first for a long time."""
    contestants = [c() for c in available() if c not in (S6Log, RunitLog)]
    took: dict[str, list[float]] = {c.name: [] for c in contestants}
    time.sleep(1.5)
    for n in range(ROUNDS):
        for c in contestants:
            took[c.name].append(c.crash_ms(f"s{n % SERVICES + 1}"))
    print("from SIGKILL to the begin of the next one, first crash:")
    for name, values in took.items():
        print(f"{name:24}{spread(values)}", flush=True)
    for c in contestants:
        c.end()


def checks(seconds: int = 30):
    one = OursChecked()
    pids = one.pids()
    until("checks are made", lambda: ticks(pids, True) > 0)
    before = ticks(pids, True)
    time.sleep(seconds)
    percent = (ticks(pids, True) - before) * TICK_MS / 10 / seconds
    print(f"{SERVICES} health checks (/bin/true inside) every second: {percent:.1f} % of one processor", flush=True)
    one.end()


def answers(at: str) -> bool:
    try:
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(at)
            s.sendall(b'{"op":"status"}\n')
            return b"status" in s.recv(65536)
    except OSError:
        return False


def recovery(rounds: int = 15):
    one, took = Ours(), []
    me = pwd.getpwnam("ipam-orch")
    for _ in range(rounds):
        old = one.all_of_ours("ipam-orchd")[0]
        environment = dict(w.split("=", 1) for w in Path(f"/proc/{old}/environ").read_text().split("\0") if "=" in w)
        program = os.readlink(f"/proc/{old}/exe")
        os.kill(old, signal.SIGKILL)
        until("it is gone", lambda: old not in one.all_of_ours("ipam-orchd"))
        with open(WORLD / "log/ipam-orchd.log", "a") as log:
            began = time.monotonic_ns()
            subprocess.Popen([program, "--exit-idle"], env=environment, user=me.pw_uid, group=me.pw_gid, extra_groups=[], stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/")
            until("it answers", lambda: answers(f"{WORLD}/run/manager/control.sock"))
            took.append((time.monotonic_ns() - began) / 1e6)
    print(f"kill -9 of the supervisor of {SERVICES} services, from its next start to its answer: {spread(took)}")
    one.end()


if __name__ == "__main__":
    try:
        for part in (crashes, recovery, checks, rest):
            if part.__name__ in PARTS or not PARTS:
                part()
    finally:
        for one in list(Contestant.running):
            one.end()
