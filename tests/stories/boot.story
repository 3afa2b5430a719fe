# The machine stops without a word: after the boot the order is that of `up`.
service backend needs=db:healthy health=1s patience=2s
service db health=1s patience=2s ready=500ms
service once restart=no life=100ms
> up
    0.000 backend: down -> waiting for db
    0.000 db: down -> waiting
    0.000 once: down -> waiting
    0.000 db: waiting -> preparing
    0.000 launch db.1.1
    0.000 once: waiting -> preparing
    0.000 launch once.1.1
    0.010 db: preparing -> starting
    0.010 once: preparing -> starting
    0.010 once: starting -> up
    0.110 once: up -> done: exited with status 0
    0.620 db: starting -> healthy
    0.620 backend: waiting -> preparing
    0.620 launch backend.1.1
    0.630 backend: preparing -> starting
    0.680 backend: starting -> healthy
    0.680 done
> wait 1m
> machine boots
   60.680 backend: up -> waiting
   60.680 db: up -> waiting
   60.680 db: waiting -> preparing
   60.680 launch db.1.2
> wait 5s
   60.690 db: preparing -> starting
   61.301 db: starting -> healthy
   61.301 backend: waiting -> preparing
   61.301 launch backend.1.2
   61.311 backend: preparing -> starting
   61.361 backend: starting -> healthy
