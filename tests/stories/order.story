# The order of `up`, its reverse at `down`.
service nginx needs=backend:healthy health=1s patience=2s
service backend needs=db:healthy needs=cache:started needs=schema:completed health=1s patience=2s ready=300ms
service schema needs=db:healthy restart=no life=200ms
service db health=1s patience=2s ready=500ms stop=2s
service cache
> up
    0.000 nginx: down -> waiting for backend
    0.000 backend: down -> waiting for db
    0.000 schema: down -> waiting for db
    0.000 db: down -> waiting
    0.000 cache: down -> waiting
    0.000 db: waiting -> preparing
    0.000 launch db.1.1
    0.000 cache: waiting -> preparing
    0.000 launch cache.1.1
    0.010 db: preparing -> starting
    0.010 cache: preparing -> starting
    0.010 cache: starting -> up
    0.620 db: starting -> healthy
    0.620 schema: waiting -> preparing
    0.620 launch schema.1.1
    0.630 schema: preparing -> starting
    0.630 schema: starting -> up
    0.830 schema: up -> done: exited with status 0
    0.830 backend: waiting -> preparing
    0.830 launch backend.1.1
    0.840 backend: preparing -> starting
    1.153 backend: starting -> healthy
    1.153 nginx: waiting -> preparing
    1.153 launch nginx.1.1
    1.163 nginx: preparing -> starting
    1.213 nginx: starting -> healthy
    1.213 done
> wait 1m
> down
   61.213 nginx: up -> stopping
   61.213 TERM nginx.1.1
   61.233 nginx: stopping -> down
   61.233 backend: up -> stopping
   61.233 TERM backend.1.1
   61.253 backend: stopping -> down
   61.253 schema: done -> down
   61.253 db: up -> stopping
   61.253 TERM db.1.1
   61.253 cache: up -> stopping
   61.253 TERM cache.1.1
   61.273 cache: stopping -> down
   63.253 db: stopping -> down
   63.253 done
