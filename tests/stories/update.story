# One beside the other: the next is ready before it takes the place of the present one.
service web net published needs=app reload start-first
service app health=1s patience=2s ready=300ms net published start-first
service db stop=100ms
> up
    0.000 web: down -> waiting for app
    0.000 app: down -> waiting
    0.000 db: down -> waiting
    0.000 app: waiting -> preparing
    0.000 launch app.1.1
    0.000 db: waiting -> preparing
    0.000 launch db.1.1
    0.010 db: preparing -> starting
    0.010 db: starting -> up
    0.010 app: preparing -> starting
    0.010 web: waiting -> preparing
    0.010 launch web.1.1
    0.020 web: preparing -> starting
    0.020 web: starting -> up
    0.323 app: starting -> healthy
    0.323 done
> define app d2
> update app
    0.323 app~next: down -> waiting
    0.323 app~next: waiting -> preparing
    0.323 launch app.1.2
    0.333 app~next: preparing -> starting
    0.645 app~next: starting -> healthy
    0.645 ports to app.1.2
    0.646 app: switched
    0.646 HUP web.1.1
    0.646 app~old: up -> stopping
    0.646 TERM app.1.1
    0.666 app~old: stopping -> down
    0.666 done
> app busy
> define app d3
> begin update app
    0.666 app~next: down -> waiting
    0.666 app~next: waiting -> preparing
    0.666 launch app.1.3
> wait 2s
    0.676 app~next: preparing -> starting
    0.989 app~next: starting -> healthy
    0.989 ports to app.1.3
    0.990 app: switched
    0.990 HUP web.1.1
> app idle
> wait 1s
    2.690 app~old: up -> stopping
    2.690 TERM app.1.2
    2.710 app~old: stopping -> down
    2.710 done
> define db d2
> update db
    3.666 db: up -> stopping
    3.666 TERM db.1.1
    3.766 db: stopping -> waiting
    3.766 db: waiting -> preparing
    3.766 launch db.1.2
    3.776 db: preparing -> starting
    3.776 db: starting -> up
    3.776 done
> define app d4
> app sick
> update app
    3.776 app~next: down -> waiting
    3.776 app~next: waiting -> preparing
    3.776 launch app.1.4
    3.786 app~next: preparing -> starting
    3.989 app: up -> unhealthy: said no
    6.114 app~next: starting -> unhealthy: said no
    6.114 app: replacement failed
    6.114 app~next: sick -> stopping
    6.114 TERM app.1.4
    6.134 app~next: stopping -> down
    6.134 failed: service 'app' is unhealthy after 1 failed checks; the last one said: said no
> app exits 1
    6.134 app: sick -> backoff: exited with status 1
    6.134 app: backoff -> preparing
    6.134 launch app.1.5
> wait 1s
    6.144 app: preparing -> starting
> app well
> update app
    7.134 app: starting -> stopping
    7.134 TERM app.1.5
    7.154 app: stopping -> waiting
    7.154 app: waiting -> preparing
    7.154 launch app.1.6
    7.164 app: preparing -> starting
    7.477 app: starting -> healthy
    7.477 done
> down
    7.477 web: up -> stopping
    7.477 TERM web.1.1
    7.477 db: up -> stopping
    7.477 TERM db.1.2
    7.497 web: stopping -> down
    7.497 app: up -> stopping
    7.497 TERM app.1.6
    7.517 app: stopping -> down
    7.577 db: stopping -> down
    7.577 done
