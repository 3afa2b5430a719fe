# More and fewer instances: the others are not touched, dependants wait for all of them.
service web needs=app:healthy:restart health=1s
service app health=1s patience=2s ready=300ms replicas=3
service db
> up
    0.000 web: down -> waiting for app
    0.000 app: down -> waiting
    0.000 app@2: down -> waiting
    0.000 app@3: down -> waiting
    0.000 db: down -> waiting
    0.000 app: waiting -> preparing
    0.000 launch app.1.1
    0.000 app@2: waiting -> preparing
    0.000 launch app.2.1
    0.000 app@3: waiting -> preparing
    0.000 launch app.3.1
    0.000 db: waiting -> preparing
    0.000 launch db.1.1
    0.010 app: preparing -> starting
    0.010 db: preparing -> starting
    0.010 db: starting -> up
    0.010 app@3: preparing -> starting
    0.010 app@2: preparing -> starting
    0.323 app@3: starting -> healthy
    0.323 app@2: starting -> healthy
    0.323 app: starting -> healthy
    0.323 web: waiting -> preparing
    0.323 launch web.1.1
    0.333 web: preparing -> starting
    0.383 web: starting -> healthy
    0.383 done
> app exits 1
    0.383 app@3: up -> backoff: exited with status 1
    0.383 app: up -> backoff: exited with status 1
    0.383 app@3: backoff -> preparing
    0.383 launch app.3.2
    0.383 app: backoff -> preparing
    0.383 launch app.1.2
    0.383 app@2: up -> backoff: exited with status 1
    0.383 app@2: backoff -> preparing
    0.383 launch app.2.2
> wait 2s
    0.393 app@3: preparing -> starting
    0.393 app: preparing -> starting
    0.393 app@2: preparing -> starting
    0.705 app: starting -> healthy
    0.705 web: up -> stopping
    0.705 TERM web.1.1
    0.705 app@2: starting -> healthy
    0.705 app@3: starting -> healthy
    0.725 web: stopping -> waiting
    0.725 web: waiting -> preparing
    0.725 launch web.1.2
    0.735 web: preparing -> starting
    0.785 web: starting -> healthy
> app@2 dies 9
    2.383 app@2: up -> backoff: killed by signal 9 (Killed)
> wait 2s
    2.483 app@2: backoff -> preparing
    2.483 launch app.2.3
    2.493 app@2: preparing -> starting
    2.805 app@2: starting -> healthy
    2.805 web: up -> stopping
    2.805 TERM web.1.2
    2.825 web: stopping -> waiting
    2.825 web: waiting -> preparing
    2.825 launch web.1.3
    2.835 web: preparing -> starting
    2.885 web: starting -> healthy
> scale app 1
    4.383 app@2: up -> stopping
    4.383 TERM app.2.3
    4.383 app@3: up -> stopping
    4.383 TERM app.3.2
    4.403 app@3: stopping -> down
    4.403 app@2: stopping -> down
    4.403 done
> scale app 2
    4.403 app@2: down -> waiting
    4.403 app@2: waiting -> preparing
    4.403 launch app.2.1
    4.413 app@2: preparing -> starting
    4.725 app@2: starting -> healthy
    4.725 done
> down
    4.725 web: up -> stopping
    4.725 TERM web.1.3
    4.725 db: up -> stopping
    4.725 TERM db.1.1
    4.745 db: stopping -> down
    4.745 web: stopping -> down
    4.745 app: up -> stopping
    4.745 TERM app.1.2
    4.745 app@2: up -> stopping
    4.745 TERM app.2.1
    4.765 app: stopping -> down
    4.765 app@2: stopping -> down
    4.765 done
