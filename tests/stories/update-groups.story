# Several instances: so many at a time, watched, with a pause between groups, and an end when too many fail.
service app health=1s patience=1s ready=100ms replicas=3 start-first parallelism=2 pause=500ms monitor=200ms
service job replicas=2 parallelism=0 go-on
service half replicas=2 permill=500 monitor=1s parallelism=0
> up
    0.000 app: down -> waiting
    0.000 app@2: down -> waiting
    0.000 app@3: down -> waiting
    0.000 job: down -> waiting
    0.000 job@2: down -> waiting
    0.000 half: down -> waiting
    0.000 half@2: down -> waiting
    0.000 app: waiting -> preparing
    0.000 launch app.1.1
    0.000 app@2: waiting -> preparing
    0.000 launch app.2.1
    0.000 app@3: waiting -> preparing
    0.000 launch app.3.1
    0.000 job: waiting -> preparing
    0.000 launch job.1.1
    0.000 job@2: waiting -> preparing
    0.000 launch job.2.1
    0.000 half: waiting -> preparing
    0.000 launch half.1.1
    0.000 half@2: waiting -> preparing
    0.000 launch half.2.1
    0.010 app: preparing -> starting
    0.010 app@3: preparing -> starting
    0.010 half@2: preparing -> starting
    0.010 half@2: starting -> up
    0.010 job: preparing -> starting
    0.010 job: starting -> up
    0.010 half: preparing -> starting
    0.010 half: starting -> up
    0.010 job@2: preparing -> starting
    0.010 job@2: starting -> up
    0.010 app@2: preparing -> starting
    0.110 app@2: starting -> healthy
    0.110 app: starting -> healthy
    0.110 app@3: starting -> healthy
    0.110 done
> define app d2
> update app
    0.110 app~next: down -> waiting
    0.110 app@2~next: down -> waiting
    0.110 app~next: waiting -> preparing
    0.110 launch app.1.2
    0.110 app@2~next: waiting -> preparing
    0.110 launch app.2.2
    0.120 app~next: preparing -> starting
    0.120 app@2~next: preparing -> starting
    0.220 app@2~next: starting -> healthy
    0.220 app: switched
    0.220 app@2~old: up -> stopping
    0.220 TERM app.2.1
    0.220 app~next: starting -> healthy
    0.220 app: switched
    0.220 app~old: up -> stopping
    0.220 TERM app.1.1
    0.240 app~old: stopping -> down
    0.240 app@2~old: stopping -> down
    0.920 app@3~next: down -> waiting
    0.920 app@3~next: waiting -> preparing
    0.920 launch app.3.2
    0.930 app@3~next: preparing -> starting
    1.030 app@3~next: starting -> healthy
    1.030 app: switched
    1.030 app@3~old: up -> stopping
    1.030 TERM app.3.1
    1.050 app@3~old: stopping -> down
    1.230 done
> define app d3
> begin update app
    1.230 app~next: down -> waiting
    1.230 app@2~next: down -> waiting
    1.230 app~next: waiting -> preparing
    1.230 launch app.1.3
    1.230 app@2~next: waiting -> preparing
    1.230 launch app.2.3
> wait 150ms
    1.240 app~next: preparing -> starting
    1.240 app@2~next: preparing -> starting
    1.340 app@2~next: starting -> healthy
    1.340 app: switched
    1.340 app@2~old: up -> stopping
    1.340 TERM app.2.2
    1.340 app~next: starting -> healthy
    1.340 app: switched
    1.340 app~old: up -> stopping
    1.340 TERM app.1.2
    1.360 app~old: stopping -> down
    1.360 app@2~old: stopping -> down
> app sick
> wait 5s
    2.030 app@3: up -> unhealthy: said no
    2.040 app@3: sick -> stopping
    2.040 TERM app.3.2
    2.060 app@3: stopping -> waiting
    2.060 app@3: waiting -> preparing
    2.060 launch app.3.3
    2.070 app@3: preparing -> starting
    2.340 app: up -> unhealthy: said no
    2.340 app@2: up -> unhealthy: said no
    3.262 app@3: starting -> unhealthy: said no
    3.262 app: replacement failed
    3.262 failed: service 'app@3' is unhealthy after 1 failed checks; the last one said: said no
