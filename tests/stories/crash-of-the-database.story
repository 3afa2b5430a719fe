# The database dies: it starts again by itself, and what asked for it follows when it is ready.
service nginx needs=backend:healthy:restart health=1s patience=2s
service backend needs=db:healthy:restart health=1s patience=2s ready=300ms
service db health=1s patience=2s ready=500ms
service other needs=db:healthy health=1s patience=2s
> up
    0.000 nginx: down -> waiting for backend
    0.000 backend: down -> waiting for db
    0.000 db: down -> waiting
    0.000 other: down -> waiting for db
    0.000 db: waiting -> preparing
    0.000 launch db.1.1
    0.010 db: preparing -> starting
    0.620 db: starting -> healthy
    0.620 backend: waiting -> preparing
    0.620 launch backend.1.1
    0.620 other: waiting -> preparing
    0.620 launch other.1.1
    0.630 backend: preparing -> starting
    0.630 other: preparing -> starting
    0.680 other: starting -> healthy
    0.943 backend: starting -> healthy
    0.943 nginx: waiting -> preparing
    0.943 launch nginx.1.1
    0.953 nginx: preparing -> starting
    1.003 nginx: starting -> healthy
    1.003 done
> db dies 9
    1.003 db: up -> backoff: killed by signal 9 (Killed)
    1.003 db: backoff -> preparing
    1.003 launch db.1.2
> wait 10s
    1.013 db: preparing -> starting
    1.623 db: starting -> healthy
    1.623 nginx: up -> stopping
    1.623 TERM nginx.1.1
    1.643 nginx: stopping -> waiting for backend
    1.643 backend: up -> stopping
    1.643 TERM backend.1.1
    1.663 backend: stopping -> waiting
    1.663 backend: waiting -> preparing
    1.663 launch backend.1.2
    1.673 backend: preparing -> starting
    1.986 backend: starting -> healthy
    1.986 nginx: waiting -> preparing
    1.986 launch nginx.1.2
    1.996 nginx: preparing -> starting
    2.046 nginx: starting -> healthy
