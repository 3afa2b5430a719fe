# A project of one service that writes numbered lines, for tests of what may happen to the daemons meanwhile.
# shellcheck shell=bash

LINES_WANTED=6000

# make_numbers [TEXT]: TEXT follows on the service, with what else it has and the project has
make_numbers() {
    export PROJECT=$WORLD/numbers
    mkdir -p "$PROJECT"
    cat >"$PROJECT/compose.yaml" <<EOF
name: numbers
services:
  numbers:
    image: local/numbers
    restart: always
    x-native:
      user: nobody
      command:
        - /usr/bin/python3
        - -uc
        - |
          import time
          for n in range(1, $LINES_WANTED + 1):
              print("line", n)
              time.sleep(0.002)
          while True:
              time.sleep(3600)
${1:-}
EOF
}

lines() {
    orch logs --no-log-prefix numbers
}

has_line() {
    lines | grep -qx "line $1"
}

# the process of the service is the one that came up, and was never started again
is_untouched() {
    [ "$(ps_field numbers pid)" = "$(cat "$WORLD/pid")" ]
    [ "$(ps_field numbers restarts)" -eq 0 ]
    [ "$(ps_field numbers state)" = up ]
    [ "$(cat "/proc/$(cat "$WORLD/pid")/comm")" = python3 ]
}