> app well
> wait 2s
    7.262 app@3: sick -> healthy
    7.340 app@2: sick -> healthy
    7.340 app: sick -> healthy
> define job d2
> job broken
> update job
    8.380 job: up -> stopping
    8.380 TERM job.1.1
    8.380 job@2: up -> stopping
    8.380 TERM job.2.1
    8.400 job@2: stopping -> waiting
    8.400 job@2: waiting -> preparing
    8.400 launch job.2.2
    8.400 job: stopping -> waiting
    8.400 job: waiting -> preparing
    8.400 launch job.1.2
    8.410 job@2: preparing -> failed: could not start: mounting the root: No such file or directory
    8.410 job: replacement failed
    8.410 job: preparing -> failed: could not start: mounting the root: No such file or directory
    8.410 job: replacement failed
    8.410 done
> define half d2
> begin update half
    8.410 half: up -> stopping
    8.410 TERM half.1.1
    8.410 half@2: up -> stopping
    8.410 TERM half.2.1
> wait 100ms
    8.430 half@2: stopping -> waiting
    8.430 half@2: waiting -> preparing
    8.430 launch half.2.2
    8.430 half: stopping -> waiting
    8.430 half: waiting -> preparing
    8.430 launch half.1.2
    8.440 half@2: preparing -> starting
    8.440 half@2: starting -> up
    8.440 half: preparing -> starting
    8.440 half: starting -> up
> half@2 dies 9
    8.510 half@2: up -> backoff: killed by signal 9 (Killed)
    8.510 half: replacement failed
    8.510 half@2: backoff -> preparing
    8.510 launch half.2.3
> wait 2s
    8.520 half@2: preparing -> starting
    8.520 half@2: starting -> up
    9.440 done
> define half d3
> begin update half
   10.510 half: up -> stopping
   10.510 TERM half.1.2
   10.510 half@2: up -> stopping
   10.510 TERM half.2.3
> wait 100ms
   10.530 half@2: stopping -> waiting
   10.530 half@2: waiting -> preparing
   10.530 launch half.2.4
   10.530 half: stopping -> waiting
   10.530 half: waiting -> preparing
   10.530 launch half.1.3
   10.540 half@2: preparing -> starting
   10.540 half@2: starting -> up
   10.540 half: preparing -> starting
   10.540 half: starting -> up
> half dies 9
   10.610 half: up -> backoff: killed by signal 9 (Killed)
   10.610 half: replacement failed
   10.610 half@2: up -> backoff: killed by signal 9 (Killed)
   10.610 half: replacement failed
   10.610 failed: service 'half@2' did not stay well after it was replaced: it is backoff, killed by signal 9 (Killed)
   10.610 half: backoff -> preparing
   10.610 launch half.1.4
   10.610 half@2: backoff -> preparing
   10.610 launch half.2.5
> wait 2s
   10.620 half: preparing -> starting
   10.620 half: starting -> up
   10.620 half@2: preparing -> starting
   10.620 half@2: starting -> up
> down
   12.610 app: up -> stopping
   12.610 TERM app.1.3
   12.610 app@2: up -> stopping
   12.610 TERM app.2.3
   12.610 app@3: up -> stopping
   12.610 TERM app.3.3
   12.610 job: failed -> down
   12.610 job@2: failed -> down
   12.610 half: up -> stopping
   12.610 TERM half.1.4
   12.610 half@2: up -> stopping
   12.610 TERM half.2.5
   12.630 app@2: stopping -> down
   12.630 app@3: stopping -> down
   12.630 app: stopping -> down
   12.630 half: stopping -> down
   12.630 half@2: stopping -> down
   12.630 done
