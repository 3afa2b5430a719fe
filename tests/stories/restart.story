# A restart keeps what is restarted wanted: whoever is killed meanwhile, it runs in the end.
service web needs=app:healthy:restart health=1s
service app health=1s stop=2s
service other
> up
    0.000 web: down -> waiting for app
    0.000 app: down -> waiting
    0.000 other: down -> waiting
    0.000 app: waiting -> preparing
    0.000 launch app.1.1
    0.000 other: waiting -> preparing
    0.000 launch other.1.1
    0.010 app: preparing -> starting
    0.010 other: preparing -> starting
    0.010 other: starting -> up
    0.060 app: starting -> healthy
    0.060 web: waiting -> preparing
    0.060 launch web.1.1
    0.070 web: preparing -> starting
    0.120 web: starting -> healthy
    0.120 done
> begin restart app
    0.120 web: up -> stopping
    0.120 TERM web.1.1
> wait 1s
    0.140 web: stopping -> waiting for app
    0.140 app: up -> stopping
    0.140 TERM app.1.1
> supervisor restarts
    1.120 app: up -> stopping
    1.120 TERM app.1.1
> wait 5s
    3.120 app: stopping -> waiting
    3.120 app: waiting -> preparing
    3.120 launch app.1.2
    3.130 app: preparing -> starting
    3.180 app: starting -> healthy
    3.180 web: waiting -> preparing
    3.180 launch web.1.2
    3.190 web: preparing -> starting
    3.240 web: starting -> healthy
> app life=50ms exit=1
> restart app
    6.120 web: up -> stopping
    6.120 TERM web.1.2
    6.140 web: stopping -> waiting for app
    6.140 app: up -> stopping
    6.140 TERM app.1.2
    8.140 app: stopping -> waiting
    8.140 app: waiting -> preparing
    8.140 launch app.1.3
    8.150 app: preparing -> starting
    8.200 app: starting -> backoff: exited with status 1
    8.200 app: backoff -> preparing
    8.200 launch app.1.4
    8.210 app: preparing -> starting
    8.260 app: starting -> backoff: exited with status 1
    8.360 app: backoff -> preparing
    8.360 launch app.1.5
    8.370 app: preparing -> starting
    8.420 app: starting -> backoff: exited with status 1
    8.420 web: waiting -> down
    8.420 app: backoff -> down
    8.420 failed: service 'app' exited with status 1
> wait 1s
> app life=0s
> restart app
    9.420 app: down -> waiting
    9.420 app: waiting -> preparing
    9.420 launch app.1.6
    9.430 app: preparing -> starting
    9.480 app: starting -> healthy
    9.480 done
