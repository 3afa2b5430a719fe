# The supervisor is killed at bad moments: what runs goes on, what was asked for is finished.
service app health=1s post_start=1 task=5s restart=always
service db health=1s stop=never grace=3s
> up
    0.000 app: down -> waiting
    0.000 db: down -> waiting
    0.000 app: waiting -> preparing
    0.000 launch app.1.1
    0.000 db: waiting -> preparing
    0.000 launch db.1.1
    0.010 app: preparing -> starting
    0.010 exec app.1.1 1
    0.010 db: preparing -> starting
    0.060 db: starting -> healthy
    5.010 app: hook done
    5.060 app: starting -> healthy
    5.060 done
> supervisor restarts
> wait 3s
> broker is lost
> wait 3s
> db dies 11
   11.060 db: up -> backoff: killed by signal 11 (Segmentation fault)
   11.060 db: backoff -> preparing
   11.060 launch db.1.2
> supervisor restarts
> wait 3s
   11.070 db: preparing -> starting
   11.120 db: starting -> healthy
> app dies 9
   14.060 app: up -> backoff: killed by signal 9 (Killed)
   14.060 app: backoff -> preparing
   14.060 launch app.1.2
> wait 2s
   14.070 app: preparing -> starting
   14.070 exec app.1.2 1
> supervisor restarts
   16.060 exec app.1.2 1
> wait 10s
   21.060 app: hook done
   21.110 app: starting -> healthy
> stop db
   26.060 db: up -> stopping
   26.060 TERM db.1.2
   29.060 KILL db.1.2
   29.060 db: stopping -> down
   29.060 done
> down
   29.060 app: up -> stopping
   29.060 TERM app.1.2
   29.080 app: stopping -> down
   29.080 done
