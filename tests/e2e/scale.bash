# A project of any size: many services of one program, each in two of the networks, some with
# published ports.
# shellcheck shell=bash

# scale_project SERVICES NETWORKS PORTS: the compose file on stdout; every fourth service has ports,
# from 20000 on, and the last of these answers on them
scale_project() {
    local services=$1 networks=$2 ports=$3
    awk -v services="$services" -v networks="$networks" -v ports="$ports" 'BEGIN {
        print "name: scale\nnetworks:"
        for (n = 0; n < networks; n++)
            printf "  net%d: {}\n", n
        print "services:"
        publishers = int((services + 3) / 4)
        for (s = 0; s < services; s++) {
            last = s % 4 == 0 && s + 4 >= services
            program = last ? "[/usr/bin/python3, -m, http.server, \"80\"]" : "[/bin/sleep, \"100000\"]"
            printf "  s%d:\n    image: local/scale\n    x-native: { user: nobody, command: %s }\n", s, program
            printf "    stop_signal: SIGKILL\n    mem_limit: 64m\n    pids_limit: 16\n"
            printf "    networks: [net%d, net%d]\n", s % networks, (s + 1) % networks
            if (s % 4)
                continue
            printf "    ports:\n"
            first = int(s / 4) * ports / publishers
            for (p = int(first); p < int(first + ports / publishers); p++)
                printf "      - \"%d:80\"\n", 20000 + p
        }
    }'
}
