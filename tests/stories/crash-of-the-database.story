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
