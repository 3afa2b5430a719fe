# `deploy.restart_policy`: a fixed delay, and only restarts that do not live through the window count.
service app restart=on-failure:2 window=5s delay=1s
> up
    0.000 app: down -> waiting
    0.000 app: waiting -> preparing
    0.000 launch app.1.1
    0.010 app: preparing -> starting
    0.010 app: starting -> up
    0.010 done
> app exits 1
    0.010 app: up -> backoff: exited with status 1
> wait 10s
    1.010 app: backoff -> preparing
    1.010 launch app.1.2
    1.020 app: preparing -> starting
    1.020 app: starting -> up
> app exits 1
   10.010 app: up -> backoff: exited with status 1
> wait 10s
   11.010 app: backoff -> preparing
   11.010 launch app.1.3
   11.020 app: preparing -> starting
   11.020 app: starting -> up
> app life=100ms exit=4
> app exits 1
   20.010 app: up -> backoff: exited with status 1
> wait 1m
   21.010 app: backoff -> preparing
   21.010 launch app.1.4
   21.020 app: preparing -> starting
   21.020 app: starting -> up
   21.120 app: up -> backoff: exited with status 4
   22.120 app: backoff -> preparing
   22.120 launch app.1.5
   22.130 app: preparing -> starting
   22.130 app: starting -> up
   22.230 app: up -> failed: exited with status 4
> app life=0s
> start app
   80.010 app: failed -> waiting
   80.010 app: waiting -> preparing
   80.010 launch app.1.6
   80.020 app: preparing -> starting
   80.020 app: starting -> up
   80.020 done
