# A task that has to be done first: who needs it waits, fails with it, and goes on when it was done at last.
service web needs=schema:completed
service schema restart=no life=2s exit=1
> begin up
    0.000 web: down -> waiting for schema
    0.000 schema: down -> waiting
    0.000 schema: waiting -> preparing
    0.000 launch schema.1.1
> wait 1s
    0.010 schema: preparing -> starting
    0.010 schema: starting -> up
> supervisor restarts
> wait 5s
    2.010 schema: up -> failed: exited with status 1
    2.010 web: waiting -> failed
> stop
    6.000 web: failed -> down
    6.000 schema: failed -> down
    6.000 done
> schema exit=0
> up
    6.000 web: down -> waiting for schema
    6.000 schema: down -> waiting
    6.000 schema: waiting -> preparing
    6.000 launch schema.1.2
    6.010 schema: preparing -> starting
    6.010 schema: starting -> up
    8.010 schema: up -> done: exited with status 0
    8.010 web: waiting -> preparing
    8.010 launch web.1.1
    8.020 web: preparing -> starting
    8.020 web: starting -> up
    8.020 done
> start schema
    8.020 schema: done -> waiting
    8.020 schema: waiting -> preparing
    8.020 launch schema.1.3
    8.030 schema: preparing -> starting
    8.030 schema: starting -> up
    8.030 done
> down
    8.030 web: up -> stopping
    8.030 TERM web.1.1
    8.050 web: stopping -> down
    8.050 schema: up -> stopping
    8.050 TERM schema.1.3
    8.070 schema: stopping -> down
    8.070 done
