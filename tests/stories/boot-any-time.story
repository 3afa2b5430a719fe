# The machine stops while everything is on its way to somewhere: what is wanted is there in the end, what is not stays down.
service built start=1h
service begins health=1s patience=2h ready=1h
service ill health=1s
service ends stop=never grace=1h
service again restart=always delay=1h
service once restart=no
> begin up
    0.000 built: down -> waiting
    0.000 begins: down -> waiting
    0.000 ill: down -> waiting
    0.000 ends: down -> waiting
    0.000 again: down -> waiting
    0.000 once: down -> waiting
    0.000 built: waiting -> preparing
    0.000 launch built.1.1
    0.000 begins: waiting -> preparing
    0.000 launch begins.1.1
    0.000 ill: waiting -> preparing
    0.000 launch ill.1.1
    0.000 ends: waiting -> preparing
    0.000 launch ends.1.1
    0.000 again: waiting -> preparing
    0.000 launch again.1.1
    0.000 once: waiting -> preparing
    0.000 launch once.1.1
> wait 1s
    0.010 begins: preparing -> starting
    0.010 once: preparing -> starting
    0.010 once: starting -> up
    0.010 ill: preparing -> starting
    0.010 ends: preparing -> starting
    0.010 ends: starting -> up
    0.010 again: preparing -> starting
    0.010 again: starting -> up
    0.060 ill: starting -> healthy
> supervisor restarts
> ill sick
> again exits 1
    1.000 again: up -> backoff: exited with status 1
> wait 5s
    1.050 ill: up -> unhealthy: said no
> begin stop ends
    6.000 ends: up -> stopping
    6.000 TERM ends.1.1
> wait 1s
> built start=10ms
> begins ready=0s
> ill well
> machine boots
    7.000 built: preparing -> waiting
    7.000 begins: starting -> waiting
    7.000 ill: sick -> waiting
    7.000 ends: stopping -> down
    7.000 again: backoff -> waiting
    7.000 once: up -> failed
    7.000 built: waiting -> preparing
    7.000 launch built.1.2
    7.000 begins: waiting -> preparing
    7.000 launch begins.1.2
    7.000 ill: waiting -> preparing
    7.000 launch ill.1.2
    7.000 again: waiting -> preparing
    7.000 launch again.1.2
> wait 10s
    7.010 built: preparing -> starting
    7.010 built: starting -> up
    7.010 again: preparing -> starting
    7.010 again: starting -> up
    7.010 ill: preparing -> starting
    7.010 begins: preparing -> starting
    7.060 begins: starting -> healthy
    7.060 ill: starting -> healthy
