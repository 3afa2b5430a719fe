# Ends of what was ill, was to say goodbye and could not, or had failed before.
service app health=1s pre_stop=1 task=1s task-exit=7
service ill health=1s restart=no
> up
    0.000 app: down -> waiting
    0.000 ill: down -> waiting
    0.000 app: waiting -> preparing
    0.000 launch app.1.1
    0.000 ill: waiting -> preparing
    0.000 launch ill.1.1
    0.010 app: preparing -> starting
    0.010 ill: preparing -> starting
    0.060 ill: starting -> healthy
    0.060 app: starting -> healthy
    0.060 done
> stop app
    0.060 app: up -> stopping
    0.060 exec app.1.1 1
    1.060 app: hook failed
    1.060 TERM app.1.1
    1.080 app: stopping -> down
    1.080 done
> ill sick
> wait 5s
    2.060 ill: up -> unhealthy: said no
> ill dies 9
    6.080 ill: sick -> failed: killed by signal 9 (Killed)
> stop ill
    6.080 ill: failed -> down
    6.080 done
> down
    6.080 done
