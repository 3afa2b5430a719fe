# post_start before anybody takes it for ready, pre_stop before the stop signal, within the grace.
service app health=1s post_start=2 task=200ms pre_stop=1
service web needs=app:started
> up
    0.000 app: down -> waiting
    0.000 web: down -> waiting for app
    0.000 app: waiting -> preparing
    0.000 launch app.1.1
    0.010 app: preparing -> starting
    0.010 exec app.1.1 1
    0.210 app: hook done
    0.210 exec app.1.1 2
    0.410 app: hook done
    0.410 web: waiting -> preparing
    0.410 launch web.1.1
    0.420 web: preparing -> starting
    0.420 web: starting -> up
    0.460 app: starting -> healthy
    0.460 done
> wait 1m
> restart app
   60.460 app: up -> stopping
   60.460 exec app.1.1 1
   60.660 app: hook done
   60.660 TERM app.1.1
   60.680 app: stopping -> waiting
   60.680 app: waiting -> preparing
   60.680 launch app.1.2
   60.690 app: preparing -> starting
   60.690 exec app.1.2 1
   60.890 app: hook done
   60.890 exec app.1.2 2
   61.090 app: hook done
   61.140 app: starting -> healthy
   61.140 done
> app task=1m
> stop app
   61.140 app: up -> stopping
   61.140 exec app.1.2 1
   71.140 KILL app.1.2
   71.140 app: stopping -> down
   71.140 done
> app task=100ms task-exit=7
> start app
   71.140 app: down -> waiting
   71.140 app: waiting -> preparing
   71.140 launch app.1.3
   71.150 app: preparing -> starting
   71.150 exec app.1.3 1
   71.250 app: hook failed
   71.250 app: starting -> stopping: failed: its post_start command 1 exited with status 7: said no
   71.250 TERM app.1.3
   71.270 app: stopping -> backoff: failed: its post_start command 1 exited with status 7: said no
   71.270 app: backoff -> preparing
   71.270 launch app.1.4
   71.280 app: preparing -> starting
   71.280 exec app.1.4 1
   71.380 app: hook failed
   71.380 app: starting -> stopping: failed: its post_start command 1 exited with status 7: said no
   71.380 TERM app.1.4
   71.400 app: stopping -> backoff: failed: its post_start command 1 exited with status 7: said no
   71.500 app: backoff -> preparing
   71.500 launch app.1.5
   71.510 app: preparing -> starting
   71.510 exec app.1.5 1
   71.610 app: hook failed
   71.610 app: starting -> stopping: failed: its post_start command 1 exited with status 7: said no
   71.610 TERM app.1.5
   71.630 app: stopping -> backoff: failed: its post_start command 1 exited with status 7: said no
   71.630 app: backoff -> down
   71.630 failed: service 'app' failed: its post_start command 1 exited with status 7: said no
> app task-exit=0
> down
   71.630 web: up -> stopping
   71.630 TERM web.1.1
   71.650 web: stopping -> down
   71.650 done
