"""chaos.py ROUNDS SEED WORLD ORCH...: any of our processes is killed at a random moment, again and again.

A round: something is under way or nothing is, somebody is killed, and then everything is as it was wanted.
After every COURSE rounds the project goes down: nothing is left, and the log of every life has all lines it
wrote, each once.  Moments are counted, in pieces of the command's progress, in bytes of a log, or in looks at
it; nothing waits for time.  ORCH... is the command line of the world."""

import gzip
import json
import os
import random
import select
import signal
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

ROUNDS, SEED = int(sys.argv[1]), int(sys.argv[2])
WORLD, ORCH = Path(sys.argv[3]), sys.argv[4:]
SERVICES = ["one", "two", "three", "four"]
DEPENDANTS = {"one": {"two"}}
LOGS = WORLD / "log/chaos"
COURSE, PATIENCE_S = 25, 60
chance = random.Random(SEED)
struck: dict[str, int] = defaultdict(int)


class Wrong(Exception):
    pass


def orch(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*ORCH, *arguments], capture_output=True, text=True, timeout=PATIENCE_S)


def until(what: str, condition):
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if found := condition():
            return found
    raise Wrong(f"gave up waiting until {what}")


def services() -> dict[str, dict]:
    answer = orch("ps", "--format", "json")
    try:
        return {s["service"]: s for s in json.loads(answer.stdout)["services"]}
    except (ValueError, KeyError):
        return {}


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in ("Z", "X")
    except OSError:
        return False


def all_up() -> dict[str, int]:
    """The manager may not have heard of a death yet: what it says is up has to live."""
    now = services()
    up = {n: s["pid"] for n, s in now.items() if s["state"] == "up" and s["health"] == "healthy" and lives(s["pid"])}
    return up if len(up) == len(SERVICES) else {}


# ---- whom to kill ----


def processes(name: str) -> list[int]:
    found = []
    for entry in os.scandir("/proc"):
        try:
            if entry.name.isdigit() and Path(entry, "comm").read_text().strip() == name:
                if f"IPAM_ORCH_RUN_DIR={WORLD}/run".encode() in Path(entry, "environ").read_bytes():
                    found.append(int(entry.name))
        except OSError:
            pass
    return found


def workers() -> list[int]:
    """Children of the broker that are no init: the first that is seen."""
    for _ in range(2000):
        for broker in processes("ipam-sandboxd"):
            try:
                for child in Path(f"/proc/{broker}/task/{broker}/children").read_text().split():
                    if Path(f"/proc/{child}/comm").read_text().strip() != "ipam-init":
                        return [int(child)]
            except OSError:
                pass
    return []


def init_of(pid: int) -> list[int]:
    try:
        status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
        parent = int(status["PPid"])
        return [parent] if Path(f"/proc/{parent}/comm").read_text().strip() == "ipam-init" else []
    except (OSError, KeyError, ValueError):
        return []


def strike(whom: str, pid: int) -> int:
    victims = {
        "supervisor": lambda: processes("ipam-orchd"),
        "broker": lambda: processes("ipam-sandboxd"),
        "both": lambda: processes("ipam-orchd") + processes("ipam-sandboxd"),
        "worker": workers,
        "init": lambda: init_of(pid),
    }[whom]()
    struck = 0
    for victim in victims:
        try:
            name = Path(f"/proc/{victim}/comm").read_text().strip()
            os.kill(victim, signal.SIGKILL)
            print(f"    killed {name} {victim}")
            struck += 1
        except (ProcessLookupError, FileNotFoundError):
            continue
        if whom == "init":  # and with it all that is below it
            until(f"{victim} is gone", lambda: not lives(victim))
    return struck


# ---- when ----


def size(service: str) -> tuple[int, int]:
    try:
        st = os.stat(LOGS / f"{service}.log")
        return st.st_ino, st.st_size
    except OSError:
        return 0, 0


def let_pass(moment: str, count: int, service: str, command: subprocess.Popen | None) -> None:
    if moment == "progress" and command:
        for _ in range(count):
            if not select.select([command.stderr], [], [], 1)[0]:
                return  # it has no more to say until somebody acts
            os.read(command.stderr.fileno(), 64)
    elif moment == "log":
        before, looks = size(service), 0
        while size(service)[0] == before[0] and size(service)[1] < before[1] + count * 100 and looks < 20000:
            looks += 1
    elif moment == "rotation":
        before, looks = size(service), 0
        while size(service)[0] == before[0] and looks < 200000:
            looks += 1
    else:
        for _ in range(count * 100):
            size(service)


COMMANDS = {
    "steady": [],
    "restart": [["restart", "SERVICE"]],
    "up": [["stop"], ["up"]],
    "stop-start": [["stop", "SERVICE"], ["start", "SERVICE"]],
    "down-up": [["down"], ["up"]],
}


