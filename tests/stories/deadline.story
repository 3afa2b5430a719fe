# A start that takes too long says what it was waiting for; a grace of the command goes before that of the file.
service web needs=app:healthy health=1s
service app needs=db:started health=1s patience=1h ready=30m
service db stop=never grace=1h
> up ready=90s grace=2s
    0.000 web: down -> waiting for app
    0.000 app: down -> waiting for db
    0.000 db: down -> waiting
    0.000 db: waiting -> preparing
    0.000 launch db.1.1
    0.010 db: preparing -> starting
    0.010 db: starting -> up
    0.010 app: waiting -> preparing
    0.010 launch app.1.1
    0.020 app: preparing -> starting
   90.000 web: waiting -> down
   90.000 app: starting -> stopping
   90.000 TERM app.1.1
   90.020 app: stopping -> down
   90.020 db: up -> stopping
   90.020 TERM db.1.1
   92.020 KILL db.1.1
   92.020 db: stopping -> down
   92.020 failed: service 'app' is not ready after 90.0 s: it is starting; the last check said: said no
> app ready=5s
> up ready=90s grace=3s
   92.020 web: down -> waiting for app
   92.020 app: down -> waiting for db
   92.020 db: down -> waiting
   92.020 db: waiting -> preparing
   92.020 launch db.1.1
   92.030 db: preparing -> starting
   92.030 db: starting -> up
   92.030 app: waiting -> preparing
   92.030 launch app.1.1
   92.040 app: preparing -> starting
   97.588 app: starting -> healthy
   97.588 web: waiting -> preparing
   97.588 launch web.1.1
   97.598 web: preparing -> starting
   97.648 web: starting -> healthy
   97.648 done
> stop db grace=5s
   97.648 db: up -> stopping
   97.648 TERM db.1.1
  102.648 KILL db.1.1
  102.648 db: stopping -> down
  102.648 done
