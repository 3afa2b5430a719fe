# A supervisor that is killed, a broker that is lost and a machine that boots while a service is replaced: the next one goes on.
service app health=1s patience=1s ready=300ms net published start-first
service db stop=500ms
> up
    0.000 app: down -> waiting
    0.000 db: down -> waiting
    0.000 app: waiting -> preparing
    0.000 launch app.1.1
    0.000 db: waiting -> preparing
    0.000 launch db.1.1
    0.010 db: preparing -> starting
    0.010 db: starting -> up
    0.010 app: preparing -> starting
    0.323 app: starting -> healthy
    0.323 done
> define app d2
> begin update app
    0.323 app~next: down -> waiting
    0.323 app~next: waiting -> preparing
    0.323 launch app.1.2
> supervisor restarts
> wait 1s
    0.333 app~next: preparing -> starting
    0.645 app~next: starting -> healthy
    0.645 ports to app.1.2
    0.646 app: switched
    0.646 app~old: up -> stopping
    0.646 TERM app.1.1
    0.666 app~old: stopping -> down
> define app d3
> begin update app
    1.323 app~next: down -> waiting
    1.323 app~next: waiting -> preparing
    1.323 launch app.1.3
> wait 100ms
    1.333 app~next: preparing -> starting
> supervisor restarts
> wait 1s
    1.673 app~next: starting -> healthy
    1.673 ports to app.1.3
    1.674 app: switched
    1.674 app~old: up -> stopping
    1.674 TERM app.1.2
    1.694 app~old: stopping -> down
> app busy
> define app d4
> begin update app
    2.423 app~next: down -> waiting
    2.423 app~next: waiting -> preparing
    2.423 launch app.1.4
> wait 1s
    2.433 app~next: preparing -> starting
    2.745 app~next: starting -> healthy
    2.745 ports to app.1.4
    2.746 app: switched
> supervisor restarts
> wait 1s
> app idle
> wait 1s
    4.473 app~old: up -> stopping
    4.473 TERM app.1.3
    4.493 app~old: stopping -> down
> define app d5
> begin update app
    5.423 app~next: down -> waiting
    5.423 app~next: waiting -> preparing
    5.423 launch app.1.5
> wait 100ms
    5.433 app~next: preparing -> starting
> broker is lost
> wait 2s
    6.533 app~next: starting -> healthy
    6.533 ports to app.1.5
    6.534 app: switched
    6.534 app~old: up -> stopping
    6.534 TERM app.1.4
    6.554 app~old: stopping -> down
    6.554 done
> define db d2
> begin update db
    7.523 db: up -> stopping
    7.523 TERM db.1.1
> wait 100ms
> supervisor restarts
    7.623 db: up -> stopping
    7.623 TERM db.1.1
> wait 2s
    8.123 db: stopping -> waiting
    8.123 db: waiting -> preparing
    8.123 launch db.1.2
    8.133 db: preparing -> starting
    8.133 db: starting -> up
> define app d6
> begin update app
    9.623 app~next: down -> waiting
    9.623 app~next: waiting -> preparing
    9.623 launch app.1.6
> wait 100ms
    9.633 app~next: preparing -> starting
> machine boots
    9.723 app: up -> waiting
    9.723 db: up -> waiting
    9.723 app~next: starting -> waiting
    9.723 app: waiting -> preparing
    9.723 launch app.1.7
    9.723 db: waiting -> preparing
    9.723 launch db.1.3
    9.723 app~next: waiting -> preparing
    9.723 launch app.1.8
> wait 2s
    9.733 app~next: preparing -> starting
    9.733 db: preparing -> starting
    9.733 db: starting -> up
    9.733 app: preparing -> starting
   10.045 app: starting -> healthy
   10.045 app~next: starting -> healthy
   10.045 ports to app.1.8
   10.046 app: switched
   10.046 app~old: up -> stopping
   10.046 TERM app.1.7
   10.066 app~old: stopping -> down
> update app
   11.723 done
> down
   11.723 app: up -> stopping
   11.723 TERM app.1.8
   11.723 db: up -> stopping
   11.723 TERM db.1.3
   11.743 app: stopping -> down
   12.223 db: stopping -> down
   12.223 done