def begin(arguments: list[str], service: str) -> subprocess.Popen:
    words = [service if a == "SERVICE" else a for a in arguments]
    return subprocess.Popen([*ORCH, *words], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def end(command: subprocess.Popen) -> None:
    """However it ends: of a supervisor that was killed it cannot be done."""
    until("the command ends", lambda: command.poll() is not None)
    command.stderr.close()


def touched(phase: str, service: str, whom: str, target: str) -> set[str]:
    """Whose process may be another one afterwards."""
    if phase in ("up", "down-up"):
        return set(SERVICES)
    names = {target} | DEPENDANTS.get(target, set()) if whom == "init" else set()
    if phase != "steady":
        names |= {service} | DEPENDANTS.get(service, set())
    return names


def play(number: int, before: dict[str, int]) -> dict[str, int]:
    phase, whom = chance.choice([*COMMANDS, "steady"]), chance.choice(["supervisor", "broker", "both", "worker", "init"])
    service, target = chance.choice(SERVICES), chance.choice(SERVICES)
    moment, count = chance.choice(["progress", "log", "looks", "rotation"]), chance.randrange(12)
    steps = COMMANDS[phase]
    at = chance.randrange(len(steps) or 1)
    print(f"round {number}: {phase} of {service}, kill {whom} (of {target}) at {moment} {count} of command {at}", flush=True)
    for n, step in enumerate(steps or [None]):
        command = begin(step, service) if step else None
        if n == at:
            let_pass(moment, count, target, command)
            struck[whom] += strike(whom, before[target])
        if command:
            end(command)

    def wanted() -> dict[str, int]:
        return all_up() or (orch("up").returncode == 0 and all_up())

    after = until("all are up", wanted)
    for name in set(SERVICES) - touched(phase, service, whom, target):
        if after[name] != before[name]:
            raise Wrong(f"{name} has another process: {before} before, {after} after")
    return after


# ---- what was written ----


def content(file: Path) -> str:
    return (gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()).decode()


def written(service: str):
    """(life, number, stream) of every line, oldest first."""
    # one that is compressed and not for a moment has its lines once
    rotated = {int(f.name.split(".")[2]): f for f in sorted(LOGS.glob(f"{service}.log.[0-9]*"))}
    for file in [*(rotated[n] for n in sorted(rotated, reverse=True)), LOGS / f"{service}.log"]:
        for line in content(file).splitlines():
            record = json.loads(line)
            life, _, n = record["log"].rstrip("\n").partition(" ")
            yield life, int(n), record["stream"]


def check_lines() -> int:
    lines = defaultdict(list)
    if cursors := sorted(f.name for f in LOGS.glob("*.std*")):
        raise Wrong(f"left behind: {cursors}")
    for service in SERVICES:
        for life, n, stream in written(service):
            if stream != ("stdout", "stderr")[n % 2]:
                raise Wrong(f"{life} line {n} is of {stream}")
            lines[life].append(n)
    for told in (WORLD / "state/volumes/chaos_told").iterdir():
        wrote = int.from_bytes(told.read_bytes()[:8], sys.byteorder)
        have = lines.pop(told.name, [])
        for parity in (0, 1):
            of_stream = [n for n in have if n % 2 == parity]
            # what it did not come to note may be there
            most = max(len(have), wrote) if len(have) <= wrote + 1 else wrote
            expected = list(range(parity, most, 2))
            if of_stream != expected:
                missing, doubled = sorted(set(expected) - set(of_stream)), len(of_stream) - len(set(of_stream))
                raise Wrong(f"{told.name} wrote {wrote} lines, the log has {len(have)}: missing {missing[:5]}.. {missing[-1:]} ({len(missing)}), doubled {doubled}, in order {of_stream == sorted(of_stream)}")
        told.unlink()
    if any(lines):
        raise Wrong(f"lines of nobody: {dict(lines)}")
    count = 0
    for file in LOGS.glob("*.log*"):
        count += content(file).count("\n")
        file.unlink()
    return count


def go_down() -> None:
    answer = orch("down")
    if answer.returncode != 0:
        raise Wrong(f"down: {answer.stderr}")
    until("no daemon is left", lambda: not processes("ipam-orchd") + processes("ipam-sandboxd") + processes("ipam-init"))


def main() -> None:
    pids = {}
    for number in range(1, ROUNDS + 1):
        if not pids:
            answer = orch("up")
            if answer.returncode != 0:
                raise Wrong(f"up: {answer.stderr}")
            pids = until("all are up", all_up)
        pids = play(number, pids)
        if number % COURSE == 0 or number == ROUNDS:
            go_down()
            print(f"lines: {check_lines()}", flush=True)
            pids = {}


if __name__ == "__main__":
    print(f"seed {SEED}")
    try:
        main()
        print(f"struck {dict(struck)}")
    except Wrong as e:
        sys.exit(f"wrong: {e}")
